"""From a token to its user."""

from __future__ import annotations

from typing import Any

import jwt

from models import User
from services import Service
from services.errors import BadToken, LoggedOut, NoSuchUser, TokenExpired


class TokensService(Service):
    """A service that verifies tokens and loads their users."""

    def verify(self, token: str | None) -> dict[str, Any]:
        """
        Return the claims of a token.

        Raises:
            TokenExpired: it has expired.
            BadToken: it is missing or invalid.
        """
        try:
            return self.ctx.check_token(token)
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except jwt.InvalidTokenError:
            raise BadToken from None

    async def load_user(self, claims: dict[str, Any], *, recent: bool = False) -> User:
        """
        Return the user of a token.

        Args:
            claims: of the token.
            recent: whether the user's row may be `USER_CACHE_SECONDS` old. Whether the session was
                revoked is read from the database in any case.

        Raises:
            NoSuchUser: the user does not exist.
            LoggedOut: the token's session was ended, or it belongs to none, and is older than the
                user's last change of the password.
        """
        users = self.ctx.app.users
        user = await (users.get_recent if recent else users.get)(claims["id"])
        if user is None:
            raise NoSuchUser
        if user.tokens_after and claims.get("sid") is None:
            issued = claims.get("iat")
            if not isinstance(issued, int | float) or issued * 1000 <= user.tokens_after:
                raise LoggedOut
        await self.ctx.service.account.sessions.check(claims)
        return user
