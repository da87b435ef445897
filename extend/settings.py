"""The application's own settings. The framework and each plugin declare theirs."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

import yolk
from services.account.old_passwords import Scheme
from services.fields import MessageType
from services.file.settings import FileSettings
from services.limits.login_limiter import LoginLimits
from services.limits.rates import OneRate, Rate
from services.retention.settings import RetentionSettings

ColumnName = Annotated[str, msgspec.Meta(pattern="^[A-Za-z_][A-Za-z0-9_]{0,62}$")]


class AuthSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Logins, tickets and password hashing."""

    refresh_expires_in: int = 30 * 24 * 3600
    """The lifetime of an unused login (refresh token), in seconds."""
    ticket_expires_in: int = 30
    """The lifetime of a ticket that opens a WebSocket, in seconds."""
    reset_expires_in: int = 3600
    """The lifetime of a one-time token that sets a new password, in seconds."""
    reset_url: str = ""
    """The address of your page that sets a new password, with `{token}` in it; mails contain it.
    Empty for mails that contain only the token."""
    email_column: ColumnName | None = None
    """The column of the `user` table with the address of each user, for mails that reset
    passwords."""
    hash_threads: int = 2
    """The number of passwords that a worker hashes at the same time; each takes 64 MiB."""
    hash_queue: int = 64
    """The number of logins that may wait for hashing; further ones fail as temporary."""
    password_scheme: Scheme = "argon2"  # noqa: S105 - the name of a scheme
    """How another application hashed the passwords in an existing `user` table: "bcrypt", or "md5",
    "sha1", "sha256", "sha512" in hexadecimal, or the same with "hmac-" before it. After the first
    login a password is stored with argon2."""
    password_salt: str = ""
    """A text that the other application added to every password, or its key of the HMAC."""
    password_salt_first: bool = True
    """Whether the other application put salts before the password, or after it."""
    password_salt_column: ColumnName | None = None
    """The column of the `user` table with each user's own salt; None if there is none, or if it is
    part of the stored password: `salt$hash`, `salt:hash`, `hash$salt` or `hash:salt`."""
    password_upgrade: bool = True
    """Whether passwords of the other application are stored with argon2 after the first login. Set
    it to False while the other application still checks passwords itself."""
    proof_of_work: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    """The largest number of keys that a client has to derive before it registers an account; half
    of it is the smallest. A browser derives some thousands a second. 0 asks for none."""
    limits: LoginLimits = LoginLimits()
    """How often users and addresses may try to log in and register."""


class ChatLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often one user may do what costs others something; an empty text is no limit."""

    send: OneRate = "20000/10 seconds"
    """Messages of one user on one worker."""
    frames: OneRate = "50000/10 seconds"
    """Frames of one user on one worker; more closes the socket with 4013."""
    frame_bytes: OneRate = "134217728/10 seconds"
    """Bytes of these frames, likewise."""
    group: Rate = "200/hour"
    """Groups that one user creates."""
    members: Rate = "10000/hour"
    """Users that one user adds to groups; many in one request count as many."""
    invitation: Rate = "500/hour; 2000/day"
    """Users that one user invites to groups who do not know them, and invitation links."""
    strangers: OneRate = "100/hour"
    """Users to whom one user writes for the first time, and who never wrote to them."""
    stranger_messages: OneRate = "50000/hour"
    """Messages of one user to users who never wrote to them, on one worker."""
    typing: OneRate = "300/minute"
    """Typing indicators of one user on one worker."""
    presence: OneRate = "50000/minute"
    """Users whose presence one user asks for, on one worker."""
    search: Rate = "300/minute"
    """Searches of one user, for messages and for users."""


class ChatSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Messages and groups."""

    batch: int = 256
    """The largest number of messages that are stored in one commit."""
    recall_within: int = 120
    """How long after sending a message can be recalled, in seconds."""
    edit_within: int = 15 * 60
    """How long after sending a text message can be edited, in seconds."""
    strangers: Literal["nothing", "one", "freely"] = "freely"
    """Whether users receive messages from strangers, which are users that they have never written
    to: "nothing", "one" message until they answer, or "freely". Each user can override it."""
    queue: int = 10_000
    """The number of messages that may wait for a commit in one worker; further ones fail as
    temporary."""
    extra_types: tuple[MessageType, ...] = ()
    """Message types that are accepted beside those of the protocol. Their content is not
    checked."""
    user_sockets: Annotated[int, msgspec.Meta(ge=1)] = 50
    """The largest number of open sockets of one user on all workers together."""
    address_sockets: Annotated[int, msgspec.Meta(ge=1)] = 10_000
    """The largest number of open sockets from one address on one worker. Many users may share an
    address."""
    watched_users: Annotated[int, msgspec.Meta(ge=1)] = 5000
    """The largest number of users whose presence one socket watches."""
    group_members: Annotated[int, msgspec.Meta(ge=2, le=5000)] = 5000
    """The largest number of members of a group."""
    overload_ms: Annotated[int, msgspec.Meta(ge=0)] = 1000
    """The lateness of a worker's event loop, in milliseconds, at which the worker counts as
    overloaded and refuses new sockets and logins. At half of it the worker counts as busy: typing
    is not shown, and presence and receipts wait. 0: neither ever happens."""
    limits: ChatLimits = ChatLimits()
    """How often one user may do what costs others something."""
    reports_per_day: Annotated[int, msgspec.Meta(ge=1)] = 50
    """The largest number of reports that a user can send in 24 hours."""


class Settings(yolk.Settings, frozen=True, kw_only=True):
    """All settings in `config/`, except those of plugins."""

    auth: AuthSettings = AuthSettings()
    """Logins, tickets and password hashing."""
    chat: ChatSettings = ChatSettings()
    """Messages and groups."""
    files: FileSettings = FileSettings()
    """Uploads and links to files."""
    retention: RetentionSettings = RetentionSettings()
    """The ages at which data is deleted."""
