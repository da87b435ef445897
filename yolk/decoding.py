"""Decoding of JSON from clients: everything that is wrong with it raises the same error."""

from __future__ import annotations

import re
from typing import Any, Protocol

import msgspec

NUL = "a text holds the character U+0000"
"""Why a text is refused: PostgreSQL cannot store it."""

_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_ESCAPED_NUL_BYTES = re.compile(_ESCAPED_NUL.pattern.encode())
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


class NotJson(ValueError):
    """What a client sent is not JSON, not of the type that it should be, or nested too deeply."""


class Decoder(Protocol):
    """A decoder of msgspec."""

    def decode(self, data: str | bytes | msgspec.Raw, /) -> Any:
        """Decode *data*."""


def decode_json(data: str | bytes | msgspec.Raw, decoder: Decoder = msgspec.json) -> Any:
    """
    Decode the JSON of a client.

    Args:
        data: what the client sent.
        decoder: for the expected type.

    Raises:
        NotJson: it is not JSON, not of that type, or nested too deeply.
    """
    try:
        return decoder.decode(data)
    except RecursionError:
        raise NotJson("JSON is nested too deeply") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotJson(str(error)) from None


def holds_nul(data: str | bytes) -> bool:
    """Return whether a text in JSON holds the character U+0000, which JSON can only escape."""
    if isinstance(data, str):
        return "\\u0000" in data and _ESCAPED_NUL.search(data) is not None
    return b"\\u0000" in data and _ESCAPED_NUL_BYTES.search(data) is not None


def is_nested_deeper(text: str, limit: int) -> bool:
    """Return whether a JSON text has more than *limit* arrays and objects around a value."""
    if text.count("[") + text.count("{") <= limit:
        return False
    depth = 0
    for token in _BRACKET.finditer(text):
        bracket = token[0]
        if bracket in "[{":
            depth += 1
            if depth > limit:
                return True
        elif bracket in "]}":
            depth -= 1
    return False
