"""One file that is being put together, in a folder of its own. Everything here blocks."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import msgspec

from services.file.media_type import HEAD_BYTES

SETTLED = 4 * 1024 * 1024
"""Bytes after which the disk is waited for: all of them at the end would hold up the database that
shares it."""
READ = 1024 * 1024


class Placing(msgspec.Struct, kw_only=True):
    """What is put into the storage just now, and the row that will be written after it."""

    hash: str
    size: int
    type: str
    width: int | None = None
    height: int | None = None
    blur: str | None = None


class Upload:
    """
    A folder that belongs to whoever holds its lock.

    The system takes the lock back when a process dies: a folder without a holder is a leftover,
    unless it waits to be resumed.

    Args:
        folder: where. Its name is the id of the file.
        lock: the descriptor that holds the lock.
    """

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self.content = folder / "content"
        """What has come."""
        self.clean = folder / "clean"
        """Of pictures: the same without metadata."""
        self.thumbnail = folder / "thumbnail"
        self.head = b""
        self.size = 0
        self._lock = lock
        self._file = -1
        self._hash: hashlib._Hash | None = hashlib.sha256()
        self._settled = 0
        # A request that is cut leaves its thread at work: what comes next waits for it.
        self._work = threading.RLock()

    @classmethod
    def make(cls, incoming: Path, name: str) -> Self:
        """Make a new folder and hold it."""
        folder = incoming / name
        folder.mkdir(mode=0o700)
        made = cls.hold(folder)
        if made is None:
            raise FileNotFoundError(folder)  # swept, in the blink between the two
        return made

    @classmethod
    def hold(cls, folder: Path) -> Self | None:
        """Hold a folder, with what has come so far; None when somebody else does, or it is gone."""
        try:
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return None
        if not os.fstat(lock).st_nlink:  # it was removed while we opened it
            os.close(lock)
            return None
        made = cls(folder, lock)
        with suppress(FileNotFoundError):
            made.size = made.content.stat().st_size
            with made.content.open("rb") as file:
                made.head = file.read(HEAD_BYTES)
        if made.size:
            made._hash = None
        return made

    def append(self, pieces: Sequence[bytes]) -> float:
        """
        Add what came, and tell when that was done, by the clock `time.perf_counter`.

        Raises:
            OSError: the disk is full, or broken. What was written of it counts.
        """
        with self._work:
            if self._file < 0:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
                self._file = os.open(self.content, flags, 0o600)
            for piece in pieces:
                self._append(memoryview(piece))
            if self.size - self._settled >= SETTLED:
                self._settle()
        return time.perf_counter()

    def _append(self, view: memoryview) -> None:
        while view:
            written = os.write(self._file, view)
            if self._hash is not None:
                self._hash.update(view[:written])
            if len(self.head) < HEAD_BYTES:
                self.head += bytes(view[: min(written, HEAD_BYTES - len(self.head))])
            self.size += written
            view = view[written:]

    def cut(self, size: int) -> None:
        """Forget what came after *size* bytes."""
        with self._work:
            if size < self.size:
                os.truncate(self.content, size)
                self.size, self.head, self._hash = size, self.head[:size], None

    def flush(self) -> None:
        """Return when what came would survive a loss of power."""
        with self._work:
            if self._file >= 0:
                os.fsync(self._file)

    def digest(self) -> str:
        """Give the hexadecimal SHA-256 of what came."""
        return self._hash.hexdigest() if self._hash else digest_of(self.content).hexdigest()

    def write(self, name: str, value: object) -> None:
        """Write a small file into the folder, whole or not at all."""
        draft = self.folder / f"{name}.new"
        draft.write_bytes(msgspec.json.encode(value))
        draft.replace(self.folder / name)

    def read(self, name: str) -> bytes | None:
        """Give a small file of the folder."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def let_go(self) -> None:
        """Hold the folder no more; it stays."""
        with self._work:
            for descriptor in (self._file, self._lock):
                if descriptor >= 0:
                    os.close(descriptor)
            self._file = self._lock = -1

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        with self._work:
            if self._lock >= 0:
                # The lock goes last: nobody can hold what is half removed.
                for path in self.folder.iterdir():
                    if path.name != "lock":
                        path.unlink(missing_ok=True)
                shutil.rmtree(self.folder, ignore_errors=True)
                self.let_go()

    def _settle(self) -> None:
        os.fsync(self._file)
        if hasattr(os, "posix_fadvise"):  # not on macOS
            # Nobody reads it soon; what others read stays in memory.
            length = self.size - self._settled
            os.posix_fadvise(self._file, self._settled, length, os.POSIX_FADV_DONTNEED)
        self._settled = self.size


def digest_of(path: Path, algorithm: str = "sha256", start: int = 0) -> hashlib._Hash:
    """Hash a file, from *start* on."""
    found = hashlib.new(algorithm)
    with path.open("rb") as file:
        file.seek(start)
        while piece := file.read(READ):
            found.update(piece)
    return found
