"""Conditional and range requests (RFC 9110, sections 13 and 14), and Content-Disposition."""

from __future__ import annotations

import re
from urllib.parse import quote

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)


def is_not_modified(if_none_match: str | None, etag: str) -> bool:
    """Return whether the client has the current content already."""
    if if_none_match is None:
        return False
    known = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return "*" in known or etag in known


def parse_range(
    header: str | None, if_range: str | None, etag: str, size: int
) -> tuple[int, int] | None:
    """
    Return the requested range, from its first byte up to its end (exclusive).

    Not Sanic's `ContentRangeHandler`: it refuses what RFC 9110 says to ignore, such as several
    ranges or another unit, and does not know `If-Range`.

    Args:
        header: the header `Range`. Several ranges are answered with the whole file, as is a header
            that is malformed.
        if_range: the header `If-Range`: the range only if the file is still the same.
        etag: the file's `ETag`.
        size: the size of the file in bytes.

    Returns:
        None for the whole file; an empty range if the requested one is outside of the file.
    """
    if header is None or (if_range is not None and if_range.strip() != etag):
        return None
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    return (start, end) if start < end else (0, 0)


def content_disposition(disposition: str, name: str) -> str:
    """
    Return the header `Content-Disposition` (RFC 6266), for old clients and for new ones.

    The standard library's `Message` would write `filename*` alone, which old clients ignore.

    Args:
        disposition: "inline" or "attachment".
        name: the name of the file.
    """
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", name)
    return f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
