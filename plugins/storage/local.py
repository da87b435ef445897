"""File storage in a local folder."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from yolk.concurrency import release_on_cancellation

T = TypeVar("T")

READ_BYTES = 256 * 1024
"""The size of one read."""

KEY = re.compile(r"[0-9a-f]{4}[\w.-]{0,200}", re.ASCII)


class LocalStorage:
    """
    A storage of files by key, in subfolders named after the first four characters of the key.

    Blocking calls run in threads of its own.

    Args:
        folder: the folder; created when missing.
        threads: the number of files that are read or moved at the same time.

    Raises:
        OSError: the folder cannot be created.
    """

    unavailable_errors: ClassVar[tuple[type[Exception], ...]] = (OSError,)
    """Errors of a full or unavailable disk."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._kept = folder / "kept"
        self.incoming = folder / "incoming"
        """The folder for uploads in progress; `put` moves files from there without copying."""
        for each in (self._kept, self.incoming):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._threads = ThreadPoolExecutor(threads, "storage")

    async def put(self, path: Path, key: str) -> None:
        """
        Move a file into the storage, completely or not at all, even after a crash.

        A file that exists under this key is kept: equal keys have equal content.

        Args:
            path: a file in `incoming`.
            key: at least four hexadecimal digits, then letters, digits, `.`, `_` or `-`.

        Raises:
            OSError: the disk is full or unavailable.
        """
        await self.run(self._put, path, self._place(key))

    async def size(self, key: str) -> int:
        """
        Return the size of a file in bytes.

        Raises:
            FileNotFoundError: there is no such file.
        """
        found = await self.run(self._place(key).stat)
        return found.st_size

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """
        Yield the bytes from *start* up to *end* (exclusive) in chunks.

        Raises:
            FileNotFoundError: there is no such file.
        """
        opening = self.run(os.open, self._place(key), os.O_RDONLY)
        file = await release_on_cancellation(opening, os.close)
        try:
            while start < end:
                piece = await self.run(os.pread, file, min(READ_BYTES, end - start), start)
                if not piece:
                    raise OSError(f"{key} is shorter than it was")
                start += len(piece)
                yield piece
        finally:
            os.close(file)

    async def delete(self, key: str) -> None:
        """Remove a file, if it exists."""
        await self.run(self._place(key).unlink, True)

    async def run(self, work: Callable[..., T], *args: Any) -> T:
        """Run a blocking function in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)

    def close(self) -> None:
        """End the threads after their work."""
        self._threads.shutdown(wait=False)

    def _place(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise ValueError(f"{key!r} is not a key")
        return self._kept / key[:2] / key[2:4] / key

    def _put(self, path: Path, place: Path) -> None:
        flush(path)
        if not place.parent.is_dir():
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (place.parent.parent, self._kept):
                flush(folder)
        if place.exists():
            path.unlink()
            return
        path.replace(place)
        flush(place.parent)


def flush(path: Path) -> None:
    """Flush a file, or the names in a folder, to disk (fsync)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
