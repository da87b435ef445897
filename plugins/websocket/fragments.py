"""A message that comes in fragments (RFC 6455, section 5.4). Rules only: no sockets."""

from __future__ import annotations

import codecs

from .frames import INVALID_DATA, MESSAGE_TOO_BIG, ProtocolError


class Fragments:
    """
    What has come so far of one message.

    Args:
        text: whether it is text, which is looked at as it comes: what can no longer become UTF-8
            ends the connection at once, not when the message ends.
        limit: bytes of the whole message.
    """

    __slots__ = ("_checked", "_limit", "_parts", "_text")

    def __init__(self, text: bool, limit: int) -> None:
        self._text = text
        self._limit = limit
        self._parts = bytearray()
        self._checked = 0

    def add(self, payload: memoryview, last: bool) -> None:
        """
        Take the next fragment.

        Raises:
            ProtocolError: the message is too big, or not UTF-8.
        """
        if len(self._parts) + len(payload) > self._limit:
            raise ProtocolError(MESSAGE_TOO_BIG, "the message is too big")
        self._parts += payload
        if self._text:
            try:
                # A character may be cut in two: what was looked at ends before it.
                _, used = codecs.utf_8_decode(self._parts[self._checked :], "strict", last)
            except UnicodeDecodeError:
                raise ProtocolError(INVALID_DATA, "not UTF-8") from None
            self._checked += used

    def whole(self) -> str | bytes:
        """Give the message, whose last fragment was added."""
        return self._parts.decode() if self._text else bytes(self._parts)
