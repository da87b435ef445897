"""Decoding of JSON from clients: everything that is wrong with it raises the same error."""

from __future__ import annotations

import re
from typing import Any, Protocol

import msgspec

NUL = "a text holds the character U+0000"
"""Why a text is refused: PostgreSQL cannot store it."""

SMALL_BYTES = 64 * 1024
"""Bytes of JSON that may consist of any values: decoding them takes a few milliseconds."""
MAX_TEXTS = 100_000
"""Quotes in JSON beyond `SMALL_BYTES`: 20,000 conversations with their cursors have 40,000."""
MAX_BRACKETS = 20_000
"""Arrays and objects in it."""

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
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


def check_breadth(data: bytes) -> None:
    """
    Check that a large JSON object does not consist of too many values, each of which costs time.

    Brackets in a text that is a value of the object do not count.

    Raises:
        NotJson: there are too many.
    """
    if len(data) <= SMALL_BYTES:
        return
    # Quotes within a text are escaped, so most others begin or end one.
    texts = data.count(b'"') - data.count(b'\\"')
    if texts <= MAX_TEXTS:
        if _brackets(data) <= MAX_BRACKETS:
            return
        try:
            values = _OBJECT.decode(data).values()
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return  # whoever decodes it says what is wrong
        found = [bytes(value) for value in values]
        if sum(_brackets(one) for one in found if not one.startswith(b'"')) <= MAX_BRACKETS:
            return
    raise NotJson("JSON has too many values")


def _brackets(data: bytes) -> int:
    return data.count(b"[") + data.count(b"{")


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
