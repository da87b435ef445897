"""Pings to silent sockets, from one timer for all of them."""

from __future__ import annotations

import asyncio

from .engine import EMPTY, Engine

_SLICES = 16
"""A round is done in so many parts, so that many sockets do not stop the loop at once."""


class Heartbeat:
    """
    Finds peers that are gone without a word.

    A peer that was silent for *interval* is pinged, and aborted when it stays silent for as
    long again: it is found out within three intervals.

    Args:
        engine: whose sockets.
        interval: seconds; 0 switches heartbeats off.
    """

    def __init__(self, engine: Engine, interval: float) -> None:
        self._engine = engine
        self._pause = interval / _SLICES
        self._slice = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin, on the engine's loop."""
        if self._pause:
            self._next()

    def stop(self) -> None:
        """End."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _next(self) -> None:
        self._timer = self._engine.loop.call_later(self._pause, self._beat, context=EMPTY)

    def _beat(self) -> None:
        self._slice = (self._slice + 1) % _SLICES
        for socket in list(self._engine.sockets.values()):
            if socket.number % _SLICES == self._slice:
                socket.heartbeat()
        self._next()
