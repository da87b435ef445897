"""What Sanic's worker manager lacks: it lets go of the dead and of those asked to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import wait
from multiprocessing.managers import SyncManager
from typing import Any

from sanic.exceptions import ServerKilled
from sanic.mixins import startup
from sanic.worker.constants import ProcessState
from sanic.worker.manager import MonitorCycle

STOPPING = "stopping"
"""What the main process notes among its workers' states before it asks them to stop."""

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

LOOK_INTERVAL = 1.0
"""Seconds between two looks of a worker whether it is to stop."""

RESTART_INTERVAL = 1.0
"""Seconds between two starts of one worker at the least, so that a fault costs no whole core."""


def look_after_workers(manager: Any, logger: logging.Logger) -> None:
    """
    Mend the manager of the main process.

    - A failed start ends the workers and nobody else. Sanic kills the whole process group, which
      is the main process's own and that of the script that started it: then nothing would be
      stopped in order, and the exit status lost.
    - A stop that comes before all workers are ready is obeyed. Sanic would wait for ever for those
      that it has just stopped.
    - A signal is noted, and obeyed between two looks at the workers. Sanic's handler would talk
      to the process that holds their state amid a talk with it, and take the other's answer.
    - A worker that died is started again. Sanic leaves the port open and nobody behind it.
    - Ctrl-C reaches workers through the main process only, not in the middle of their imports.

    Args:
        manager: Sanic's `WorkerManager` of this process, before it runs.
        logger: told of workers that died.
    """
    # Instance attributes in place of methods: Sanic makes the manager itself, of this class.
    start, shut_down, poll = manager.start, manager.shutdown, manager._poll_monitor
    all_ready, synchronise = manager._all_workers_ack, manager._sync_states
    due: dict[str, float] = {}
    asked: list[signal.Signals] = []

    def note(number: int, _: object) -> None:
        if asked or manager._shutting_down:
            _kill_processes(manager)  # asked twice: now
        else:
            asked.append(signal.Signals(number))

    def stopping() -> bool:
        return bool(asked) or manager._shutting_down

    def start_unless_stopping() -> None:
        if not stopping():
            with _interrupts_ignored():
                start()

    def shut_down_noted() -> None:
        manager.worker_state[STOPPING] = {}
        shut_down()

    def poll_unless_stopping() -> MonitorCycle | None:
        if asked:
            logger.info("Received %s; stopping", asked[0].name)
            manager.shutdown()
        return MonitorCycle.BREAK if stopping() else poll()

    def kill() -> None:
        _kill_processes(manager)
        for process in manager.processes:
            process.set_state(ProcessState.FAILED, force=True)  # else Sanic waits 10 s for it
        raise ServerKilled

    def ready_or_stopping() -> bool:
        return stopping() or all_ready()

    def synchronise_and_revive() -> None:
        synchronise()
        for process in manager.transient_processes:
            if _died(process) and not stopping():
                _revive(process, due, logger)

    manager.start = start_unless_stopping
    manager.shutdown = shut_down_noted
    manager.kill = kill
    manager._poll_monitor = poll_unless_stopping
    manager._all_workers_ack = ready_or_stopping
    manager._sync_states = synchronise_and_revive
    for number in STOP_SIGNALS:
        signal.signal(number, note)


def _kill_processes(manager: Any) -> None:
    for process in manager.processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def _died(process: Any) -> bool:
    restarting = process.state is ProcessState.RESTARTING
    return not restarting and not process.is_alive()


def _revive(process: Any, due: dict[str, float], logger: logging.Logger) -> None:
    if time.monotonic() < due.get(process.name, 0):
        return
    due[process.name] = time.monotonic() + RESTART_INTERVAL
    logger.error(
        "Worker %s died (exit status %s); starting it again", process.name, process.exitcode
    )
    process.set_state(ProcessState.RESTARTING, force=True)
    process.spawn()
    with _interrupts_ignored():
        process.start()


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ignore SIGINT, which a process that is started inherits until it has a handler of its own."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def note_signals() -> Callable[[], bool]:
    """
    Note SIGINT and SIGTERM until somebody handles them, instead of ending amid the start.

    Ended there, a process leaves helpers of multiprocessing behind, and tracebacks. A second
    signal does end it at once. Until `hear_signals` they are held back altogether, and so for
    good in the helpers that are started meanwhile: a signal to the whole group, as systemd sends
    it, must not end them before the processes that they help.

    Returns:
        what tells whether one has come.
    """
    noted: list[int] = []

    def note(number: int, _: object) -> None:
        if noted:
            raise SystemExit(1)
        noted.append(number)

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
    resource_tracker.ensure_running()  # which, started later, would let signals in again
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    return lambda: bool(noted)


def hear_signals() -> None:
    """Take what was held back since `note_signals`, and what comes."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def leave_when_told(app: Any) -> Callable[[], None]:
    """
    Stop this worker when signals cannot tell it to.

    That is when it was asked to stop before its loop ran, since uvloop hears no signals until
    then; and when its main process is gone, however that ended: workers would serve on and hold
    the port, with nobody to stop them.

    Args:
        app: the application, in a worker that is about to serve.

    Returns:
        what ends this, once the worker stops.
    """
    # Who started it: who is its parent by now may be another one already.
    started_by = parent_process()
    loop, parent = asyncio.get_running_loop(), started_by and started_by.pid
    next_look: asyncio.TimerHandle

    def look(*, first: bool = False) -> None:
        nonlocal next_look
        orphaned = os.getppid() != parent
        if orphaned:
            app.logger.error("The main process is gone; this worker stops")
        if orphaned or (first and STOPPING in app.multiplexer.state._state):
            app.stop(terminate=False)
        else:
            next_look = loop.call_later(LOOK_INTERVAL, look)

    def stop_looking() -> None:
        next_look.cancel()

    next_look = loop.call_later(LOOK_INTERVAL, partial(look, first=True))
    return stop_looking


def mend_state_server() -> None:
    """
    Let the process that holds the workers' states end with the main process, and begin at once.

    Sanic's would outlive a main process that was killed; and it would import the application
    anew, only to hold a dictionary.
    """
    startup.Manager = _start_state_server  # type: ignore[attr-defined]  # Sanic calls it by this name


def _start_state_server() -> SyncManager:
    # A copy of this process where that is safe: without other threads, and not on macOS.
    method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    manager = SyncManager(ctx=get_context(method))
    manager.start(_leave_with_parent)
    return manager


def _leave_with_parent() -> None:
    parent = parent_process()
    assert parent is not None  # noqa: S101 - multiprocessing has started this process

    def leave() -> None:
        wait([parent.sentinel])
        os._exit(0)

    threading.Thread(target=leave, daemon=True).start()
