"""The application's own settings. The framework and each plugin declare theirs."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

import yolk
from services.fields import MessageType
from services.file.kinds import EXECUTABLE


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


class FileSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Uploads and links to files."""

    image_bytes: Annotated[int, msgspec.Meta(ge=0)] = 20 * 1024**2
    """The largest size of a picture, in bytes."""
    audio_bytes: Annotated[int, msgspec.Meta(ge=0)] = 20 * 1024**2
    """The largest size of an audio file, in bytes."""
    video_bytes: Annotated[int, msgspec.Meta(ge=0)] = 500 * 1024**2
    """The largest size of a video, in bytes."""
    file_bytes: Annotated[int, msgspec.Meta(ge=0)] = 2 * 1024**3
    """The largest size of any other file, in bytes."""
    user_bytes: Annotated[int, msgspec.Meta(ge=0)] = 4 * 1024**3
    """The largest total size of one user's uploads in progress, in bytes."""
    pixels: Annotated[int, msgspec.Meta(ge=1)] = 50_000_000
    """The largest number of pixels of a picture."""
    refused_types: tuple[str, ...] = EXECUTABLE
    """Media types that may not be uploaded, such as "application/zip" or "video/*"."""
    patience: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """How long an uploading client may send nothing before the request fails, in seconds."""
    upload_expires_in: Annotated[int, msgspec.Meta(ge=1)] = 24 * 3600
    """How long an unfinished resumable upload is kept after its last piece, in seconds."""
    link_expires_in: Annotated[int, msgspec.Meta(ge=2)] = 3600
    """The minimum lifetime of a signed link, in seconds."""
    threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    """The number of uploads that a worker writes to disk at the same time."""
    picture_threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """The number of pictures that a worker decodes at the same time; a large one takes some
    200 MB of memory."""


class Settings(yolk.Settings, frozen=True, kw_only=True):
    """All settings in `config/`, except those of plugins."""

    auth: AuthSettings = AuthSettings()
    """Logins, tickets and password hashing."""
    chat: ChatSettings = ChatSettings()
    """Messages and groups."""
    files: FileSettings = FileSettings()
    """Uploads and links to files."""
