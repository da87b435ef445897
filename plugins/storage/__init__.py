"""File storage: a local folder, or a bucket of an S3-compatible service."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from yolk import Plugin, StartError

from .local import LocalStorage
from .s3 import S3Storage

__all__ = ["LocalStorage", "S3Storage", "StoragePlugin", "StorageSettings", "plugin"]


class StorageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The storage of uploaded files."""

    folder: str = "files"
    """The folder for files, relative to the data folder. With a bucket, it only contains uploads
    in progress."""
    threads: Annotated[int, Meta(ge=1, le=64)] = 4
    """The number of files that a worker reads, writes or moves at the same time."""
    bucket: str | None = None
    """The name of an existing bucket; without one, files are stored in `folder`."""
    prefix: str = ""
    """The prefix of all object names in the bucket."""
    endpoint: str | None = None
    """The URL of the S3-compatible service, such as `https://s3.example.com`; by default Amazon
    S3."""
    region: str = "us-east-1"
    """The bucket's region."""
    access_key: str | None = None
    """The access key; without one, the machine's own credentials (an instance role) are used."""
    secret_key: str | None = None
    """The secret of the access key."""
    path_style: bool = True
    """Whether the bucket's name is in the path of a URL (true) or in its host name (false)."""
    timeout: Annotated[float, Meta(gt=0)] = 30.0
    """The time limit of a request to the bucket, in seconds."""


class StoragePlugin(Plugin):
    """Adds `app.storage`."""

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
                f"storage.folder: {folder} cannot be created ({error.strerror}); name another one."
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
