"""The application's own settings, beside the framework's and the plugins'."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

import yolk
from services.fields import Kind
from services.file.kinds import EXECUTABLE


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
    extra_types: tuple[Kind, ...] = ()
    """Types of messages that pass beside those of the protocol, with whatever they hold."""
    group_members: Annotated[int, msgspec.Meta(ge=2, le=5000)] = 5000
    """How many members a group has at most."""


class FileSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be uploaded, and for how long it is waited for."""

    image_bytes: Annotated[int, msgspec.Meta(ge=0)] = 20 * 1024**2
    """Bytes of a picture."""
    audio_bytes: Annotated[int, msgspec.Meta(ge=0)] = 20 * 1024**2
    """Bytes of a sound."""
    video_bytes: Annotated[int, msgspec.Meta(ge=0)] = 500 * 1024**2
    """Bytes of a video."""
    file_bytes: Annotated[int, msgspec.Meta(ge=0)] = 2 * 1024**3
    """Bytes of anything else."""
    user_bytes: Annotated[int, msgspec.Meta(ge=0)] = 4 * 1024**3
    """Bytes of one person that may be on the way at a time."""
    pixels: Annotated[int, msgspec.Meta(ge=1)] = 50_000_000
    """How many a picture may have."""
    refused_types: tuple[str, ...] = EXECUTABLE
    """Types that may not be uploaded, such as "application/zip" or "video/*"."""
    patience: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """Seconds for which a client that uploads may send nothing."""
    upload_expires_in: Annotated[int, msgspec.Meta(ge=1)] = 24 * 3600
    """How long a resumable upload waits for its next piece, in seconds."""
    link_expires_in: Annotated[int, msgspec.Meta(ge=2)] = 3600
    """How long a link is good at least, in seconds."""
    threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    """How many uploads each worker writes to the disk at a time."""
    picture_threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """How many pictures each worker reads at a time; a large one takes some 200 MB meanwhile."""


class Settings(yolk.Settings, frozen=True, kw_only=True):
    """Everything that `config/` may set, but for the plugins' settings."""

    auth: AuthSettings = AuthSettings()
    chat: ChatSettings = ChatSettings()
    files: FileSettings = FileSettings()
