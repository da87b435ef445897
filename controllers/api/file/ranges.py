"""Which part of a file is asked for (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from urllib.parse import quote

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)


def is_known(if_none_match: str | None, tag: str) -> bool:
    """Tell whether who asks has what there is."""
    if if_none_match is None:
        return False
    known = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return "*" in known or tag in known


def asked_for(
    wanted: str | None, if_range: str | None, tag: str, size: int
) -> tuple[int, int] | None:
    """
    Give the part that is asked for, from its first byte to before its end.

    Args:
        wanted: the header `Range`. Several ranges at once are answered with the whole, as is what
            cannot be read.
        if_range: the header `If-Range`: a part only of what who asks has begun with.
        tag: the file's `ETag`.
        size: its bytes.

    Returns:
        None for the whole; an empty part where there is nothing of what is asked for.
    """
    if wanted is None or (if_range is not None and if_range.strip() != tag):
        return None
    found = _RANGE.fullmatch(wanted.replace(" ", ""))
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


def disposition(kind: str, name: str) -> str:
    """
    Give the header `Content-Disposition` (RFC 6266), for old clients and for new ones.

    Args:
        kind: "inline" or "attachment".
        name: of the file, in any characters.
    """
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
