"""JSON Web Tokens: `app.jwt` and `ctx.check_token(token)`."""

from __future__ import annotations

import warnings
from typing import Any, cast

import jwt
from yolk import Application, Plugin, StartError

from .keys import JwtSettings, load_keys
from .tokens import Tokens


class TokenContext:
    """Adds `ctx.check_token(token)`."""

    app: Application

    def check_token(self, token: str | None) -> dict[str, Any]:
        """
        Return the claims of *token*; the claim `id` is an integer.

        Raises:
            jwt.ExpiredSignatureError: the token has expired (Egg's `TokenExpiredError`).
            jwt.InvalidTokenError: the token is missing or invalid.
        """
        return cast(Tokens, self.app.jwt).verify(token)


class JwtPlugin(Plugin):
    """JSON Web Tokens (RFC 7519), compatible with Egg's `jsonwebtoken`."""

    name = "jwt"
    Settings = JwtSettings
    environment = {"JWT_SECRET": "secret"}
    context = TokenContext
    settings: JwtSettings

    def config_will_load(self) -> None:
        self.settings.check(self.app.env)

    async def did_load(self) -> None:
        try:
            keys = load_keys(self.settings, self.app.root, self.app.data_dir)
        except (OSError, ValueError) as error:
            raise StartError(f"the plugin jwt cannot read its key: {error}.") from None
        # Short secrets were accepted by `JwtSettings.check`; PyJWT would warn with every token.
        warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)
        self.app.provide("jwt", Tokens(self.settings, keys))


plugin = JwtPlugin
