"""Files in a bucket that speaks S3."""

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

PART = 8 * 1024 * 1024
"""Bytes that are uploaded at a time, of a file that is larger than this."""
PARTS = 2
"""How many of those one file has under way: with the one above, the memory that it takes."""
PIECE = 1024 * 1024
"""Bytes that are read at a time."""


class S3Storage:
    """
    Keeps files in a bucket, under the prefix and the key.

    obstore's calls run in the threads of the folder where files are put together: its asyncio
    functions now and then abort the process at its end.

    Args:
        local: where files are put together.
        settings: which bucket.
    """

    unavailable_errors: ClassVar[tuple[type[Exception], ...]] = (OSError, BaseError)
    """The disk is full, or the bucket is away."""

    def __init__(self, local: LocalStorage, settings: StorageSettings) -> None:
        self._local = local
        self.incoming = local.incoming
        """Where files are put together."""
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
        """Ask the bucket for something, so that what is wrong shows at the start."""
        try:
            await self._local.run(obstore.head, self._store, "0000")
        except (NotFoundError, FileNotFoundError):
            # The bucket's, perhaps: a list tells.
            await self._local.run(lambda: next(iter(obstore.list(self._store, chunk_size=1)), None))

    async def put(self, path: Path, key: str) -> None:
        """
        Upload a file, which is in the bucket whole or not at all, and remove it here.

        Raises:
            OSError, obstore.exceptions.BaseError: the bucket is away.
        """
        try:
            await self.size(key)
        except FileNotFoundError:
            await self._local.run(self._upload, path, key)
        await self._local.run(path.unlink, True)

    async def size(self, key: str) -> int:
        """
        Give the length of a file in bytes.

        Raises:
            FileNotFoundError: there is none.
        """
        found = await self._local.run(obstore.head, self._store, key)
        return found["size"]

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """
        Give the bytes from *start* to before *end*, in pieces.

        Raises:
            FileNotFoundError: there is no such file.
        """
        while start < end:
            piece = await self._local.run(self._get, key, start, min(start + PIECE, end))
            start += len(piece)
            yield piece

    async def delete(self, key: str) -> None:
        """Remove a file, if it is there."""
        await self._local.run(obstore.delete, self._store, key)

    def close(self) -> None:
        """End the threads when they have done what was asked of them."""
        self._local.close()

    def _upload(self, path: Path, key: str) -> None:
        obstore.put(self._store, key, path, chunk_size=PART, max_concurrency=PARTS)

    def _get(self, key: str, start: int, end: int) -> bytes:
        return bytes(obstore.get_range(self._store, key, start=start, end=end))
