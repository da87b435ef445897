"""Sanic's HTTP protocol with a timeout for the head of a request."""

from __future__ import annotations

import asyncio
from typing import Any

from sanic.exceptions import RequestTimeout
from sanic.http.constants import Stage
from sanic.server.protocols.http_protocol import HttpProtocol

from ..engine import EMPTY


class HeadTimeoutProtocol(HttpProtocol):
    """
    A protocol that closes a connection whose first request head does not arrive in time.

    Sanic's own timeouts restart with every byte, and a connection that sends none may stay for two
    minutes. A later head on the same connection may take twice as long as the first.
    """

    __slots__ = ("_checked_heads", "_head_timer")

    def connection_made(self, transport: Any) -> None:
        """Start the timer."""
        super().connection_made(transport)  # type: ignore[no-untyped-call]  # Sanic's
        self._checked_heads = 0
        self._start_head_timer()

    def connection_lost(self, error: Exception | None) -> None:
        """Stop the timer."""
        self.cancel_head_timer()
        super().connection_lost(error)  # type: ignore[no-untyped-call]  # Sanic's

    def cancel_head_timer(self) -> None:
        """Stop the timer: the connection is gone, or becomes a WebSocket."""
        self._head_timer.cancel()

    def _start_head_timer(self) -> None:
        timeout: float = self.app.config.websocket.head_timeout
        self._head_timer: asyncio.TimerHandle = self.loop.call_later(
            timeout, self._check_head, context=EMPTY
        )

    def _check_head(self) -> None:
        http, task = self._http, self._task
        if http is None or task is None:
            return
        heads: int = self.state["requests_count"]
        waiting = http.stage is Stage.REQUEST or (http.stage is Stage.IDLE and heads == 0)
        if waiting and heads == self._checked_heads:
            http.exception = RequestTimeout("Request Timeout")
            task.cancel()
        else:
            self._checked_heads = heads
            self._start_head_timer()
