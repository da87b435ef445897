"""The interface of a file storage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol


class Storage(Protocol):
    """A storage of files by key: `app.storage`, from the plugin `storage`."""

    @property
    def incoming(self) -> Path:
        """A local folder for uploads in progress."""

    @property
    def unavailable_errors(self) -> tuple[type[Exception], ...]:
        """Errors of a full or unavailable storage."""

    async def put(self, path: Path, key: str) -> None:
        """
        Move a file from `incoming` into the storage, completely or not at all.

        A file that exists under this key is kept: equal keys have equal content.
        """

    async def size(self, key: str) -> int:
        """Return the size of a file in bytes; raises FileNotFoundError if there is none."""

    def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes from *start* up to *end* (exclusive) in chunks."""

    async def delete(self, key: str) -> None:
        """Remove a file, if it exists."""
