"""The removal of abandoned uploads: those of dead processes, and those that were not resumed."""

from __future__ import annotations

import time
from functools import partial

from services.errors import StorageUnavailable
from services.file.resumable import read_state
from services.file.uploader import Uploader
from yolk.concurrency import PeriodicTask

INTERVAL_SECONDS = 300.0


def upload_sweeper(uploader: Uploader) -> PeriodicTask:
    """Return the task that removes abandoned uploads, at the start and then every five minutes."""
    return PeriodicTask(
        partial(sweep, uploader),
        INTERVAL_SECONDS,
        "abandoned uploads could not be removed",
        uploader.logger,
        unavailable_errors=(StorageUnavailable, *uploader.quota.unavailable_errors),
    )


async def sweep(uploader: Uploader) -> None:
    """
    Remove all abandoned uploads, once.

    Every worker does it. The lock in each folder says which uploads are in use (see `upload.py`).
    """
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
