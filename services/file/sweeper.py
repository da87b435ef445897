"""The removal of abandoned uploads: those of dead processes, and those that were not resumed."""

from __future__ import annotations

import asyncio
import time

from services.file.resumable import read_state
from services.file.uploader import Uploader

INTERVAL_SECONDS = 300.0
"""The time between two sweeps."""


class Sweeper:
    """
    A sweeper of abandoned uploads, at the start and then periodically.

    Every worker has one. The lock in each folder says which uploads are in use (see `upload.py`).

    Args:
        uploader: the uploader of this worker.
    """

    def __init__(self, uploader: Uploader) -> None:
        self._uploader = uploader
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start sweeping."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop sweeping."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def sweep(self) -> None:
        """Remove all abandoned uploads, once."""
        uploader = self._uploader
        for folder in await uploader.run(lambda: sorted(uploader.storage.incoming.iterdir())):
            if folder.name.startswith("."):
                continue
            state = await uploader.run(read_state, folder)
            if state is not None and state.expire_time > time.time():
                continue
            upload = await uploader.open(folder)
            if upload is not None:
                if state is not None:
                    await uploader.quota.release(state.user_id, folder.name)
                await uploader.discard(upload)

    async def _run(self) -> None:
        while True:
            try:
                await self.sweep()
            except Exception as error:  # noqa: BLE001 - one sweep
                self._uploader.logger.error("abandoned uploads could not be removed: %s", error)
            await asyncio.sleep(INTERVAL_SECONDS)
