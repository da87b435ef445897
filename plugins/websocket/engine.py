"""What all sockets of one worker share: its loop, its tasks, its limits, one write a turn."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from typing import TYPE_CHECKING, Any

import msgspec

from .access import AccessLog

if TYPE_CHECKING:
    from .connection import Connection
    from .rooms import Rooms
    from .socket import WebSocket

EMPTY = Context()
"""Where callbacks run: the caller's context would keep Sanic's Request alive as long as they."""


class Limits(msgspec.Struct, frozen=True):
    """How much one socket may take up, and for how long."""

    max_message_size: int
    """Bytes of one message over all of its fragments; more closes with 1009."""
    max_queued_messages: int
    """Messages that wait for their handler; reading pauses at this number."""
    max_queued_bytes: int
    """Bytes of messages that wait for their handler; reading pauses at this number."""
    write_buffer_limit: int
    """Bytes that a peer may leave unread; a send beyond closes with 4008."""
    close_timeout: float
    """Seconds for the peer to answer a close; then the connection is aborted."""
    slow_timeout: float
    """Seconds from 4008 to the abort: the close frame waits behind what is not read."""


class Counters(msgspec.Struct):
    """What happened on this worker since it started."""

    opened: int = 0
    """Sockets."""
    slow: int = 0
    """Sockets closed with 4008."""
    silent: int = 0
    """Sockets aborted because no answer came to a ping."""
    unpublished: int = 0
    """Messages that other workers did not get, because too many waited for Redis."""
    dropped: int = 0
    """What was droppable, and left out: once a socket that was behind, once for all workers."""


class Engine:
    """
    The part of a worker that its sockets lean on.

    Args:
        limits: of each socket.
        logger: for what handlers raise.
    """

    def __init__(self, limits: Limits, logger: logging.Logger) -> None:
        self.limits = limits
        self.logger = logger
        self.counters = Counters()
        self.access_log = AccessLog()
        self.rooms: Rooms
        self.loop: asyncio.AbstractEventLoop
        self.sockets: dict[int, WebSocket] = {}
        self.clients: set[Any] = set()
        self.worker = ""
        self.stopping = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._forget = self._tasks.discard  # bound once: not another object for each task
        self._written: list[Connection] = []
        self._numbers = 0

    def start(self, worker: str) -> None:
        """
        Bind to the running loop.

        Args:
            worker: this worker's id, unique among all workers.
        """
        self.loop = asyncio.get_running_loop()
        self.worker = worker

    def number(self) -> int:
        """Give the number of a new socket, unique in this worker."""
        self._numbers += 1
        return self._numbers

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run *work* as a task of its own, which is waited for when stopping."""
        task = self.loop.create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._forget, context=EMPTY)

    def call(self, function: Callable[..., Any], what: str, *arguments: Any) -> None:
        """
        Call a plain or a coroutine function of the application; what it raises is logged.

        Args:
            function: to call now; what it awaits runs as a task.
            what: names it in the log.
            arguments: for it.
        """
        try:
            result = function(*arguments)
        except Exception:  # the boundary of one hook or handler
            self.logger.exception("%s raised", what)
            return
        if result is not None and hasattr(result, "__await__"):
            self.spawn(self._finish(result, what))

    async def _finish(self, awaiting: Awaitable[Any], what: str) -> None:
        try:
            await awaiting
        except Exception:  # the boundary of one hook or handler
            self.logger.exception("%s raised", what)

    def flush_soon(self, socket: Connection) -> None:
        """Write what *socket* gathers in this turn of the loop at the turn's end, in one piece."""
        if not self._written:
            self.loop.call_soon(self._flush, context=EMPTY)
        self._written.append(socket)

    def _flush(self) -> None:
        written, self._written = self._written, []
        for socket in written:
            socket.flush()

    def joined(self, socket: WebSocket, ctx: Any) -> None:
        """Know a socket whose connection was handed over, and its context."""
        self.counters.opened += 1
        self.sockets[socket.number] = socket
        self.clients.add(ctx)
        socket.context = ctx

    def left(self, socket: WebSocket) -> None:
        """Forget a socket whose connection is gone."""
        self.access_log.closed(socket, socket.context)
        self.sockets.pop(socket.number, None)
        self.clients.discard(socket.context)
        self.rooms.drop(socket)

    async def stop(self, code: int, reason: str, timeout: float) -> None:
        """
        Close all sockets and wait for them, their chains and their close handlers.

        Args:
            code: the close code for all.
            reason: the close reason.
            timeout: seconds, after which connections are aborted and tasks cancelled.
        """
        self.stopping = True
        deadline = self.loop.time() + timeout
        for socket in list(self.sockets.values()):
            socket.close(code, reason)
        # A peer may not answer the close: leave a part of the time for our own handlers.
        gone = [self.loop.create_task(socket.closed()) for socket in self.sockets.values()]
        if gone:
            await asyncio.wait(gone, timeout=timeout / 2)
        for socket in list(self.sockets.values()):
            socket.abort()
        await self._wait_for_tasks(deadline)
        stuck = self._others()
        if stuck:
            self.logger.warning("%d websocket handlers did not end in time; cancelled", len(stuck))
        for task in stuck:
            task.cancel()
        if stuck:
            await asyncio.wait(stuck, timeout=1)

    async def _wait_for_tasks(self, deadline: float) -> None:
        while (tasks := self._others()) and (left := deadline - self.loop.time()) > 0:
            await asyncio.wait(tasks, timeout=left)

    def _others(self) -> set[asyncio.Task[Any]]:
        return {task for task in self._tasks if task is not asyncio.current_task()}
