"""The tables. A model describes what is stored; the rules for it are in `services/`."""

from models.account import Account, PasswordReset
from models.administration import AuditEntry, Report, UserRole
from models.contact import Block, Preference, Privacy
from models.conversation import Conversation
from models.file import Attachment, File
from models.group import Exclusion, Group, Invitation, InvitationLink, JoinRequest, KeptMute
from models.member import Member
from models.message import Message
from models.search import SearchEntry, UserSearchKey
from models.secret import Secret
from models.session import Session
from models.user import User

__all__ = [
    "Account",
    "Attachment",
    "AuditEntry",
    "Block",
    "Conversation",
    "Exclusion",
    "File",
    "Group",
    "Invitation",
    "InvitationLink",
    "JoinRequest",
    "KeptMute",
    "Member",
    "Message",
    "PasswordReset",
    "Preference",
    "Privacy",
    "Report",
    "SearchEntry",
    "Secret",
    "Session",
    "User",
    "UserRole",
    "UserSearchKey",
]

__models__ = [
    User,
    Session,
    Conversation,
    Member,
    Message,
    Group,
    JoinRequest,
    KeptMute,
    Invitation,
    Exclusion,
    InvitationLink,
    Block,
    Preference,
    Privacy,
    SearchEntry,
    UserSearchKey,
    File,
    Attachment,
    Secret,
    Account,
    PasswordReset,
    UserRole,
    Report,
    AuditEntry,
]
