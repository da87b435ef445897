"""The settings of uploads and links."""

from __future__ import annotations

from typing import Annotated

import msgspec

from services.file.media.detection import EXECUTABLE
from services.limits.rates import Rate


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
    user_uploads: Annotated[int, msgspec.Meta(ge=1)] = 100
    """The largest number of one user's uploads in progress."""
    upload_rate: Rate = "300/minute; 20000/day"
    """How many uploads a user may begin."""
    kept_bytes: Annotated[int, msgspec.Meta(ge=0)] = 20 * 1024**3
    """The largest total size of the files that a user keeps, in bytes."""
    kept_files: Annotated[int, msgspec.Meta(ge=0)] = 100_000
    """The largest number of files that a user keeps."""
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
    picture_processes: Annotated[int, msgspec.Meta(ge=1, le=64)] = 2
    """The number of pictures that a worker decodes at the same time, each in a process of its own,
    which is started when there is a picture, and ends a minute after the last one."""
    picture_seconds: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    """How much processor time the decoding of a picture may take, in seconds."""
    picture_memory: Annotated[int, msgspec.Meta(ge=256 * 1024**2)] = 2 * 1024**3
    """How much memory (address space) such a process may use, in bytes; a large picture takes some
    400 MB."""
