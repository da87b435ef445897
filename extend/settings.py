"""The application's own settings. The framework and each plugin declare theirs."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

import yolk
from services.fields import MessageType
from services.file.settings import FileSettings


class AuthSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Logins, tickets and password hashing."""

    refresh_expires_in: int = 30 * 24 * 3600
    """The lifetime of an unused login (refresh token), in seconds."""
    ticket_expires_in: int = 30
    """The lifetime of a ticket that opens a WebSocket, in seconds."""
    hash_threads: int = 2
    """The number of passwords that a worker hashes at the same time; each takes 64 MiB."""
    hash_queue: int = 64
    """The number of logins that may wait for hashing; further ones fail as temporary."""


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
    group_members: Annotated[int, msgspec.Meta(ge=2, le=5000)] = 5000
    """The largest number of members of a group."""


class Settings(yolk.Settings, frozen=True, kw_only=True):
    """All settings in `config/`, except those of plugins."""

    auth: AuthSettings = AuthSettings()
    """Logins, tickets and password hashing."""
    chat: ChatSettings = ChatSettings()
    """Messages and groups."""
    files: FileSettings = FileSettings()
    """Uploads and links to files."""
