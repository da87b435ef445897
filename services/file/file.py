"""`ctx.service.file`: uploads in one request, and reading files."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection

import msgspec

from models import File
from services import Service
from services.errors import NoFile, NotPermitted, StorageUnavailable, TooManyUploads
from services.file.info import FileInfo, parse_file_id
from services.file.links import Variant
from services.file.names import check_folder, check_name
from services.file.removal import remove_files
from services.file.sql import find_readable_files
from services.file.uploader import thumbnail_key


class Link(msgspec.Struct, frozen=True):
    """Signed links to a file, which work without a token until they expire."""

    url: str
    thumbnail: str | None
    """The link to the thumbnail of a picture."""


class SignedLinks(msgspec.Struct, frozen=True):
    """Links to those of the requested files that the user may read."""

    links: dict[str, Link]
    expires_in: int
    """The lifetime of all links, in seconds."""


class Content(msgspec.Struct, frozen=True):
    """A file or a thumbnail, as it is sent."""

    key: str
    """The key in the storage."""
    size: int
    type: str
    name: str
    etag: str
    """The entity tag, without quotes: it changes with the content."""


class FileService(Service):
    """The service for files."""

    async def receive(
        self, name: str, folder: str, chunks: AsyncIterator[bytes], length: int | None
    ) -> FileInfo:
        """
        Receive a file in one request. If anything fails, nothing of it remains.

        Args:
            name: the client's name for the file.
            folder: a label, or "".
            chunks: the content.
            length: the approximate length, if the client declares one.

        Raises:
            Refused: the file is not allowed, or incomplete.
        """
        name, folder = check_name(name), check_folder(folder)
        uploader = self.ctx.app.uploader
        return await uploader.receive(self.ctx.user.id, name, folder, chunks, length)

    async def remove(self, file_id: str) -> None:
        """
        Remove a file of the user, for everybody: messages say that it was removed.

        Raises:
            NoFile: it does not exist, or the user may not read it.
            NotPermitted: it is another user's.
            StorageUnavailable: the disk is full or unavailable.
        """
        file = await self.find(file_id)
        if file.user_id != self.ctx.user.id:
            raise NotPermitted
        app = self.ctx.app
        await app.uploader.complete(remove_files(app.orm, app.uploader, [file]))

    async def check_rate(self) -> None:
        """
        Count an upload that the user begins.

        Raises:
            TooManyUploads: there were too many.
        """
        app = self.ctx.app
        await app.rates.take(
            app.config.files.upload_rate, "upload", self.ctx.user.id, TooManyUploads
        )

    async def find(self, file_id: str) -> File:
        """
        Return a file that the user may read.

        Raises:
            NoFile: it does not exist, or the user may not read it.
        """
        found = await self.readable(self.ctx.user.id, [file_id])
        if not found:
            raise NoFile
        return found[0]

    async def readable(self, user_id: int, file_ids: Collection[str]) -> list[File]:
        """Return those files that a user may read: their own, and those in their conversations."""
        ids = [one for one in map(parse_file_id, file_ids) if one is not None]
        return await find_readable_files(self.ctx.app.orm, user_id, ids)

    async def link(self, file_ids: Collection[str]) -> SignedLinks:
        """Return signed links to those files that the user may read."""
        links = self.ctx.app.links
        expires = links.expiry()
        signed: dict[str, Link] = {}
        for file in await self.readable(self.ctx.user.id, file_ids):
            file_id = str(file.id)
            address = f"/files/{file_id}"
            thumbnail = None
            if file.thumbnail:
                thumbnail = f"{address}/thumbnail?{links.sign(file_id, 'thumbnail', expires)}"
            signed[file_id] = Link(f"{address}?{links.sign(file_id, 'file', expires)}", thumbnail)
        return SignedLinks(signed, expires - int(time.time()))

    async def signed(self, file_id: str, variant: Variant, expires: str, signature: str) -> File:
        """
        Return the file of a signed link.

        Raises:
            NoFile: the signature is invalid, or the link has expired.
        """
        found = parse_file_id(file_id)
        if found is None or not self.ctx.app.links.check(str(found), variant, expires, signature):
            raise NoFile
        file = await File.get_or_none(id=found)
        if file is None:
            raise NoFile
        return file

    async def content(self, file: File, variant: Variant) -> Content:
        """
        Return the content of a file or of its thumbnail, to be read with `read`.

        Raises:
            NoFile: it has no thumbnail.
            StorageUnavailable: the storage is unavailable.
        """
        if variant == "file":
            return Content(file.hash, file.size, file.type, file.name, file.hash)
        if not file.thumbnail:
            raise NoFile
        key = thumbnail_key(file.hash)
        storage = self.ctx.app.storage
        try:
            size = await storage.size(key)
        except storage.unavailable_errors as error:
            raise self._unavailable(key, error) from error
        stem = file.name.rpartition(".")[0] or file.name
        return Content(key, size, "image/webp", f"{stem}.webp", f"{file.hash}.small")

    async def read(self, content: Content, start: int, end: int) -> AsyncIterator[bytes]:
        """
        Yield the bytes from *start* up to *end* (exclusive) in chunks.

        Raises:
            StorageUnavailable: the storage is unavailable.
        """
        storage = self.ctx.app.storage
        try:
            async for piece in storage.read(content.key, start, end):
                yield piece
        except storage.unavailable_errors as error:
            raise self._unavailable(content.key, error) from error

    def _unavailable(self, key: str, error: Exception) -> StorageUnavailable:
        self.ctx.logger.error("%s cannot be read: %s", key, error)
        return StorageUnavailable()
