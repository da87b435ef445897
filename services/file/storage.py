"""What the rules of files need of the place where they are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol


class Storage(Protocol):
    """What the plugin `storage` puts on the application: files under keys."""

    @property
    def incoming(self) -> Path:
        """A folder of this machine, where files are put together."""

    @property
    def unavailable_errors(self) -> tuple[type[Exception], ...]:
        """What is raised while it is full or away."""

    async def put(self, path: Path, key: str) -> None:
        """
        Take a file of `incoming` to its place, where it is whole or not at all.

        What is there under this key stays: the same key is the same content.
        """

    async def size(self, key: str) -> int:
        """Give the length of a file; raises FileNotFoundError where there is none."""

    def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Give the bytes from *start* to before *end*, in pieces."""

    async def delete(self, key: str) -> None:
        """Remove a file, if it is there."""
