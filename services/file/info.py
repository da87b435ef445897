"""The description of a file for clients."""

from __future__ import annotations

from typing import Literal

import msgspec
from uuid_utils.compat import UUID

from models import File

Kind = Literal["image", "audio", "video", "file"]


class FileInfo(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A file, as described in answers and in messages that carry it."""

    id: str
    url: str
    """The `data` of a message that carries it; reading it needs a token or a signature."""
    name: str
    size: int
    """Bytes."""
    type: str
    """The media type, detected from the content, such as "image/jpeg"."""
    width: int | None = None
    """Of pictures, in pixels, like `height`."""
    height: int | None = None
    blur: str | None = None
    """Of pictures: a tiny preview as a `data:` URL."""
    thumbnail: bool = False
    """Whether there is a thumbnail."""


def file_info(file: File) -> FileInfo:
    """Return the description of a file."""
    return FileInfo(
        id=str(file.id),
        url=f"/files/{file.id}",
        name=file.name,
        size=file.size,
        type=file.type,
        width=file.width,
        height=file.height,
        blur=file.blur,
        thumbnail=bool(file.thumbnail),
    )


def parse_file_id(text: str) -> UUID | None:
    """Return *text* as a file id, or None if it is not one."""
    try:
        return UUID(text)
    except ValueError:
        return None


def kind_of(info: FileInfo) -> Kind:
    """Return the type of message that shows a file; a picture that was not decoded is a "file"."""
    if info.width is not None:
        return "image"
    kind = info.type.partition("/")[0]
    if kind == "audio":
        return "audio"
    return "video" if kind == "video" else "file"
