"""File storage in a bucket of an S3-compatible service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from .local import LocalStorage

if TYPE_CHECKING:
    from . import StorageSettings

PART_BYTES = 8 * 1024 * 1024
"""The size of one part of a multipart upload."""
MAX_PARALLEL_PARTS = 2
"""The number of parts of one file that are uploaded at the same time, and thus in memory."""
READ_BYTES = 1024 * 1024
"""The size of one read."""


class S3Storage:
    """
    A storage in a bucket. The name of an object is the prefix and the key.

    obstore's blocking functions run in the threads of the local storage: its asyncio functions
    sometimes abort the process at exit.

    Args:
        local: the local storage, for uploads in progress.
        settings: the plugin's settings.
    """

    unavailable_errors: ClassVar[tuple[type[Exception], ...]] = (OSError, BaseError)
    """Errors of a full disk, or of an unavailable bucket."""

    def __init__(self, local: LocalStorage, settings: StorageSettings) -> None:
        self._local = local
        self.incoming = local.incoming
        """The folder for uploads in progress."""
        options: dict[str, Any] = {}
        if settings.access_key is not None:
            options["access_key_id"] = settings.access_key
            options["secret_access_key"] = settings.secret_key
        if settings.endpoint is not None:
            options["endpoint"] = settings.endpoint
        self._store = S3Store(
            settings.bucket,
            prefix=settings.prefix or None,
            region=settings.region,
            virtual_hosted_style_request=not settings.path_style,
            client_options={
                "allow_http": (settings.endpoint or "").startswith("http://"),
                "timeout": timedelta(seconds=settings.timeout),
                "connect_timeout": timedelta(seconds=min(settings.timeout, 5.0)),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=settings.timeout)},
            **options,
        )

    async def check(self) -> None:
        """Send a request to the bucket, so that a wrong setting stops the start."""
        try:
            await self._local.run(obstore.head, self._store, "0000")
        except (NotFoundError, FileNotFoundError):
            # Either the object or the bucket does not exist: list the bucket.
            await self._local.run(lambda: next(iter(obstore.list(self._store, chunk_size=1)), None))

    async def put(self, path: Path, key: str) -> None:
        """
        Upload a file completely or not at all, and remove the local copy.

        Raises:
            OSError, obstore.exceptions.BaseError: the bucket is unavailable.
        """
        try:
            await self.size(key)
        except FileNotFoundError:
            await self._local.run(self._upload, path, key)
        await self._local.run(path.unlink, True)

    async def size(self, key: str) -> int:
        """
        Return the size of a file in bytes.

        Raises:
            FileNotFoundError: there is no such file.
        """
        found = await self._local.run(obstore.head, self._store, key)
        return found["size"]

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """
        Yield the bytes from *start* up to *end* (exclusive) in chunks.

        Raises:
            FileNotFoundError: there is no such file.
        """
        while start < end:
            piece = await self._local.run(self._get, key, start, min(start + READ_BYTES, end))
            start += len(piece)
            yield piece

    async def delete(self, key: str) -> None:
        """Remove a file, if it exists."""
        await self._local.run(obstore.delete, self._store, key)

    def close(self) -> None:
        """End the threads after their work."""
        self._local.close()

    def _upload(self, path: Path, key: str) -> None:
        obstore.put(
            self._store, key, path, chunk_size=PART_BYTES, max_concurrency=MAX_PARALLEL_PARTS
        )

    def _get(self, key: str, start: int, end: int) -> bytes:
        return bytes(obstore.get_range(self._store, key, start=start, end=end))
