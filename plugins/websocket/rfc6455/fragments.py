"""A message in several fragments (RFC 6455, section 5.4). No I/O."""

from __future__ import annotations

import codecs

from .frames import INVALID_DATA, MESSAGE_TOO_BIG, ProtocolError


class Fragments:
    """
    The fragments received so far of one message.

    Args:
        is_text: whether it is text, which is checked as it arrives: bytes that cannot become UTF-8
            end the connection at once, not when the message ends.
        limit: bytes of the whole message.
    """

    __slots__ = ("_checked", "_data", "_is_text", "_limit")

    def __init__(self, is_text: bool, limit: int) -> None:
        self._is_text = is_text
        self._limit = limit
        self._data = bytearray()
        self._checked = 0
        """Bytes that were found to be UTF-8."""

    def __len__(self) -> int:
        return len(self._data)

    def add(self, payload: memoryview, is_last: bool) -> None:
        """
        Add the next fragment.

        Raises:
            ProtocolError: the message is too big, or not UTF-8.
        """
        if len(self._data) + len(payload) > self._limit:
            raise ProtocolError(MESSAGE_TOO_BIG, "the message is too big")
        self._data += payload
        if self._is_text:
            try:
                # A character may be cut in two: then the checked bytes end before it.
                _, used = codecs.utf_8_decode(self._data[self._checked :], "strict", is_last)
            except UnicodeDecodeError:
                raise ProtocolError(INVALID_DATA, "not UTF-8") from None
            self._checked += used

    def join(self) -> str | bytes:
        """Return the message, once its last fragment was added."""
        return self._data.decode() if self._is_text else bytes(self._data)
