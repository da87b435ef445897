"""The chat, with a load that a test sets: a queue that is full, or an event loop that is late."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import app
from services.load import monitor
from yolk import serve

OVERLOAD_MS = 200
NEVER_MS = 60_000
"""Otherwise: whatever else the machine does, the worker is calm."""
LOAD = Path(os.environ["YOLK_DATA"]) / "load"
"""A file that exists for as long as the load does: with "busy"; with "full", for a queue of
messages that takes no more; or with the seconds that each turn of the loop takes."""

monitor.TICK_SECONDS = 0.05
monitor.HOLD_SECONDS = 0.3


class LoadedBoot(app.Boot):
    """The life cycle of the chat, and of its load."""

    async def did_load(self) -> None:
        """Watch a queue that the test fills."""
        await super().did_load()
        self.queue = 0.0
        self.app.load.watch("test", lambda: self.queue, monitor.Level.BUSY)

    async def server_did_ready(self) -> None:
        """Begin to do what the file says."""
        self.task = asyncio.create_task(self.follow())

    async def follow(self) -> None:
        """Fill a queue, or block the loop, for as long as the file exists."""
        load: Any = self.app.load
        writer: Any = self.app.writer
        room = writer._max_waiting
        while True:
            wanted = ""
            with suppress(FileNotFoundError):
                wanted = LOAD.read_text()
            self.queue = float(wanted == "busy")
            writer._max_waiting = 0 if wanted == "full" else room
            load._overload_ms = NEVER_MS
            if wanted not in {"", "busy", "full"}:
                load._overload_ms = OVERLOAD_MS
                time.sleep(float(wanted))
            await asyncio.sleep(0.005)


chat: Any = app
chat.Boot = LoadedBoot

if __name__ == "__main__":
    serve(app.create_app)
