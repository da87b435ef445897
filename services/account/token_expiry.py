"""Warns sockets before their token expires, and closes them when it does."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from services.errors import TokenExpired
from services.push.delivery import encode_push

if TYPE_CHECKING:
    from services import Context

WARNING_SECONDS = 60.0
"""How long before its expiry a socket is warned."""
SCAN_SECONDS = 5.0
"""How often all sockets are looked through for tokens that expire soon."""

_EMPTY = contextvars.Context()
"""Context of the timer: that of a caller would keep its request alive."""


class TokenExpiry:
    """
    One timer for the tokens of all sockets.

    Only sockets whose token expires within a minute are kept here, so that nothing is added to the
    memory of the others.

    Args:
        contexts: of the open sockets of this worker; it changes with them.
        expires_at: returns when a token expires, in seconds since 1970; None for never.
    """

    def __init__(
        self,
        contexts: Collection[Context],
        expires_at: Callable[[Mapping[str, Any]], float | None],
    ) -> None:
        self._contexts = contexts
        self._expires_at = expires_at
        self._due: list[tuple[float, int, Context, float]] = []
        """A heap: when something is due, a number, the socket, and when its token expires."""
        self._numbers = itertools.count()
        self._noted: dict[str, float] = {}
        """The sockets in the heap, by id: when the token expires."""
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._next_scan = 0.0

    def start(self) -> None:
        """Start the timer."""
        self._next_scan = time.time() + SCAN_SECONDS
        self._arm()

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due.clear()

    def connected(self, ctx: Context) -> None:
        """Watch the token of a new socket. If it expires within a minute, warn at once."""
        self._note(ctx, 1.0)

    def renewed(self, ctx: Context) -> None:
        """Watch the new token of a socket. If it is short-lived, warn after half of its life."""
        self._note(ctx, 0.5)

    def seconds_left(self, claims: Mapping[str, Any]) -> int | None:
        """Return how long a token is good, in seconds; None for ever."""
        expires = self._expires_at(claims)
        return None if expires is None else max(0, round(expires - time.time()))

    def _note(self, ctx: Context, share: float) -> None:
        expires = self._expires_at(ctx.claims)
        if expires is None or self._noted.get(ctx.websocket.id) == expires:
            return
        now = time.time()
        left = expires - now
        if left > WARNING_SECONDS + SCAN_SECONDS * 2:
            return
        self._noted[ctx.websocket.id] = expires
        self._put(expires - min(WARNING_SECONDS, max(0.0, left) * share), ctx, expires)

    def _put(self, due: float, ctx: Context, expires: float) -> None:
        heapq.heappush(self._due, (due, next(self._numbers), ctx, expires))
        if self._timer is not None and due < self._timer_at:
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = min(self._next_scan, self._due[0][0] if self._due else self._next_scan)
        loop = asyncio.get_running_loop()
        delay = max(0.0, self._timer_at - time.time())
        self._timer = loop.call_later(delay, self._fire, context=_EMPTY)

    def _fire(self) -> None:
        now = time.time()
        # Also after the clock was set back.
        if now >= self._next_scan or self._next_scan > now + SCAN_SECONDS:
            self._next_scan = now + SCAN_SECONDS
            for ctx in list(self._contexts):
                if ctx.websocket.user_id is not None:
                    self._note(ctx, 1.0)
        while self._due and self._due[0][0] <= now:
            _, _, ctx, expires = heapq.heappop(self._due)
            self._handle(ctx, expires, now)
        self._arm()

    def _handle(self, ctx: Context, expires: float, now: float) -> None:
        """Warn a socket, or close it; do nothing if it is closed or has another token."""
        socket = ctx.websocket
        if not socket.open or self._expires_at(ctx.claims) != expires:
            if self._noted.get(socket.id) == expires:
                del self._noted[socket.id]
        elif now >= expires:
            self._noted.pop(socket.id, None)
            ctx.disconnect(TokenExpired())
        else:
            socket.send(encode_push("token", {"expires_in": max(1, round(expires - now))}))
            self._put(expires, ctx, expires)
