"""What uploads left behind: those of processes that died, and those that nobody resumed."""

from __future__ import annotations

import asyncio
import time

from services.file.intake import Intake
from services.file.resumable import read_state

INTERVAL = 300.0
"""Seconds between two sweeps."""


class Sweeper:
    """
    Sweeps the folder of incoming files, at the start and now and then.

    Every worker does: a lock says which uploads are somebody's.

    Args:
        intake: whose folder it is.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def sweep(self) -> None:
        """Remove every upload that is nobody's, once."""
        intake = self._intake
        for folder in await intake.run(lambda: sorted(intake.storage.incoming.iterdir())):
            if folder.name.startswith("."):
                continue
            state = await intake.run(read_state, folder)
            if state is not None and state.expire_time > time.time():
                continue
            upload = await intake.hold(folder)
            if upload is not None:
                if state is not None:
                    await intake.allowance.give_back(state.user_id, folder.name)
                await intake.abandon(upload)

    async def _run(self) -> None:
        while True:
            try:
                await self.sweep()
            except Exception as error:  # noqa: BLE001 - one sweep
                self._intake.logger.error("leftovers of uploads could not be removed: %s", error)
            await asyncio.sleep(INTERVAL)
