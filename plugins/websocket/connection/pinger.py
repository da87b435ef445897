"""Pings to silent clients, from one timer for all sockets."""

from __future__ import annotations

import asyncio

from ..engine import EMPTY, Engine

_SLICES = 16
"""Parts in which a round is done, so that many sockets do not block the loop at once."""


class Pinger:
    """
    A timer that checks the heartbeat of every socket once per interval.

    A peer that was silent for *interval* is pinged, and aborted if it stays silent for as long
    again: a dead peer is detected within three intervals.

    Args:
        engine: of this worker.
        interval: seconds; 0 switches heartbeats off.
    """

    def __init__(self, engine: Engine, interval: float) -> None:
        self._engine = engine
        self._slice_interval = interval / _SLICES
        self._slice = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start the timer."""
        if self._slice_interval:
            self._schedule()

    def stop(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        self._timer = self._engine.loop.call_later(
            self._slice_interval, self._check_slice, context=EMPTY
        )

    def _check_slice(self) -> None:
        self._slice = (self._slice + 1) % _SLICES
        for socket in list(self._engine.sockets.values()):
            if socket.number % _SLICES == self._slice:
                socket.check_heartbeat()
        self._schedule()
