"""The steps of an upload, from its first bytes to the stored file."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Coroutine
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from uuid_utils.compat import UUID, uuid7

from models import File
from services.errors import FileTooLarge, StorageUnavailable, TypeRefused
from services.file.disk_threads import DiskThreads
from services.file.info import FileInfo, file_info
from services.file.media.decoder import Job, PictureDecoder
from services.file.media.detection import HEAD_BYTES, PICTURES, detect_type
from services.file.quota import FileSpace, UploadQuota
from services.file.storage import Storage
from services.file.throttle import UploadThrottle
from services.file.upload import (
    PendingFile,
    Upload,
    digest_of,
    lock_storage_exclusive,
    lock_storage_shared,
)
from services.load.monitor import LoadMonitor
from yolk.concurrency import release_on_cancellation, run_to_completion

if TYPE_CHECKING:
    from services.file.settings import FileSettings

T = TypeVar("T")

WRITE_BYTES = 256 * 1024
"""The number of bytes that are buffered for one write."""
RESERVED_BYTES = 16 * 1024 * 1024
"""The number of bytes that are reserved in advance for an upload of unknown length."""
RESERVATION_SECONDS = 120.0
"""The lifetime of the reservation of an upload in progress."""
RENEWAL_SECONDS = RESERVATION_SECONDS / 4
"""How often the reservation is renewed."""
FINISH_COST_BYTES = 1024 * 1024
"""What storing a file counts for the throttle: many small files cost more than their bytes."""
CLOSE_SECONDS = 5.0
"""How long a worker that stops waits for files that are being stored."""


class Uploader:
    """
    Receives uploads on one worker: writes them, checks them, and makes files of them.

    `receive` does all of it for an upload in one request. `ResumableUploads` calls the steps.

    Args:
        storage: the storage for complete files.
        quota: the limit on unfinished uploads.
        space: the limit on kept files.
        settings: sizes, types and threads.
        load: of this worker.
        logger: for errors of the storage.
    """

    def __init__(
        self,
        storage: Storage,
        quota: UploadQuota,
        space: FileSpace,
        settings: FileSettings,
        load: LoadMonitor,
        logger: logging.Logger,
    ) -> None:
        self.storage = storage
        self.quota = quota
        self.space = space
        self.settings = settings
        self.logger = logger
        self.max_bytes = max(
            settings.image_bytes, settings.audio_bytes, settings.video_bytes, settings.file_bytes
        )
        """The largest size of a file of any type."""
        self.throttle = UploadThrottle(lambda: load.is_busy)
        self._threads = DiskThreads(settings.threads, logger)
        self.run = self._threads.run
        self._pictures = PictureDecoder(
            settings.picture_processes, settings.picture_seconds, settings.picture_memory, logger
        )
        self._completing: set[asyncio.Future[Any]] = set()

    async def receive(
        self, user_id: int, name: str, folder: str, chunks: AsyncIterator[bytes], length: int | None
    ) -> FileInfo:
        """
        Receive a file in one request. If anything fails, nothing of it remains.

        Args:
            user_id: the user who uploads.
            name: the checked name of the file.
            folder: its checked label, or "".
            chunks: the content.
            length: the approximate length, if the client declares one.

        Raises:
            Refused: the file is not allowed, or incomplete.
        """
        await self.space.check(user_id, 0 if length is None else min(length, self.max_bytes))
        upload = await self.create()
        try:
            await self.write(upload, user_id, chunks, length)
            return await self.complete(self._store_and_remove(upload, user_id, name, folder))
        finally:
            await self.complete(self._discard_and_release(upload, user_id))

    async def create(self) -> Upload:
        """
        Create an upload.

        Raises:
            StorageUnavailable: the disk is full or unavailable.
        """
        creating = self.run(Upload.create, self.storage.incoming, str(uuid7()))
        return await release_on_cancellation(creating, Upload.remove)

    async def open(self, folder: Path) -> Upload | None:
        """
        Open an existing upload; return None if it is in use, or is gone.

        Raises:
            StorageUnavailable: the disk is unavailable.
        """
        return await release_on_cancellation(self.run(Upload.open, folder), _close)

    async def write(
        self, upload: Upload, user_id: int, chunks: AsyncIterator[bytes], length: int | None
    ) -> None:
        """
        Append the chunks to an upload, no faster than the disk and the throttle allow.

        Args:
            upload: the upload.
            user_id: the user who uploads.
            chunks: the bytes.
            length: the approximate length of the whole file, if the client declares one.

        Raises:
            FileTooLarge: the file is larger than its type may be.
            TypeRefused: the type is not allowed.
            TooManyBytes: the user's quota is exceeded.
            StorageUnavailable: the disk is full or unavailable.
        """
        reserved = min(RESERVED_BYTES if length is None else length, self.max_bytes)
        renewed = time.monotonic()
        await self.quota.reserve(user_id, upload.id, reserved, RESERVATION_SECONDS)
        max_bytes = self.max_bytes
        type_checked = False
        pieces: list[bytes] = []
        waiting = 0
        async for chunk in chunks:
            pieces.append(chunk)
            waiting += len(chunk)
            if upload.size + waiting > max_bytes:
                raise FileTooLarge
            if waiting < WRITE_BYTES:
                continue
            await self.run(upload.append, pieces)
            await self.throttle.wait(waiting)
            pieces, waiting = [], 0
            if not type_checked and len(upload.head) >= HEAD_BYTES:
                type_checked, max_bytes = True, await self.check_type(upload)
            overdue = time.monotonic() - renewed > RENEWAL_SECONDS
            if overdue or upload.size + WRITE_BYTES > reserved < max_bytes:
                reserved = max(reserved, min(upload.size + RESERVED_BYTES, self.max_bytes))
                await self.quota.reserve(user_id, upload.id, reserved, RESERVATION_SECONDS)
                renewed = time.monotonic()
        await self.run(upload.append, pieces)

    async def check_type(self, upload: Upload) -> int:
        """
        Check the detected type of an upload, and return how many bytes the file may have.

        Raises:
            TypeRefused: the type is not allowed.
            FileTooLarge: it has more bytes already.
        """
        settings = self.settings
        media_type = await self.run(detect_type, upload.head, upload.content)
        if any(fnmatchcase(media_type, pattern) for pattern in settings.refused_types):
            raise TypeRefused
        limits = {
            "image": settings.image_bytes if media_type in PICTURES else settings.file_bytes,
            "audio": settings.audio_bytes,
            "video": settings.video_bytes,
        }
        max_bytes = limits.get(media_type.partition("/")[0], settings.file_bytes)
        if upload.size > max_bytes:
            raise FileTooLarge
        return max_bytes

    async def finish(self, upload: Upload, user_id: int, name: str, folder: str) -> FileInfo:
        """
        Make a file of a complete upload, or continue where an earlier attempt ended.

        The journal, the content, the row: in this order, so that a row never lacks its content.
        Call it within `complete`.

        Raises:
            FileTooLarge: the file is larger than its type may be.
            TypeRefused: the type is not allowed.
            BadPicture: it is a picture that cannot be decoded.
            FileSpaceFull: the user keeps too many files.
            PictureTooComplex: it is a picture that takes too much time or memory.
            StorageUnavailable: the storage is full or unavailable.
        """
        await self.throttle.wait(FINISH_COST_BYTES)
        pending = await self.run(upload.read_journal)
        if pending is None:
            # Again: others may have been completed meanwhile.
            await self.space.check(user_id, upload.size)
            pending = await self._process(upload, user_id)
        lock = await self.run(lock_storage_shared, self.storage.incoming)
        try:
            await self.run(upload.write, "journal", pending)
            for path, key in (
                (upload.clean, pending.hash),
                (upload.content, pending.hash),
                (upload.thumbnail, thumbnail_key(pending.hash)),
            ):
                if await self.run(path.exists):
                    await self._put(path, key)
                    if path == upload.clean:
                        await self.run(upload.content.unlink, True)
            file_id = UUID(upload.id)
            row = await File.get_or_none(id=file_id)
            if row is None:
                row = File(
                    id=file_id,
                    user_id=user_id,
                    name=name,
                    folder=folder,
                    thumbnail=int(pending.width is not None),
                    **msgspec.structs.asdict(pending),
                )
                await self.space.add(row)
        finally:
            os.close(lock)
        return file_info(row)

    async def discard(self, upload: Upload) -> None:
        """
        Remove an upload, if it still exists, and its content from the storage unless a file has it.

        While the storage or the database is unavailable, the rest is left to the sweeper.
        """
        try:
            await self._discard(upload)
        except Exception as error:  # noqa: BLE001 - one upload; the sweeper tries again
            self.logger.error("an upload could not be removed: %s", error)
            await self.run(upload.close)

    async def complete(self, work: Coroutine[Any, Any, T]) -> T:
        """Run *work* to completion even if the client disconnects; `close` waits for it, too."""
        task = asyncio.create_task(work)
        self._completing.add(task)
        task.add_done_callback(self._completing.discard)
        return await run_to_completion(task)

    async def close(self) -> None:
        """Wait for files that are being stored, and end the threads; the rest is swept later."""
        await self._pictures.close()
        if self._completing:
            await asyncio.wait(self._completing, timeout=CLOSE_SECONDS)
        self._threads.close()

    async def _store_and_remove(
        self, upload: Upload, user_id: int, name: str, folder: str
    ) -> FileInfo:
        info = await self.finish(upload, user_id, name, folder)
        await self.run(upload.remove)
        return info

    async def _discard_and_release(self, upload: Upload, user_id: int) -> None:
        await self.discard(upload)
        await self.quota.release(user_id, upload.id)

    async def _discard(self, upload: Upload) -> None:
        # First, so that no request resumes the upload.
        await self.run((upload.folder / "state").unlink, True)
        pending = await self.run(upload.read_journal)
        if pending is not None:
            with lock_storage_exclusive(self.storage.incoming) as locked:
                if not locked:
                    await self.run(upload.close)
                    return
                if not await File.exists(hash=pending.hash):
                    for key in (pending.hash, thumbnail_key(pending.hash)):
                        await self.storage.delete(key)
        await self.run(upload.remove)

    async def _process(self, upload: Upload, user_id: int) -> PendingFile:
        """Detect the type of a complete upload, and process it if it is a picture."""
        await self.check_type(upload)
        media_type = await self.run(detect_type, upload.head, upload.content)
        if media_type not in PICTURES:
            digest = await self.run(upload.digest)
            return PendingFile(hash=digest, size=upload.size, type=media_type)
        job = Job(
            source=str(upload.content),
            media_type=media_type,
            clean=str(upload.clean),
            thumbnail=str(upload.thumbnail),
            max_pixels=self.settings.pixels,
        )
        picture = await self._pictures.decode(user_id, job)
        return PendingFile(
            hash=(await self.run(digest_of, upload.clean)).hexdigest(),
            size=await self.run(lambda: upload.clean.stat().st_size),
            type=media_type,
            width=picture.width,
            height=picture.height,
            blur=picture.blur,
        )

    async def _put(self, path: Path, key: str) -> None:
        try:
            await self.storage.put(path, key)
        except self.storage.unavailable_errors as error:
            self.logger.error("a file could not be stored: %s", error)
            raise StorageUnavailable from error


def thumbnail_key(digest: str) -> str:
    """Return the key of a picture's thumbnail in the storage."""
    return f"{digest}.thumbnail"


def _close(upload: Upload | None) -> None:
    if upload is not None:
        upload.close()
