"""From bytes that come to a file that is there: whole, checked, and stored once."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from uuid_utils.compat import UUID, uuid7

from models import File
from services.errors import FileTooLarge, StorageUnavailable, TypeRefused
from services.file.allowance import Allowance
from services.file.info import FileInfo, file_info
from services.file.media_type import HEAD_BYTES, PICTURES, detect_type
from services.file.pace import Pace
from services.file.pictures import make_small
from services.file.storage import Storage
from services.file.upload import Placing, Upload, digest_of
from yolk.concurrency import release_on_cancellation, run_to_completion

if TYPE_CHECKING:
    from services.file.settings import FileSettings

T = TypeVar("T")

WRITE = 256 * 1024
"""Bytes that are gathered before they are written."""
COUNTED = 16 * 1024 * 1024
"""Bytes that are counted in advance for an upload of unknown length."""
COUNTED_FOR = 120.0
"""Seconds for which an upload under way stays counted without a sign of life."""
RENEWED = COUNTED_FOR / 4
FINISHING = 1024 * 1024
"""What making a file of an upload costs, in bytes that come."""
CLOSED = 5.0
"""Seconds for what is just being stored when the worker stops."""


class Intake:
    """
    Takes files in, on one worker.

    Args:
        storage: where they are kept.
        allowance: who has how many bytes on the way.
        settings: what may come in.
        logger: where to say what went wrong with the storage.
    """

    def __init__(
        self,
        storage: Storage,
        allowance: Allowance,
        settings: FileSettings,
        logger: logging.Logger,
    ) -> None:
        self.storage = storage
        self.allowance = allowance
        self.settings = settings
        self.logger = logger
        self.largest = max(
            settings.image_bytes, settings.audio_bytes, settings.video_bytes, settings.file_bytes
        )
        """Bytes of a file of any type."""
        self.pace = Pace()
        self._threads = ThreadPoolExecutor(settings.threads, "uploads", _stand_back)
        self._pictures = ThreadPoolExecutor(settings.picture_threads, "pictures", _stand_back)
        self._completing: set[asyncio.Future[Any]] = set()

    async def open(self) -> Upload:
        """
        Begin a file.

        Raises:
            StorageUnavailable: the disk is full, or away.
        """
        making = self.run(Upload.make, self.storage.incoming, str(uuid7()))
        return await release_on_cancellation(making, Upload.remove)

    async def hold(self, folder: Path) -> Upload | None:
        """
        Go on with a file; None when somebody else does, or it is gone.

        Raises:
            StorageUnavailable: the disk is away.
        """
        return await release_on_cancellation(self.run(Upload.hold, folder), _let_go)

    async def fill(
        self, upload: Upload, user_id: int, chunks: AsyncIterator[bytes], length: int | None
    ) -> None:
        """
        Write what comes, as fast as the disk takes it.

        Args:
            upload: where to.
            user_id: who sends it.
            chunks: what comes.
            length: how many bytes the file will have, about, if that was said.

        Raises:
            FileTooLarge: it is more than its type may have.
            TypeRefused: it is of a type that may not come in.
            TooManyBytes: it is more than this person may have on the way.
            StorageUnavailable: the disk is full, or away.
        """
        name = upload.folder.name
        counted = min(COUNTED if length is None else length, self.largest)
        renewed = time.monotonic()
        await self.allowance.take(user_id, name, counted, COUNTED_FOR)
        limit = self.largest
        known = False
        pieces: list[bytes] = []
        waiting = 0
        async for chunk in chunks:
            pieces.append(chunk)
            waiting += len(chunk)
            if upload.size + waiting > limit:
                raise FileTooLarge
            if waiting < WRITE:
                continue
            ready = await self.run(upload.append, pieces)
            await self.pace.keep(waiting, ready)
            pieces, waiting = [], 0
            if not known and len(upload.head) >= HEAD_BYTES:
                known, limit = True, await self.limit_of(upload)
            if time.monotonic() - renewed > RENEWED or upload.size + WRITE > counted < limit:
                counted = max(counted, min(upload.size + COUNTED, self.largest))
                await self.allowance.take(user_id, name, counted, COUNTED_FOR)
                renewed = time.monotonic()
        await self.run(upload.append, pieces)

    async def limit_of(self, upload: Upload) -> int:
        """
        Give how many bytes a file may have, by what it holds.

        Raises:
            TypeRefused: it may not come in at all.
            FileTooLarge: it has more already.
        """
        kind = await self.run(detect_type, upload.head, upload.content)
        if any(fnmatchcase(kind, pattern) for pattern in self.settings.refused_types):
            raise TypeRefused
        settings = self.settings
        limits = {
            "image": settings.image_bytes if kind in PICTURES else settings.file_bytes,
            "audio": settings.audio_bytes,
            "video": settings.video_bytes,
        }
        limit = limits.get(kind.partition("/")[0], settings.file_bytes)
        if upload.size > limit:
            raise FileTooLarge
        return limit

    async def finish(self, upload: Upload, user_id: int, name: str, folder: str) -> FileInfo:
        """
        Make a file of what came: from here on it is there, or it is not.

        What broke off here before goes on where it was.

        Raises:
            FileTooLarge: it is more than its type may have.
            TypeRefused: it is of a type that may not come in.
            BadPicture: it is a picture that cannot be read.
            StorageUnavailable: the storage is full, or away.
        """
        await self.pace.keep(FINISHING, time.perf_counter())
        written = await self.run(upload.read, "placing")
        placing = (
            msgspec.json.decode(written, type=Placing) if written else await self._look(upload)
        )
        locking = self.run(share, self.storage.incoming)
        lock = await release_on_cancellation(locking, os.close)
        try:
            await self.run(upload.write, "placing", placing)
            for path, key in (
                (upload.clean, placing.hash),
                (upload.content, placing.hash),
                (upload.thumbnail, thumbnail_key(placing.hash)),
            ):
                if await self.run(path.exists):
                    await self._put(path, key)
                    if path == upload.clean:
                        await self.run(upload.content.unlink, True)
            file_id = UUID(upload.folder.name)
            row = await File.get_or_none(id=file_id)
            if row is None:
                row = await File.create(
                    id=file_id,
                    user_id=user_id,
                    name=name,
                    folder=folder,
                    thumbnail=int(placing.width is not None),
                    **msgspec.structs.asdict(placing),
                )
        finally:
            os.close(lock)
        return file_info(row)

    async def abandon(self, upload: Upload) -> None:
        """
        Leave no rest of an upload, if there still is one.

        While the storage or the database is away, the rest stays for the `Sweeper`.
        """
        try:
            await self.undo(upload)
        except Exception as error:  # noqa: BLE001 - one upload; the sweep comes back to it
            self.logger.error("an upload could not be removed: %s", error)
            await self.run(upload.let_go)

    async def undo(self, upload: Upload) -> None:
        """Remove an upload, and its content from the storage unless it is in a file."""
        # Whatever becomes of it, nobody resumes it.
        await self.run((upload.folder / "state").unlink, True)
        written = await self.run(upload.read, "placing")
        if written is not None:
            found = msgspec.json.decode(written, type=Placing)
            with alone(self.storage.incoming) as free:
                if not free:
                    await self.run(upload.let_go)
                    return
                if not await File.exists(hash=found.hash):
                    for key in (found.hash, thumbnail_key(found.hash)):
                        await self.storage.delete(key)
        await self.run(upload.remove)

    async def complete(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait until *work* is done, even when the client has gone; `close` waits for it, too."""
        task = asyncio.create_task(work)
        self._completing.add(task)
        task.add_done_callback(self._completing.discard)
        return await run_to_completion(task)

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """
        Run what blocks on the disk in a thread.

        Raises:
            StorageUnavailable: the disk is full, or away.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, work, *args)
        except OSError as error:
            self.logger.error("an upload could not be written: %s", error)
            raise StorageUnavailable from error

    async def close(self) -> None:
        """Wait for what was begun, for a while: what breaks off is swept up at the next start."""
        if self._completing:
            await asyncio.wait(self._completing, timeout=CLOSED)
        self._threads.shutdown(wait=False)
        self._pictures.shutdown(wait=False, cancel_futures=True)

    async def _look(self, upload: Upload) -> Placing:
        """Find out what came, and make of a picture what is kept of it."""
        await self.limit_of(upload)
        kind = await self.run(detect_type, upload.head, upload.content)
        if kind not in PICTURES:
            return Placing(hash=await self.run(upload.digest), size=upload.size, type=kind)
        loop = asyncio.get_running_loop()
        paths = upload.content, kind, upload.clean, upload.thumbnail, self.settings.pixels
        try:
            found = await loop.run_in_executor(self._pictures, make_small, *paths)
        except OSError as error:
            self.logger.error("a picture could not be written: %s", error)
            raise StorageUnavailable from error
        return Placing(
            hash=(await self.run(digest_of, upload.clean)).hexdigest(),
            size=await self.run(lambda: upload.clean.stat().st_size),
            type=kind,
            width=found.width,
            height=found.height,
            blur=found.blur,
        )

    async def _put(self, path: Path, key: str) -> None:
        try:
            await self.storage.put(path, key)
        except self.storage.unavailable_errors as error:
            self.logger.error("a file could not be stored: %s", error)
            raise StorageUnavailable from error


def _let_go(upload: Upload | None) -> None:
    if upload is not None:
        upload.let_go()


def _stand_back() -> None:
    """Let the thread that serves go first, where the system knows priorities of threads (Linux)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def thumbnail_key(digest: str) -> str:
    """Say under which key the small copy of a picture lies."""
    return f"{digest}.thumbnail"


def share(incoming: Path) -> int:
    """Keep contents from being removed, until the descriptor is closed: see `alone`."""
    lock = os.open(incoming / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


@contextmanager
def alone(incoming: Path) -> Iterator[bool]:
    """
    Tell whether nobody puts anything into the storage, and keep it so for the block.

    A content that no file has can then be removed: nobody else is about to make a file of it.
    """
    lock = os.open(incoming / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
    else:
        yield True
    finally:
        os.close(lock)
