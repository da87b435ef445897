"""Repairs of Sanic's worker manager: stops, signals, and workers that died."""

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
"""The key that the main process sets among its workers' states before it asks them to stop."""

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

CHECK_SECONDS = 1.0
"""How often a worker checks whether it must stop."""

RESTART_SECONDS = 1.0
"""The least time between two starts of one worker, so that a crash loop does not use a core."""


def repair_manager(manager: Any, logger: logging.Logger) -> None:
    """
    Repair the worker manager of the main process.

    - A failed start ends the workers only. Sanic kills the whole process group, which includes
      the main process and the script that started it: nothing would be stopped in order, and the
      exit status would be lost.
    - A stop before all workers are ready takes effect. Sanic would wait for ever for workers that
      it has just stopped.
    - A signal is recorded, and handled between two polls of the workers. Sanic's handler would
      talk to the process that holds the workers' states in the middle of another exchange with
      it, and read the wrong answer.
    - A worker that died is started again. Sanic leaves the port open with no worker behind it.
    - Ctrl-C reaches workers through the main process only, not in the middle of their imports.

    Args:
        manager: Sanic's `WorkerManager` of this process, before it runs.
        logger: for the workers that died.
    """
    # Instance attributes replace methods, because Sanic creates the manager itself.
    start, shut_down, poll = manager.start, manager.shutdown, manager._poll_monitor
    all_ready, synchronise = manager._all_workers_ack, manager._sync_states
    due: dict[str, float] = {}
    asked: list[signal.Signals] = []

    def note(number: int, _: object) -> None:
        if asked or manager._shutting_down:
            _kill_processes(manager)  # the second signal: stop now
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
            process.set_state(ProcessState.FAILED, force=True)  # otherwise Sanic waits 10 s for it
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
    due[process.name] = time.monotonic() + RESTART_SECONDS
    logger.error(
        "Worker %s died (exit status %s); starting it again", process.name, process.exitcode
    )
    process.set_state(ProcessState.RESTARTING, force=True)
    process.spawn()
    with _interrupts_ignored():
        process.start()


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ignore SIGINT. A child process inherits that until it installs a handler of its own."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def note_signals() -> Callable[[], bool]:
    """
    Record SIGINT and SIGTERM during the start, instead of ending in the middle of it.

    A process that ended there would leave helper processes of multiprocessing behind, and
    tracebacks. A second signal does end it at once. Until `unblock_signals` both signals are
    blocked, and they stay blocked in helper processes that are started meanwhile: a signal to the
    whole group, as systemd sends it, must not end the helpers before the processes they serve.

    Returns:
        a function that returns whether a signal was received.
    """
    received: list[int] = []

    def note(number: int, _: object) -> None:
        if received:
            raise SystemExit(1)
        received.append(number)

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
    resource_tracker.ensure_running()  # started later, it would unblock the signals
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    return lambda: bool(received)


def unblock_signals() -> None:
    """Unblock the signals that `note_signals` has blocked."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def stop_with_main_process(app: Any) -> Callable[[], None]:
    """
    Stop this worker where no signal can do it.

    That is when it was asked to stop before its loop ran, because uvloop receives no signals until
    then; and when its main process has ended in any way, because workers would go on serving and
    keep the port.

    Args:
        app: the application, in a worker that is about to serve.

    Returns:
        a function that ends this watch, once the worker stops.
    """
    # The process that started this worker; the current parent may be another one already.
    started_by = parent_process()
    loop, parent = asyncio.get_running_loop(), started_by and started_by.pid
    timer: asyncio.TimerHandle

    def check(*, first: bool = False) -> None:
        nonlocal timer
        orphaned = os.getppid() != parent
        if orphaned:
            app.logger.error("The main process has ended; this worker stops")
        if orphaned or (first and STOPPING in app.multiplexer.state._state):
            app.stop(terminate=False)
        else:
            timer = loop.call_later(CHECK_SECONDS, check)

    def end_watch() -> None:
        timer.cancel()

    timer = loop.call_later(CHECK_SECONDS, partial(check, first=True))
    return end_watch


def repair_state_server() -> None:
    """
    Start the process that holds the workers' states at once, and end it with the main process.

    Sanic's would survive a main process that was killed, and import the application only to hold
    a dictionary.
    """
    startup.Manager = _start_state_server  # type: ignore[attr-defined]  # the name that Sanic calls


def _start_state_server() -> SyncManager:
    # A fork where that is safe: without other threads, and not on macOS.
    method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    manager = SyncManager(ctx=get_context(method))
    manager.start(_exit_with_parent)
    return manager


def _exit_with_parent() -> None:
    parent = parent_process()
    assert parent is not None  # noqa: S101 - multiprocessing has started this process

    def wait_and_exit() -> None:
        wait([parent.sentinel])
        os._exit(0)

    threading.Thread(target=wait_and_exit, daemon=True).start()
