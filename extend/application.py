"""What `app` has in this application, for editors and mypy: Egg's `app/extend/application.js`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import yolk

if TYPE_CHECKING:
    from redis.asyncio import Redis as AsyncRedis
    from uuid_utils.compat import UUID

    from extend.settings import Settings
    from extend.trees import Controllers, Services
    from models import Session, User
    from services.account.passwords import Passwords
    from services.conversation.sql.cursors import Move, Moved
    from services.database import Database
    from services.file.intake import Intake
    from services.file.links import Links
    from services.file.resumable import Resumable
    from services.file.storage import Storage
    from services.file.sweeper import Sweeper
    from services.message.batch import Draft, Stored
    from services.push.delivery import Delivery
    from services.push.hooks import ChatHooks
    from services.push.recipients import Recipients
    from services.search.indexer import Indexer
    from yolk.concurrency import BatchedLoader, Batcher, ConcurrencyLimiter


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


class Application(yolk.Application):
    """The chat."""

    if TYPE_CHECKING:
        config: Config  # type: ignore[assignment]  # Sanic's Config, which holds these too
        controller: Controllers
        service: Services
        redis: Redis
        orm: Database
        jwt: Tokens
        passwords: Passwords
        users: BatchedLoader[int, User]
        sessions: BatchedLoader[UUID, Session]
        hooks: ChatHooks
        recipients: Recipients
        delivery: Delivery
        writer: Batcher[Draft, Stored]
        indexer: Indexer
        searches: ConcurrencyLimiter
        cursors: Batcher[Move, Moved]
        storage: Storage
        intake: Intake
        resumable: Resumable
        sweeper: Sweeper
        links: Links


if TYPE_CHECKING:

    class Config(Settings, frozen=True):
        """All settings: the application's, and the plugins' below their names."""

        websocket: WebSocketSettings
