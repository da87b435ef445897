"""What all sockets of a worker share: settings, counters, tasks, and one write a turn."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from yolk.addresses import network_of
from yolk.concurrency import create_detached_task

from .access_log import AccessLog
from .settings import WebSocketSettings

if TYPE_CHECKING:
    from .connection.connection import Connection
    from .socket import WebSocket

EMPTY = Context()
"""Context of callbacks. The caller's context would keep Sanic's Request alive as long as them."""

MIN_BACKLOG_SOCKETS = 1000
"""The least number of sockets for a share: on a small server, a few slow clients are no
overload."""


class Counters(msgspec.Struct):
    """What happened on this worker since it started."""

    opened: int = 0
    """Sockets opened."""
    slow: int = 0
    """Sockets closed with 4008."""
    silent: int = 0
    """Sockets aborted because a ping was not answered."""
    unpublished: int = 0
    """Messages that did not reach other workers, because too many waited for Redis."""
    dropped: int = 0
    """Droppable messages left out: once for a socket with a backlog, once for all workers."""


class Engine:
    """
    Resources that the sockets of a worker share.

    Args:
        worker: this worker's id, unique among all workers.
        settings: limits and timeouts of each socket.
        logger: for what handlers raise.
    """

    def __init__(self, worker: str, settings: WebSocketSettings, logger: logging.Logger) -> None:
        self.worker = worker
        self.settings = settings
        self.logger = logger
        self.counters = Counters()
        self.access_log = AccessLog()
        self.sockets: dict[int, WebSocket] = {}
        """The open sockets by number."""
        self.contexts: dict[int, Any] = {}
        """The contexts of the open sockets, by the socket's number."""
        self.addresses: Counter[str] = Counter()
        """How many of them come from an address."""
        self.unfinished = 0
        """Bytes of the messages whose ends have not come yet, as far as they are noted."""
        self.unfinished_of_users: Counter[int | None] = Counter()
        """Those of each user; None for sockets without one."""
        self.backlogged = 0
        """The number of sockets that leave much unread."""
        self.admit: Callable[[], None] = _always
        """Called before each handshake; see `WebSocketServer.shed_load`."""
        self.is_busy: Callable[[], bool] = _never
        """Returns true while droppable messages are left out."""
        self.stopping = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._discard_task = self._tasks.discard  # bound once: not another object for each task
        self._unflushed: list[Connection] = []
        self._last_number = 0

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop. Looking it up takes a system call, so it is looked up once."""
        return asyncio.get_running_loop()

    def next_number(self) -> int:
        """Return the number of a new socket, unique in this worker."""
        self._last_number += 1
        return self._last_number

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run *work* as a task of its own, which `stop` waits for."""
        task = create_detached_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._discard_task, context=EMPTY)

    def call(self, function: Callable[..., Any], what: str, *arguments: Any) -> None:
        """
        Call a plain or a coroutine function of the application; log what it raises.

        Args:
            function: to call now; a coroutine runs as a task.
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
        """Flush *socket* at the end of this turn of the loop, so that it writes once a turn."""
        if not self._unflushed:
            self.loop.call_soon(self._flush, context=EMPTY)
        self._unflushed.append(socket)

    def _flush(self) -> None:
        unflushed, self._unflushed = self._unflushed, []
        for socket in unflushed:
            socket.flush()

    def register(self, socket: WebSocket, ctx: Any) -> None:
        """Add a socket whose connection was handed over, and its context."""
        self.counters.opened += 1
        self.sockets[socket.number] = socket
        self.contexts[socket.number] = ctx
        self.addresses[network_of(ctx.request.ip)] += 1

    def unregister(self, socket: WebSocket) -> None:
        """Remove a socket whose connection is gone."""
        self.sockets.pop(socket.number, None)
        ctx = self.contexts.pop(socket.number, None)
        if ctx is not None:
            self.access_log.closed(socket, ctx)
            address = network_of(ctx.request.ip)
            self.addresses[address] -= 1
            if not self.addresses[address]:
                del self.addresses[address]

    def backlog(self) -> float:
        """Return the share of sockets that leave much unread, of at least `MIN_BACKLOG_SOCKETS`."""
        return self.backlogged / max(len(self.sockets), MIN_BACKLOG_SOCKETS)

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
        closed = [socket.closed() for socket in self.sockets.values()]
        if closed:
            await asyncio.wait(closed, timeout=timeout / 2)
        for socket in list(self.sockets.values()):
            socket.abort()
        while (tasks := self._other_tasks()) and (left := deadline - self.loop.time()) > 0:
            await asyncio.wait(tasks, timeout=left)
        stuck = self._other_tasks()
        if stuck:
            self.logger.warning("%d websocket handlers did not end in time; cancelled", len(stuck))
        for task in stuck:
            task.cancel()
        if stuck:
            await asyncio.wait(stuck, timeout=1)

    def _other_tasks(self) -> set[asyncio.Task[Any]]:
        return {task for task in self._tasks if task is not asyncio.current_task()}


def _always() -> None:
    """Admit every handshake."""


def _never() -> bool:
    """Leave nothing out."""
    return False
