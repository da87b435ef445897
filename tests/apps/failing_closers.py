"""The chat, with parts that fail to close and a database that takes its time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import app
from plugins.orm import Database
from services.file.uploader import Uploader
from yolk import serve
from yolk.concurrency import PeriodicTask

write_at_once = Database.write


async def write_slowly(database: Database, work: Callable[..., Any]) -> Any:
    """Write after a second, so that messages still wait when the server stops."""
    await asyncio.sleep(1)
    return await write_at_once(database, work)


async def fail(part: object) -> None:
    """Raise, as a closer with a bug does."""
    raise RuntimeError(f"{type(part).__name__} did not close, on purpose")


def failing_cursor_writer(*arguments: Any, **options: Any) -> Any:
    """Return a batcher that fails to close."""
    batcher = make_cursor_writer(*arguments, **options)
    batcher.close = partial(fail, batcher)
    return batcher


Database.write = write_slowly  # type: ignore[method-assign, assignment]
Uploader.close = PeriodicTask.close = fail  # type: ignore[method-assign, assignment]
chat: Any = app
make_cursor_writer, chat.cursor_writer = chat.cursor_writer, failing_cursor_writer

if __name__ == "__main__":
    serve(app.create_app)
