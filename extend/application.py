"""What `app` has in this application, for editors and mypy: Egg's `app/extend/application.js`.

The framework finds controllers and services by folder; the classes here only say so to a type
checker, and a test holds them against the folders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import yolk

if TYPE_CHECKING:
    from redis.asyncio import Redis as AsyncRedis
    from uuid_utils.compat import UUID

    from controllers.api.auth import AuthController
    from controllers.api.chat.chatwebsocket import ChatwebsocketController
    from controllers.api.chat.contact import ContactController
    from controllers.api.chat.conversation import ConversationController
    from controllers.api.chat.group import GroupController
    from controllers.api.chat.search import SearchController
    from controllers.api.file.download import DownloadController
    from controllers.api.file.tus import TusController
    from controllers.api.file.upload import UploadController
    from controllers.api.user import UserController
    from extend.settings import Settings
    from models import Session, User
    from services.auth import AuthService
    from services.cache import CacheService
    from services.contact import ContactService
    from services.content import ContentService
    from services.conversation import ConversationService
    from services.cursor import CursorService
    from services.cursors.writer import CursorWriter
    from services.database import Database
    from services.edit import EditService
    from services.file import FileService
    from services.files.intake import Intake
    from services.files.links import Links
    from services.files.resumable import Resumable
    from services.files.sweeper import Sweeper
    from services.group import GroupService
    from services.group_joining import GroupJoiningService
    from services.group_members import GroupMembersService
    from services.hooks import ChatHooks
    from services.lookup import Lookup
    from services.message import MessageService
    from services.passwords import Passwords
    from services.readers import ReadersService
    from services.recall import RecallService
    from services.references import ReferencesService
    from services.search import SearchService
    from services.searching.gate import Gate
    from services.searching.indexer import Indexer
    from services.sending.delivery import Delivery
    from services.sending.recipients import Recipients
    from services.sending.writer import MessageWriter
    from services.storage import Storage
    from services.sync import SyncService
    from services.typing import TypingService
    from services.user import UserService


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
        users: Lookup[int, User]
        sessions: Lookup[UUID, Session]
        hooks: ChatHooks
        recipients: Recipients
        delivery: Delivery
        writer: MessageWriter
        indexer: Indexer
        searches: Gate
        cursors: CursorWriter
        storage: Storage
        intake: Intake
        resumable: Resumable
        sweeper: Sweeper
        links: Links


if TYPE_CHECKING:

    class Config(Settings, frozen=True):
        """All settings: the application's, and the plugins' below their names."""

        websocket: WebSocketSettings


class Controllers(Protocol):
    """The tree below `controllers/`."""

    class _Api(Protocol):
        class _Chat(Protocol):
            chatwebsocket: type[ChatwebsocketController]
            contact: type[ContactController]
            conversation: type[ConversationController]
            search: type[SearchController]
            group: type[GroupController]

        class _File(Protocol):
            upload: type[UploadController]
            tus: type[TusController]
            download: type[DownloadController]

        auth: type[AuthController]
        user: type[UserController]
        file: _File
        chat: _Chat

    api: _Api


class Services(Protocol):
    """The tree below `services/`, bound to a context."""

    auth: AuthService
    cache: CacheService
    contact: ContactService
    content: ContentService
    conversation: ConversationService
    cursor: CursorService
    file: FileService
    group: GroupService
    group_joining: GroupJoiningService
    group_members: GroupMembersService
    message: MessageService
    readers: ReadersService
    edit: EditService
    recall: RecallService
    references: ReferencesService
    search: SearchService
    sync: SyncService
    typing: TypingService
    user: UserService
