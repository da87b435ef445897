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
_HOST = re.compile(rb"\r\nhost:", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([^\r]*?)[ \t]*(?=\r|\Z)", re.IGNORECASE)
_CODING = re.compile(rb"\r\ntransfer-encoding:[ \t]*([^\r]*?)[ \t]*(?=\r|\Z)", re.IGNORECASE)

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
    is_old = head.partition(b"\r\n")[0].endswith(b"HTTP/1.0")
    hosts = len(_HOST.findall(head))
    if hosts > 1 or (hosts == 0 and not is_old):
        return False
    lengths, codings = _LENGTH.findall(head), _CODING.findall(head)
    if len(lengths) + len(codings) > 1:
        return False
    if lengths and DECIMAL.fullmatch(lengths[0].decode("latin-1")) is None:
        return False
    return not codings or (codings[0] == b"chunked" and not is_old)
