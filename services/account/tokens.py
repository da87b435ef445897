"""Verifying tokens, and loading their users."""

from __future__ import annotations

from typing import Any

import jwt

from models import User
from services import Service
from services.account.standing import token_refusal
from services.errors import BadToken, NoSuchUser, OtherUser, TokenExpired, UserDisabled


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
        refusal = token_refusal(claims, user)
        if refusal is not None:
            raise refusal
        await self.ctx.service.account.sessions.check(claims)
        return user

    async def replace(self, token: str) -> int | None:
        """
        Replace the token of this socket.

        Returns:
            how long the new one is good, in seconds; None for ever.

        Raises:
            OtherUser: it is another user's.
            Disconnected: it is not good; the socket keeps the one that it has.
        """
        ctx, socket = self.ctx, self.ctx.websocket
        claims = self.verify(token)
        if claims["id"] != ctx.claims["id"]:
            raise OtherUser
        earlier, socket.session = getattr(socket, "session", None), claims.get("sid")
        try:
            # Only now, because from here on a logout of the new session finds this socket.
            user = await self.load_user(claims)
            if not user.status:
                raise UserDisabled
        except BaseException:
            socket.session = earlier
            ctx.app.socket_checker.check_all()  # a logout of the earlier one missed this socket
            raise
        ctx.claims, ctx.user = claims, user
        ctx.app.token_expiry.renewed(ctx)
        return ctx.app.token_expiry.seconds_left(claims)
