"""The types of `app` in this application: Egg's `app/extend/application.js`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import yolk

if TYPE_CHECKING:
    from app import Parts
    from extend.settings import Settings
    from extend.trees import Controllers, Services
    from services.database import Database
    from services.file.storage import Storage
    from services.push.hooks import ChatHooks
    from services.redis import Redis
else:
    Parts = object


class Tokens(Protocol):
    """`app.jwt`, from the plugin `jwt`."""

    @property
    def expires_in(self) -> int:
        """The lifetime of a new token, in seconds."""

    def sign(self, claims: dict[str, Any], expires_in: int | None = None) -> str:
        """Return a new token."""

    def verify(self, token: str | None) -> dict[str, Any]:
        """Return the claims of a token; raises PyJWT's errors."""

    def expires_at(self, claims: Mapping[str, Any]) -> float | None:
        """Return when a token expires, in seconds since 1970; None for never."""


class WebSocket(yolk.WebSocket, Protocol):
    """A WebSocket of the chat."""

    session: str | None
    """The login whose token opened it."""
    rank: int
    """The number of its user's sockets on all workers when it was registered, itself included."""


class WebSocketSettings(Protocol):
    """The settings of the plugin `websocket` that the application reads."""

    heartbeat: float
    max_message_size: int


class Application(yolk.Application, Parts):
    """The chat application. It also has the parts that a worker starts: see `Parts` in app.py."""

    if TYPE_CHECKING:
        config: Config  # type: ignore[assignment]  # Sanic's Config has these, too
        controller: Controllers
        service: Services
        redis: Redis
        orm: Database
        jwt: Tokens
        hooks: ChatHooks
        storage: Storage


if TYPE_CHECKING:

    class Config(Settings, frozen=True):
        """All settings: the application's, and the plugins' below their names."""

        websocket: WebSocketSettings
