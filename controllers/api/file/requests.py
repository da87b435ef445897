"""What is asked about files."""

from __future__ import annotations

from typing import Annotated

import msgspec

FileId = Annotated[str, msgspec.Meta(max_length=36)]


class Form(msgspec.Struct):
    """A form with a file."""

    file: Annotated[
        bytes,
        msgspec.Meta(
            extra_json_schema={
                "contentEncoding": "binary",
                "description": "With the header `filename`; the field may have any name.",
            }
        ),
    ]


class Which(msgspec.Struct):
    """Files by their ids."""

    ids: Annotated[list[FileId], msgspec.Meta(min_length=1, max_length=100)]


class Reading(msgspec.Struct):
    """How to read a file, and by whose leave."""

    download: str | None = None
    """Anything but "" and "0": as a file to keep, even where a browser could show it."""
    expires: str | None = None
    """Of a link: when it ends, in seconds since 1970."""
    signature: str | None = None
    """Of a link, in place of a token."""
