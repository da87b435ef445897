"""What clients see of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

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


COLUMNS = ("id", "name", "size", "type", "width", "height", "blur", "thumbnail")
"""What `file_info` needs of the table `file`."""


def file_info(row: Mapping[str, Any]) -> FileInfo:
    """Show a row of the table `file`, as a database gives it."""
    return FileInfo(
        id=str(row["id"]),
        url=f"/files/{row['id']}",
        name=row["name"],
        size=row["size"],
        type=row["type"],
        width=row["width"],
        height=row["height"],
        blur=row["blur"],
        thumbnail=bool(row["thumbnail"]),
    )


def kind_of(info: FileInfo) -> Kind:
    """Tell as what type of message a file can be shown; a picture that was not read is none."""
    if info.width is not None:
        return "image"
    kind = info.type.partition("/")[0]
    if kind == "audio":
        return "audio"
    return "video" if kind == "video" else "file"
