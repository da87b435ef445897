"""Threads for functions that block on the disk."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from services.errors import StorageUnavailable
from yolk.concurrency import run_to_completion

T = TypeVar("T")

THREAD_NICENESS = 10
"""The priority of the threads, below that of the event loop (0)."""


class DiskThreads:
    """
    A pool of threads with a low priority, so that messages stay fast.

    Args:
        threads: their number.
        logger: for errors of the disk.
    """

    def __init__(self, threads: int, logger: logging.Logger) -> None:
        self._executor = ThreadPoolExecutor(threads, "uploads", _lower_thread_priority)
        self._logger = logger

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """
        Run a function in a thread, to completion even if the caller is cancelled.

        So there is never more than one thread at work on an upload.

        Raises:
            StorageUnavailable: the disk is full or unavailable.
        """
        loop = asyncio.get_running_loop()
        try:
            return await run_to_completion(loop.run_in_executor(self._executor, work, *args))
        except OSError as error:
            self._logger.error("an upload could not be written: %s", error)
            raise StorageUnavailable from error

    def close(self) -> None:
        """End the threads; what they are doing now is completed."""
        self._executor.shutdown(wait=False)


def _lower_thread_priority() -> None:
    """Lower the priority of this thread, where threads have one (Linux)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), THREAD_NICENESS)
