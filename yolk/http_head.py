"""Which heads of requests are well-formed (RFC 9112). No I/O."""

from __future__ import annotations

import re

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_HEAD = re.compile(
    _TOKEN
    + rb" (?:/|\*|https?://)[\x21-\x7e]* HTTP/1\.[01]"
    + rb"(?:\r\n"
    + _TOKEN
    + rb":[\t\x20-\x7e\x80-\xff]*)*"
)

DECIMAL = re.compile(r"[0-9]{1,18}")
HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{1,15}")


def is_well_formed(head: bytes) -> bool:
    """
    Return whether a head may be parsed.

    Whatever two programs could read differently is refused: control characters, a blank before a
    colon, two lengths, a length that is no decimal number. So is what a log should not contain.

    Args:
        head: the lines of the request, without the empty one at the end.
    """
    if _HEAD.fullmatch(head) is None:
        return False
    lower = head.lower()
    is_old = lower.partition(b"\r\n")[0].endswith(b"http/1.0")
    hosts = lower.count(b"\r\nhost:")
    if hosts > 1 or (hosts == 0 and not is_old):
        return False
    codings = lower.count(b"\r\ntransfer-encoding:")
    bodies = lower.count(b"\r\ncontent-length:") + codings
    if bodies > 1:
        return False
    if codings:
        return not is_old and _value(head, lower, b"\r\ntransfer-encoding:") == "chunked"
    if bodies:
        return DECIMAL.fullmatch(_value(head, lower, b"\r\ncontent-length:")) is not None
    return True


def _value(head: bytes, lower: bytes, start: bytes) -> str:
    """Return the value of the only header of a name."""
    at = lower.index(start) + len(start)
    return head[at:].partition(b"\r\n")[0].strip(b" \t").decode("latin-1")
