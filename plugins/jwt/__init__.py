"""Tokens: `app.jwt`, and `ctx.check_token(token)`."""

from __future__ import annotations

import warnings
from typing import Any, cast

import jwt
from yolk import Application, Plugin, StartError

from .keys import JwtSettings, load_keys
from .tokens import Tokens


class TokenContext:
    """What every `ctx` gets from this plugin."""

    app: Application

    def check_token(self, token: str | None) -> dict[str, Any]:
        """
        Give the claims of *token*, among them `id`, an integer.

        Raises:
            jwt.ExpiredSignatureError: it was good once (Egg's `TokenExpiredError`).
            jwt.InvalidTokenError: there is none, or it is none of ours.
        """
        return cast(Tokens, self.app.jwt).verify(token)


class JwtPlugin(Plugin):
    """Signs and checks JSON Web Tokens (RFC 7519) as Egg's `jsonwebtoken` does."""

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
        # The settings have decided about short secrets; PyJWT's warning would only repeat it.
        warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)
        self.app.provide("jwt", Tokens(self.settings, keys))


plugin = JwtPlugin
