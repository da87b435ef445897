"""The trees of controllers and services for type checkers, written by `python -m yolk types`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from controllers.api.account import AccountController
    from controllers.api.admin.accounts import AccountsController
    from controllers.api.admin.audit import AuditController
    from controllers.api.admin.groups import GroupsController
    from controllers.api.admin.messages import MessagesController
    from controllers.api.admin.reports import ReportsController
    from controllers.api.auth import AuthController
    from controllers.api.chat.chatwebsocket import ChatwebsocketController
    from controllers.api.chat.contact import ContactController
    from controllers.api.chat.conversation import ConversationController
    from controllers.api.chat.group import GroupController
    from controllers.api.chat.search import SearchController
    from controllers.api.file.download import DownloadController
    from controllers.api.file.tus import TusController
    from controllers.api.file.upload import UploadController
    from controllers.api.report import ReportController
    from controllers.api.user import UserController
    from services.account.account import AccountService
    from services.account.deletion import DeletionService
    from services.account.export import ExportService
    from services.account.logins import LoginsService
    from services.account.profile import ProfileService
    from services.account.recovery import RecoveryService
    from services.account.sessions import SessionsService
    from services.account.tickets import TicketsService
    from services.account.tokens import TokensService
    from services.account.users import UsersService
    from services.admin.accounts import AccountsService
    from services.admin.audit import AuditService
    from services.admin.groups import GroupsService
    from services.admin.messages import MessagesService
    from services.admin.reports import ReportsService
    from services.admin.roles import RolesService
    from services.cache import CacheService
    from services.contact.contact import ContactService
    from services.conversation.conversation import ConversationService
    from services.conversation.cursors import CursorsService
    from services.conversation.history import HistoryService
    from services.conversation.readers import ReadersService
    from services.conversation.sync import SyncService
    from services.file.file import FileService
    from services.group.bans import BansService
    from services.group.group import GroupService
    from services.group.invitations import InvitationsService
    from services.group.joining import JoiningService
    from services.group.links import LinksService
    from services.group.members import MembersService
    from services.message.message import MessageService
    from services.push.presence import PresenceService
    from services.push.typing_indicator import TypingIndicatorService
    from services.report.report import ReportService
    from services.search.search import SearchService

    class Controllers(Protocol):
        """The tree below `controllers/`."""

        class _Api(Protocol):
            class _Admin(Protocol):
                accounts: type[AccountsController]
                audit: type[AuditController]
                groups: type[GroupsController]
                messages: type[MessagesController]
                reports: type[ReportsController]

            class _Chat(Protocol):
                chatwebsocket: type[ChatwebsocketController]
                contact: type[ContactController]
                conversation: type[ConversationController]
                group: type[GroupController]
                search: type[SearchController]

            class _File(Protocol):
                download: type[DownloadController]
                tus: type[TusController]
                upload: type[UploadController]

            account: type[AccountController]
            admin: _Admin
            auth: type[AuthController]
            chat: _Chat
            file: _File
            report: type[ReportController]
            user: type[UserController]

        api: _Api

    class Services(Protocol):
        """The tree below `services/`."""

        class _Account(AccountService):
            deletion: DeletionService
            export: ExportService
            logins: LoginsService
            profile: ProfileService
            recovery: RecoveryService
            sessions: SessionsService
            tickets: TicketsService
            tokens: TokensService
            users: UsersService

        class _Admin(Protocol):
            accounts: AccountsService
            audit: AuditService
            groups: GroupsService
            messages: MessagesService
            reports: ReportsService
            roles: RolesService

        class _Conversation(ConversationService):
            cursors: CursorsService
            history: HistoryService
            readers: ReadersService
            sync: SyncService

        class _Group(GroupService):
            bans: BansService
            invitations: InvitationsService
            joining: JoiningService
            links: LinksService
            members: MembersService

        class _Push(Protocol):
            presence: PresenceService
            typing_indicator: TypingIndicatorService

        account: _Account
        admin: _Admin
        cache: CacheService
        contact: ContactService
        conversation: _Conversation
        file: FileService
        group: _Group
        message: MessageService
        push: _Push
        report: ReportService
        search: SearchService
