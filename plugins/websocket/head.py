"""Sanic's HTTP protocol, with an end to the wait for the head of a request."""

from __future__ import annotations

import asyncio
from typing import Any

from sanic.exceptions import RequestTimeout
from sanic.http.constants import Stage
from sanic.server.protocols.http_protocol import HttpProtocol

from .engine import EMPTY


class HeadProtocol(HttpProtocol):
    """
    Closes a connection that does not bring the head of its first request in time.

    Sanic's own timeouts begin anew with every byte, and a connection that brings none may stay for
    two minutes. A later head on the same connection may take twice as long as the first.
    """

    __slots__ = ("_before", "_head_timer")

    def connection_made(self, transport: Any) -> None:
        """Begin to wait."""
        super().connection_made(transport)  # type: ignore[no-untyped-call]  # Sanic's
        self._before = 0
        self._wait_for_head()

    def connection_lost(self, error: Exception | None) -> None:
        """End."""
        self.forget_head()
        super().connection_lost(error)  # type: ignore[no-untyped-call]  # Sanic's

    def forget_head(self) -> None:
        """Wait no longer: the connection is gone, or becomes a WebSocket."""
        self._head_timer.cancel()

    def _wait_for_head(self) -> None:
        timeout: float = self.app.config.websocket.head_timeout
        self._head_timer: asyncio.TimerHandle = self.loop.call_later(
            timeout, self._look, context=EMPTY
        )

    def _look(self) -> None:
        http, task = self._http, self._task
        if http is None or task is None:
            return
        heads: int = self.state["requests_count"]
        waiting = http.stage is Stage.REQUEST or (http.stage is Stage.IDLE and heads == 0)
        if waiting and heads == self._before:
            http.exception = RequestTimeout("Request Timeout")
            task.cancel()
        else:
            self._before = heads
            self._wait_for_head()
