"""Encoding and decoding of the frames of RFC 6455. No I/O and no state."""

from __future__ import annotations

import struct
from typing import Any

import msgspec

NORMAL = 1000
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
NO_STATUS = 1005
"""Stands for a close frame without a code (section 7.4.1). Never sent."""
ABNORMAL = 1006
"""Stands for a connection that ended without a close frame (section 7.4.1). Never sent."""
INVALID_DATA = 1007
MESSAGE_TOO_BIG = 1009
INTERNAL_ERROR = 1011

PING = b"\x89\x00"

MAX_REASON = 123
"""Bytes of a close reason: the payload of a control frame without the code (section 5.5)."""

_TEXT = 0x81
_BINARY = 0x82
_CLOSE = 0x88
_PING = 0x89
_PONG = 0x8A
_SHORT = 126
_MEDIUM = 65536

_encode_json = msgspec.json.Encoder().encode
_medium_head = struct.Struct(">BBH").pack
_long_head = struct.Struct(">BBQ").pack

_REGISTERED = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})
_PRIVATE = range(3000, 5000)


class ProtocolError(Exception):
    """
    The peer broke RFC 6455; the connection ends with *code*.

    Args:
        code: 1002, 1007 or 1009.
        reason: a few English words.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def encode(data: str | bytes) -> bytes:
    """Return the one frame of a message, text or binary by its type (section 5.6)."""
    return _frame(_TEXT, data.encode()) if isinstance(data, str) else _frame(_BINARY, bytes(data))


def encode_json(data: Any) -> bytes:
    """Return the frame of a text message that is *data* as JSON."""
    return _frame(_TEXT, _encode_json(data))


def decode(frame: bytes) -> str | bytes:
    """Return the message of a frame that `encode` made."""
    length = frame[1]
    start = 2 if length < _SHORT else 4 if length == _SHORT else 10
    payload = frame[start:]
    return payload.decode() if frame[0] == _TEXT else payload


def ping(payload: bytes) -> bytes:
    """Return a ping; its pong will carry *payload* (section 5.5.2)."""
    return _frame(_PING, payload)


def pong(payload: bytes) -> bytes:
    """Return the pong that answers a ping with its own payload (section 5.5.3)."""
    return _frame(_PONG, payload)


def close(code: int, reason: str = "") -> bytes:
    """
    Return a close frame (section 5.5.1).

    Args:
        code: one that may be sent, or `NO_STATUS` for a frame that has none.
        reason: truncated to the last whole character within 123 bytes.
    """
    if code == NO_STATUS:
        return _frame(_CLOSE, b"")
    encoded = reason.encode(errors="replace")
    if len(encoded) > MAX_REASON:
        encoded = encoded[:MAX_REASON].decode(errors="ignore").encode()
    return _frame(_CLOSE, code.to_bytes(2, "big") + encoded)


def read_close(payload: bytes) -> tuple[int, str]:
    """
    Parse the code and the reason of a close frame (sections 5.5.1 and 7.4).

    Raises:
        ProtocolError: a single byte, a code that must not be on the wire, or a reason that is
            not UTF-8.
    """
    if not payload:
        return NO_STATUS, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not may_be_sent(code):
        raise ProtocolError(PROTOCOL_ERROR, "invalid close code")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError:
        raise ProtocolError(INVALID_DATA, "the close reason is not UTF-8") from None


def may_be_sent(code: int) -> bool:
    """Return whether *code* may stand in a close frame (section 7.4 and the IANA registry)."""
    return code in _REGISTERED or code in _PRIVATE


def check_code(code: int) -> None:
    """
    Check a close code of the application.

    Raises:
        ValueError: it must not stand in a close frame.
    """
    if not may_be_sent(code):
        raise ValueError(f"{code} is no close code that may be sent.")


def _frame(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < _SHORT:
        return bytes((first, size)) + payload
    if size < _MEDIUM:
        return _medium_head(first, 126, size) + payload
    return _long_head(first, 127, size) + payload
