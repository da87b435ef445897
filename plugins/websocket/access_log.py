"""Lines about sockets in Sanic's access log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sanic.log import access_logger

if TYPE_CHECKING:
    from .socket import WebSocket


class AccessLog:
    """
    A writer of two lines for each socket: when it is opened and when it is closed.

    The path is written without the query, which holds secrets. A socket that was opened while the
    log was off costs nothing.
    """

    def __init__(self) -> None:
        self._opened: dict[int, float] = {}

    def opened(self, socket: WebSocket, ctx: Any) -> None:
        """Write that *socket* was opened; `closed` will write how it ended."""
        self._opened[socket.number] = time.monotonic()
        _write(socket, ctx, "opened", 101, 0, 0.0)

    def closed(self, socket: WebSocket, ctx: Any) -> None:
        """Write how *socket* was closed: code, reason, seconds, frames received and sent."""
        since = self._opened.pop(socket.number, None)
        if since is None:
            return
        code, reason = socket.protocol.close_code, socket.protocol.close_reason
        # The reason is the client's: escaped, so that it cannot add a line of its own.
        event = f"closed {reason!a}" if reason else "closed"
        traffic = f"{socket.received}/{socket.sent}"
        _write(socket, ctx, event, code, traffic, time.monotonic() - since)


def _write(
    socket: WebSocket, ctx: Any, event: str, status: int, traffic: int | str, seconds: float
) -> None:
    """
    Write a line, in the fields of Sanic's formatters.

    Args:
        socket: the socket.
        ctx: its context.
        event: what happened.
        status: an HTTP status or a close code.
        traffic: frames received and sent, where Sanic has the bytes of an answer.
        seconds: how long it was open.
    """
    extra = {
        "host": ctx.request.ip,
        "request": f"WS {ctx.request.path} {socket.id} {event}",
        "status": status,
        "byte": traffic,
        "duration": f" {seconds:.3f}s" if seconds else "",
    }
    access_logger.info("", extra=extra)
