"""The requests about files."""

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


class FileIds(msgspec.Struct):
    """The ids of files."""

    ids: Annotated[list[FileId], msgspec.Meta(min_length=1, max_length=100)]


class ReadOptions(msgspec.Struct):
    """The query of a request for a file."""

    download: str | None = None
    """Anything but "" and "0": to be saved, even if a browser could show it."""
    expires: str | None = None
    """Of a signed link: its expiry, in seconds since 1970."""
    signature: str | None = None
    """Of a signed link, in place of a token."""
