"""What `app` has in this application, for editors and mypy: Egg's `app/extend/application.js`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import yolk

if TYPE_CHECKING:
    from redis.asyncio import Redis as AsyncRedis

    from app import Parts
    from extend.settings import Settings
    from extend.trees import Controllers, Services
    from services.database import Database
    from services.file.storage import Storage
    from services.push.hooks import ChatHooks
else:
    Parts = object


class Tokens(Protocol):
    """What the plugin `jwt` puts on the application."""

    @property
    def expires_in(self) -> int:
        """How long a new token is good, in seconds."""

    def sign(self, claims: dict[str, Any], expires_in: int | None = None) -> str:
        """Make a token."""

    def verify(self, token: str | None) -> dict[str, Any]:
        """Give the claims of a token; raises PyJWT's errors."""


if TYPE_CHECKING:

    class Redis(AsyncRedis):
        """What the plugin `redis` puts on the application."""

        unavailable_errors: tuple[type[BaseException], ...]


class WebSocket(yolk.WebSocket, Protocol):
    """A socket of the chat."""

    session: str | None
    """The login whose token opened it."""


class WebSocketSettings(Protocol):
    """What the plugin `websocket` was told."""

    heartbeat: float
    max_message_size: int


class Application(yolk.Application, Parts):
    """The chat. What a worker starts is on it too: see `Parts` in `app.py`."""

    if TYPE_CHECKING:
        config: Config  # type: ignore[assignment]  # Sanic's Config, which holds these too
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
