"""Forms, with bounds, so that parsing one never holds the loop for long."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from yolk.errors import UNREADABLE, ApiError

if TYPE_CHECKING:
    from sanic import Request as SanicRequest

MAX_FIELDS = 200
"""Fields of a form, and parts of a multipart form."""
SMALL_BYTES = 64 * 1024
"""Bytes up to which a form is parsed in the usual, slow way. A multipart form cannot be larger."""

_INVALID_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def read_form(request: SanicRequest, kind: str, boundary: str) -> dict[str, str]:
    """
    Return the fields of a form, each with its first value.

    Args:
        request: its body was read.
        kind: the media type of the body.
        boundary: of a multipart form.

    Raises:
        ApiError: it has too many fields or bytes.
    """
    if kind == "application/x-www-form-urlencoded":
        return parse_form(request.body)
    _check_multipart(request.body, boundary)
    return {name: str(values[0]) for name, values in (request.form or {}).items()}


def parse_form(body: bytes) -> dict[str, str]:
    """
    Return the fields of a form, each with its first value.

    Raises:
        ApiError: there are too many fields, or a large form has an invalid escape.
    """
    if body.count(b"&") >= MAX_FIELDS:
        raise ApiError(UNREADABLE, f"A form has at most {MAX_FIELDS} fields")
    if len(body) <= SMALL_BYTES:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        return dict(reversed(pairs))
    fields: dict[str, str] = {}
    for pair in body.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name:
            fields.setdefault(_unquote(name), _unquote(value))
    return fields


def _unquote(data: bytes) -> str:
    """Decode percent-escapes in C: for 4 MiB, the standard library takes a second."""
    if _INVALID_ESCAPE.search(data):
        raise ApiError(UNREADABLE, "A form has an invalid escape")
    data = data.replace(b"+", b" ").replace(b"\\", b"%5C").replace(b"%", rb"\x")
    return data.decode("unicode_escape").encode("latin-1").decode("utf-8", "replace")


def _check_multipart(body: bytes, boundary: str) -> None:
    if len(body) > SMALL_BYTES:
        raise ApiError(UNREADABLE, f"A multipart form has at most {SMALL_BYTES} bytes", status=413)
    if not boundary or body.count(boundary.encode("latin-1", "replace")) > MAX_FIELDS:
        raise ApiError(UNREADABLE, f"A multipart form has at most {MAX_FIELDS} parts")
