"""
The rules of RFC 6455 for one connection of a server, without any I/O.

`receive` turns frames into events; `close` returns the frame to write. Reading, writing and
waiting are the connection's.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Protocol

from picows import WSMsgType

from . import frames
from .fragments import Fragments
from .frames import ProtocolError

_TEXT = WSMsgType.TEXT
_BINARY = WSMsgType.BINARY
_CONTINUATION = WSMsgType.CONTINUATION
_CLOSE = WSMsgType.CLOSE
_PING = WSMsgType.PING


class State(IntEnum):
    """The state of a connection (RFC 6455, section 7.1)."""

    OPEN = 0
    CLOSING = 1
    CLOSED = 2


OPEN, CLOSING, CLOSED = State


class Frame(Protocol):
    """A received frame, such as picows', whose opcode, mask, lengths and form were checked."""

    @property
    def msg_type(self) -> WSMsgType:
        """The opcode."""

    @property
    def fin(self) -> bool:
        """Whether it is the last one of its message."""

    @property
    def rsv1(self) -> bool:
        """The first reserved bit."""

    @property
    def rsv2(self) -> bool:
        """The second reserved bit."""

    @property
    def rsv3(self) -> bool:
        """The third reserved bit."""

    def get_payload_as_bytes(self) -> bytes:
        """Return a copy of the payload."""

    def get_payload_as_memoryview(self) -> memoryview:
        """Return the payload, which is valid until the next frame."""

    def get_payload_as_utf8_text(self) -> str:
        """Decode the payload, or raise UnicodeDecodeError."""


class Ping(NamedTuple):
    """The peer sent a ping; a pong with its payload has to be sent."""

    payload: bytes


class Pong(NamedTuple):
    """The peer sent a pong."""

    payload: bytes


class CloseReceived(NamedTuple):
    """The peer sent a close frame, which begins the closing handshake or answers ours."""

    code: int
    reason: str


Event = str | bytes | Ping | Pong | CloseReceived | None
"""A message, a control frame, or nothing yet."""

_OURS_ANSWERED = CloseReceived(frames.NO_STATUS, "")


class WebSocketProtocol:
    """
    The protocol's state of one connection.

    Args:
        max_message_size: bytes of one message over all of its fragments.
    """

    __slots__ = ("_fragments", "_max_message_size", "close_code", "close_reason", "state")

    def __init__(self, max_message_size: int) -> None:
        self.state = OPEN
        self.close_code = frames.ABNORMAL
        """The code of the close frame that came first, or 1006 without one."""
        self.close_reason = ""
        self._max_message_size = max_message_size
        self._fragments: Fragments | None = None

    @property
    def unfinished(self) -> int:
        """Bytes of the fragments that wait for the end of their message."""
        return 0 if self._fragments is None else len(self._fragments)

    def receive(self, frame: Frame) -> Event:
        """
        Return what *frame* completes.

        Raises:
            ProtocolError: the peer broke the protocol; close with the error's code.
        """
        kind = frame.msg_type
        if self.state is not OPEN:
            return _OURS_ANSWERED if kind is _CLOSE and self.state is CLOSING else None
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise ProtocolError(frames.PROTOCOL_ERROR, "reserved bits are set")
        if kind is _TEXT and frame.fin and self._fragments is None:
            try:
                return frame.get_payload_as_utf8_text()
            except UnicodeDecodeError:
                raise ProtocolError(frames.INVALID_DATA, "not UTF-8") from None
        if kind is _TEXT or kind is _BINARY or kind is _CONTINUATION:
            return self._assemble(kind, frame)
        payload = frame.get_payload_as_bytes()
        if kind is _CLOSE:
            return CloseReceived(*frames.read_close(payload))
        return Ping(payload) if kind is _PING else Pong(payload)

    def _assemble(self, kind: WSMsgType, frame: Frame) -> str | bytes | None:
        """Join fragments (section 5.4); control frames may have come in between."""
        fragments = self._fragments
        if kind is _CONTINUATION:
            if fragments is None:
                raise ProtocolError(frames.PROTOCOL_ERROR, "there is nothing to continue")
        elif fragments is not None:
            raise ProtocolError(frames.PROTOCOL_ERROR, "a message begins within another")
        elif frame.fin:
            return frame.get_payload_as_bytes()
        else:
            fragments = self._fragments = Fragments(kind is _TEXT, self._max_message_size)
        fragments.add(frame.get_payload_as_memoryview(), bool(frame.fin))
        if not frame.fin:
            return None
        self._fragments = None
        return fragments.join()

    def close(self, code: int, reason: str) -> bytes:
        """Begin the closing handshake (section 7.1.2), and return the close frame to write."""
        self.state = CLOSING
        self.close_code = code
        self.close_reason = reason
        self._fragments = None
        return frames.close(code, reason)

    def answer_close(self, received: CloseReceived) -> bytes:
        """Return the close frame that answers the peer's, with the same code (section 5.5.1)."""
        frame = self.close(received.code, "")
        self.close_reason = received.reason
        return frame

    def connection_lost(self) -> None:
        """Record that the connection is gone."""
        self.state = CLOSED
        self._fragments = None
