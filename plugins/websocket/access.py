"""Lines about sockets in Sanic's access log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sanic.log import access_logger

if TYPE_CHECKING:
    from .socket import WebSocket


class AccessLog:
    """
    Writes when a socket was opened and when it was closed.

    The path stands there without the query, which has secrets. A socket that was opened while the
    log was off costs nothing.
    """

    def __init__(self) -> None:
        self._opened: dict[int, float] = {}

    def opened(self, socket: WebSocket, ctx: Any) -> None:
        """Write that *socket* was opened; its close will be written too."""
        self._opened[socket.number] = time.monotonic()
        _write(socket, ctx, "opened", 101, 0, 0.0)

    def closed(self, socket: WebSocket, ctx: Any) -> None:
        """Write how *socket* ended: code, reason, seconds, and frames in and out."""
        since = self._opened.pop(socket.number, None)
        if since is None:
            return
        # The reason is the client's: written so that it stays one line, and cannot look like one.
        story = f"closed {socket.close_reason!a}" if socket.close_reason else "closed"
        traffic = f"{socket.received}/{socket.written}"
        _write(socket, ctx, story, socket.close_code, traffic, time.monotonic() - since)


def _write(
    socket: WebSocket, ctx: Any, story: str, status: int, traffic: int | str, seconds: float
) -> None:
    """
    Write a line, in the fields that Sanic's formatters show.

    Args:
        socket: whose.
        ctx: its context.
        story: what happened.
        status: an HTTP status or a close code.
        traffic: frames in and out, where Sanic has the bytes of an answer.
        seconds: how long it was open.
    """
    extra = {
        "host": ctx.request.ip,
        "request": f"WS {ctx.request.path} {socket.id} {story}",
        "status": status,
        "byte": traffic,
        "duration": f" {seconds:.3f}s" if seconds else "",
    }
    access_logger.info("", extra=extra)
