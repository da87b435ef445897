"""The application's own settings, beside the framework's and the plugins'."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

import yolk


class AuthSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may log in, and for how long."""

    refresh_expires_in: int = 30 * 24 * 3600
    """How long a login lasts without being used, in seconds."""
    ticket_expires_in: int = 30
    """How long a ticket for a socket is good, in seconds."""
    hash_threads: int = 2
    """How many passwords are hashed at a time; each takes 64 MiB."""
    hash_queue: int = 64
    """How many wait for that; the next one is told to come back."""


class ChatSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How messages are stored, and for how long they can be taken back."""

    batch: int = 256
    """How many messages one commit takes at most."""
    recall_within: int = 120
    """How long a message can be taken back, in seconds."""
    edit_within: int = 15 * 60
    """How long the text of a message can be changed, in seconds."""
    strangers: Literal["nothing", "one", "freely"] = "freely"
    """What people who decided nothing take from those they never wrote to: "one" message until
    they answer, for example."""
    queue: int = 10_000
    """How many may wait for a commit on one worker; the next one fails as temporary."""
    group_members: Annotated[int, msgspec.Meta(ge=2, le=5000)] = 5000
    """How many members a group has at most."""


class Settings(yolk.Settings, frozen=True, kw_only=True):
    """Everything that `config/` may set, but for the plugins' settings."""

    auth: AuthSettings = AuthSettings()
    chat: ChatSettings = ChatSettings()
