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
        self._due: list[tuple[float, int, Context]] = []
        """A heap: when something is due, the number of the entry, and the socket."""
        self._numbers = itertools.count()
        self._current: dict[str, int] = {}
        """The sockets in the heap, by id: the number of the entry that counts."""
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
        self._watch(ctx, 1.0)

    def renewed(self, ctx: Context) -> None:
        """Watch the new token of a socket. If it is short-lived, warn after half of its life."""
        self._current.pop(ctx.websocket.id, None)
        self._watch(ctx, 0.5)

    def seconds_left(self, claims: Mapping[str, Any]) -> int | None:
        """Return how long a token is good, in seconds; None for ever."""
        expires = self._expires_at(claims)
        return None if expires is None else max(0, round(expires - time.time()))

    def _watch(self, ctx: Context, share: float) -> None:
        """Plan a socket's warning, if its token expires soon: in the last *share* of its life."""
        expires = self._expires_at(ctx.claims)
        if expires is None or ctx.websocket.id in self._current:
            return
        left = expires - time.time()
        if left <= WARNING_SECONDS + SCAN_SECONDS * 2:
            self._put(expires - min(WARNING_SECONDS, max(0.0, left) * share), ctx)

    def _put(self, due: float, ctx: Context) -> None:
        number = self._current[ctx.websocket.id] = next(self._numbers)
        heapq.heappush(self._due, (due, number, ctx))
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
        try:
            # Also after the clock was set back.
            if now >= self._next_scan or self._next_scan > now + SCAN_SECONDS:
                self._next_scan = now + SCAN_SECONDS
                self._scan()
            while self._due and self._due[0][0] <= now:
                _, number, ctx = heapq.heappop(self._due)
                if self._current.get(ctx.websocket.id) == number:
                    del self._current[ctx.websocket.id]
                    self._handle(ctx, now)
        finally:
            self._arm()

    def _scan(self) -> None:
        for ctx in list(self._contexts):
            # A route of a plugin may register sockets that have no token.
            if ctx.websocket.user_id is not None and hasattr(ctx, "claims"):
                self._watch(ctx, 1.0)

    def _handle(self, ctx: Context, now: float) -> None:
        """Warn a socket, or close it."""
        expires = self._expires_at(ctx.claims)
        if expires is None or not ctx.websocket.open:
            return
        if now >= expires:
            ctx.disconnect(TokenExpired())
        else:
            left = max(1, round(expires - now))
            ctx.websocket.send(encode_push("token", {"expires_in": left}))
            self._put(expires, ctx)
