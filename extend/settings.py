"""The application's own settings, beside the framework's and the plugins'."""

from __future__ import annotations

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
    queue: int = 10_000
    """How many may wait for a commit on one worker; the next one fails as temporary."""


class Settings(yolk.Settings, frozen=True, kw_only=True):
    """Everything that `config/` may set, but for the plugins' settings."""

    auth: AuthSettings = AuthSettings()
    chat: ChatSettings = ChatSettings()
