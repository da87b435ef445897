"""The heartbeat of one connection: which ping is due, and what a pong proves. No I/O."""

from __future__ import annotations

from yolk import Label

from ..rfc6455 import frames

MAX_LABELS = 1000
"""Unconfirmed labels of one connection; of more, the oldest are forgotten."""

_UNKNOWN = -1
_WITHOUT_NUMBER = -1


class Heartbeat:
    """
    The pings of one connection, and the labels that their pongs prove to have arrived.

    A peer that sent nothing since the last check is pinged; if it sends nothing until the next
    one, it is dead. While labels are unconfirmed, a peer that talks is pinged, too: the pong
    carries how many frames had been sent before the ping, and all of these have arrived.
    """

    __slots__ = ("_labels", "_ping", "_received")

    def __init__(self) -> None:
        self._received = _UNKNOWN
        """How many frames had been received at the last check."""
        self._ping: int | None = None
        """How many frames had been sent before the unanswered ping, or `_WITHOUT_NUMBER`."""
        self._labels: list[tuple[int, Label]] | None = None
        """The unconfirmed labels, each with the number of its frame."""

    def add_label(self, number: int, label: Label) -> None:
        """Add the label of the frame that was sent as the one of this *number*."""
        if self._labels is None:
            self._labels = []
        elif len(self._labels) == MAX_LABELS:
            del self._labels[0]
        self._labels.append((number, label))

    def check(self, received: int, sent: int) -> bytes | None:
        """
        Return the ping that is due, or None.

        Args:
            received: how many frames the connection has received.
            sent: how many it has sent.

        Raises:
            TimeoutError: the peer was silent and did not answer the last ping.
        """
        is_silent, self._received = received == self._received, received
        if is_silent and self._ping is not None:
            raise TimeoutError("the ping was not answered")
        if self._labels:
            self._ping = sent
            return frames.ping(sent.to_bytes(8, "big"))
        if is_silent:
            self._ping = _WITHOUT_NUMBER
            return frames.PING
        if self._ping == _WITHOUT_NUMBER:
            self._ping = None
        return None

    def skip(self) -> None:
        """Skip a check while nothing is read: the pong would not be read, either."""
        self._received = _UNKNOWN
        self._ping = None

    def restart(self) -> None:
        """Count the silence from now on: until now nothing was read."""
        self._received = _UNKNOWN

    def pong(self, payload: bytes) -> list[Label]:
        """Return the labels that a pong with *payload* proves to have arrived."""
        ping = self._ping
        if ping is None or ping == _WITHOUT_NUMBER or payload != ping.to_bytes(8, "big"):
            return []
        self._ping = None
        labels = self._labels or []
        arrived = [label for number, label in labels if number <= ping]
        self._labels = labels[len(arrived) :] or None
        return arrived
