"""Where files are kept: a folder of this machine, or a bucket that speaks S3."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from yolk import Plugin, StartError

from .local import LocalStorage
from .s3 import S3Storage

__all__ = ["LocalStorage", "S3Storage", "StoragePlugin", "StorageSettings", "plugin"]


class StorageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may be set about where files are kept."""

    folder: str = "files"
    """Where files are kept or, with a bucket, wait until they are whole; seen from the data
    folder."""
    threads: Annotated[int, Meta(ge=1, le=64)] = 4
    """How many files each worker reads, writes or moves at a time."""
    bucket: str | None = None
    """A bucket, which has to be there; without one, files are kept in `folder`."""
    prefix: str = ""
    """What the names in the bucket begin with."""
    endpoint: str | None = None
    """Such as `https://s3.example.com`; without it, Amazon's of the region."""
    region: str = "us-east-1"
    """The bucket's region."""
    access_key: str | None = None
    """Without it, what the machine is allowed by itself."""
    secret_key: str | None = None
    """The secret of the access key."""
    path_style: bool = True
    """Whether the bucket stands in the path of an address, not in the name of the host."""
    timeout: Annotated[float, Meta(gt=0)] = 30.0
    """Seconds for the bucket to answer."""


class StoragePlugin(Plugin):
    """Puts `app.storage` on the application."""

    name = "storage"
    Settings = StorageSettings
    environment = {
        "S3_BUCKET": "bucket",
        "S3_ENDPOINT": "endpoint",
        "S3_REGION": "region",
        "S3_ACCESS_KEY": "access_key",
        "S3_SECRET_KEY": "secret_key",
    }
    settings: StorageSettings
    storage: LocalStorage | S3Storage | None = None

    def config_will_load(self) -> None:
        settings = self.settings
        if (settings.access_key is None) != (settings.secret_key is None):
            raise StartError(
                "storage.access_key and storage.secret_key go together; set both or neither."
            )

    async def did_load(self) -> None:
        settings = self.settings
        folder = self.app.data_dir / settings.folder
        try:
            local = LocalStorage(folder, settings.threads)
        except OSError as error:
            raise StartError(
                f"storage.folder: {folder} cannot be made ({error.strerror}); name another one."
            ) from None
        self.storage = local
        if settings.bucket is not None:
            self.storage = S3Storage(local, settings)
            try:
                await self.storage.check()
            except self.storage.unavailable_errors as error:
                await self.before_close()
                reason = str(error).partition("\n")[0]
                raise StartError(
                    f"The bucket {settings.bucket} cannot be used ({reason}); correct storage "
                    "in config/ or the S3_ variables."
                ) from None
        self.app.provide("storage", self.storage)

    async def before_close(self) -> None:
        if self.storage is not None:
            storage, self.storage = self.storage, None
            storage.close()


plugin = StoragePlugin
