"""What clients see of a file."""

from __future__ import annotations

from typing import Literal

import msgspec
from uuid_utils.compat import UUID

from models import File

Kind = Literal["image", "audio", "video", "file"]


class FileInfo(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A file, as it stands in answers and in the messages that carry it."""

    id: str
    url: str
    """What goes into the `data` of a message; it opens with a token or a signature only."""
    name: str
    size: int
    """Bytes."""
    type: str
    """Found from the content, such as "image/jpeg"."""
    width: int | None = None
    """Of pictures, in pixels, as `height`."""
    height: int | None = None
    blur: str | None = None
    """Of pictures: a tiny one as a `data:` address."""
    thumbnail: bool = False
    """Whether there is a small copy of the picture."""


def file_info(file: File) -> FileInfo:
    """Show a file of the database."""
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
    """Return the id that *text* is, or None if it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def kind_of(info: FileInfo) -> Kind:
    """Tell as what type of message a file can be shown; a picture that was not read is none."""
    if info.width is not None:
        return "image"
    kind = info.type.partition("/")[0]
    if kind == "audio":
        return "audio"
    return "video" if kind == "video" else "file"
