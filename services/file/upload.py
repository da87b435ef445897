"""
The folder of one upload in progress. Everything here blocks.

Uploads survive a crash of the worker by two kinds of locks and a journal:

- The file `lock` in each folder is locked by the worker that writes the upload. The system releases
  it when the process dies. So a folder whose lock is free is a leftover, or waits to be resumed.
- The journal (`journal` in the folder) is written before the content is moved into the storage, and
  removed after the row in the database is inserted. After a crash between the two it says which
  content may have no row, so that it can be deleted, and a resumable upload can be completed.
- The file `.lock` beside the folders guards the storage. It is shared by workers that store a
  content and insert its row. A worker that deletes a content takes it exclusively, because another
  upload of the same bytes may rely on this content, and not have its row yet.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import msgspec

from services.file.media.detection import HEAD_BYTES

FSYNC_BYTES = 4 * 1024 * 1024
"""The number of bytes after which the content is flushed to disk: one large flush at the end would
delay a database on the same disk."""
READ_BYTES = 1024 * 1024
"""The size of one read."""


class PendingFile(msgspec.Struct, kw_only=True):
    """The journal: a file that is being stored, with the columns of its row."""

    hash: str
    size: int
    type: str
    width: int | None = None
    height: int | None = None
    blur: str | None = None


class Upload:
    """
    The folder of an upload, locked by this object.

    Args:
        folder: the folder. Its name is the id of the future file.
        lock: the descriptor of the locked file.
    """

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self.id = folder.name
        self.content = folder / "content"
        """The bytes that were received."""
        self.clean = folder / "clean"
        """The picture without metadata."""
        self.thumbnail = folder / "thumbnail"
        self.head = b""
        """The first `HEAD_BYTES` of the content."""
        self.size = 0
        self._lock = lock
        self._file = -1
        self._hash: hashlib._Hash | None = hashlib.sha256()
        self._flushed = 0

    @classmethod
    def create(cls, incoming: Path, upload_id: str) -> Self:
        """Create a folder and lock it."""
        folder = incoming / upload_id
        folder.mkdir(mode=0o700)
        upload = cls.open(folder)
        if upload is None:
            raise FileNotFoundError(folder)  # the sweeper was faster
        return upload

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """Lock an existing folder; return None if it is locked already, or is gone."""
        try:
            lock = _lock(folder / "lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if lock is None:
            return None
        if not os.fstat(lock).st_nlink:  # removed between opening and locking
            os.close(lock)
            return None
        upload = cls(folder, lock)
        with suppress(FileNotFoundError):
            upload.size = upload.content.stat().st_size
            with upload.content.open("rb") as file:
                upload.head = file.read(HEAD_BYTES)
        if upload.size:
            upload._hash = None
        return upload

    def append(self, pieces: Sequence[bytes]) -> None:
        """
        Append to the content.

        Raises:
            OSError: the disk is full or unavailable. What was written until then is kept.
        """
        if self._file < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._file = os.open(self.content, flags, 0o600)
        for piece in pieces:
            self._append(memoryview(piece))
        if self.size - self._flushed >= FSYNC_BYTES:
            self._flush_early()

    def _append(self, view: memoryview) -> None:
        while view:
            written = os.write(self._file, view)
            if self._hash is not None:
                self._hash.update(view[:written])
            if len(self.head) < HEAD_BYTES:
                self.head += bytes(view[: min(written, HEAD_BYTES - len(self.head))])
            self.size += written
            view = view[written:]

    def truncate(self, size: int) -> None:
        """Shorten the content to *size* bytes, if it is longer."""
        if size < self.size:
            os.truncate(self.content, size)
            self.size, self.head, self._hash = size, self.head[:size], None

    def flush(self) -> None:
        """Flush the content to disk (fsync)."""
        if self._file >= 0:
            os.fsync(self._file)

    def digest(self) -> str:
        """Return the hexadecimal SHA-256 of the content."""
        return self._hash.hexdigest() if self._hash else digest_of(self.content).hexdigest()

    def write(self, name: str, value: object) -> None:
        """Write a small JSON file into the folder, atomically."""
        draft = self.folder / f"{name}.new"
        draft.write_bytes(msgspec.json.encode(value))
        draft.replace(self.folder / name)

    def read_journal(self) -> PendingFile | None:
        """Return the journal, or None if there is none."""
        try:
            return msgspec.json.decode((self.folder / "journal").read_bytes(), type=PendingFile)
        except FileNotFoundError:
            return None

    def close(self) -> None:
        """Unlock the folder, and leave it where it is."""
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._lock = -1

    def remove(self) -> None:
        """Remove the folder with everything in it."""
        if self._lock >= 0:
            # The lock is removed last, so that no process locks a folder that is half removed.
            for path in self.folder.iterdir():
                if path.name != "lock":
                    path.unlink(missing_ok=True)
            shutil.rmtree(self.folder, ignore_errors=True)
            self.close()

    def _flush_early(self) -> None:
        os.fsync(self._file)
        if hasattr(os, "posix_fadvise"):  # not on macOS
            # This content is not read soon: keep the page cache for files that are being read.
            length = self.size - self._flushed
            os.posix_fadvise(self._file, self._flushed, length, os.POSIX_FADV_DONTNEED)
        self._flushed = self.size


def lock_storage_shared(incoming: Path) -> int:
    """
    Wait until no content is being deleted, and keep other workers from deleting any.

    Returns:
        A descriptor: close it to unlock the storage.
    """
    lock = _lock(incoming / ".lock", fcntl.LOCK_SH)
    assert lock is not None  # noqa: S101 - it waits
    return lock


@contextmanager
def lock_storage_exclusive(incoming: Path) -> Iterator[bool]:
    """Keep others from storing contents during the block; yield False if one is storing now."""
    lock = _lock(incoming / ".lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            os.close(lock)


def _lock(path: Path, operation: int) -> int | None:
    """Open and lock a file; return the descriptor, or None if another one has the lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, operation)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return descriptor


def digest_of(path: Path, algorithm: str = "sha256", start: int = 0) -> hashlib._Hash:
    """Return the hash of a file from *start* on."""
    found = hashlib.new(algorithm)
    with path.open("rb") as file:
        file.seek(start)
        while piece := file.read(READ_BYTES):
            found.update(piece)
    return found
