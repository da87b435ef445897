"""Files: taken in, and given to those who may read them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection

import msgspec

from models import File
from services import Service
from services.errors import NoFile, StorageUnavailable
from services.file.access import readable
from services.file.info import FileInfo, parse_file_id
from services.file.intake import thumbnail_key
from services.file.links import Variant
from services.file.names import check_folder, check_name
from services.file.upload import Upload


class Link(msgspec.Struct, frozen=True):
    """Where a file can be read for a while without a token."""

    url: str
    thumbnail: str | None
    """Of pictures: the small copy."""


class SignedLinks(msgspec.Struct, frozen=True):
    """What may be read of what was asked for."""

    links: dict[str, Link]
    expires_in: int
    """Seconds for which all of them are good."""


class Content(msgspec.Struct, frozen=True):
    """What there is to read."""

    key: str
    size: int
    type: str
    name: str
    tag: str
    """What is different as soon as the bytes are."""


class FileService(Service):
    """Takes files in, and tells who may read them."""

    async def receive(
        self, name: str, folder: str, chunks: AsyncIterator[bytes], length: int | None
    ) -> FileInfo:
        """
        Take in a file as it comes.

        Args:
            name: what the uploader calls it.
            folder: a label, or "".
            chunks: what it holds.
            length: how many bytes that is, about, if it was said.

        Raises:
            Refused: it may not be here; nothing of it is.
        """
        name, folder = check_name(name), check_folder(folder)
        user_id, intake = self.ctx.user.id, self.ctx.app.intake
        upload = await intake.open()
        try:
            await intake.fill(upload, user_id, chunks, length)
            return await intake.complete(self._finish(upload, name, folder))
        finally:
            await intake.complete(self._end(upload))

    async def find(self, file_id: str) -> File:
        """
        Give a file that the one who asks may read.

        Raises:
            NoFile: there is none, or it is not theirs to see.
        """
        found = await self.readable(self.ctx.user.id, [file_id])
        if not found:
            raise NoFile
        return found[0]

    async def readable(self, user_id: int, file_ids: Collection[str]) -> list[File]:
        """Give those of some files that a person may read: their own, and those sent to them."""
        ids = [one for one in map(parse_file_id, file_ids) if one is not None]
        return await readable(self.ctx.app.orm, user_id, ids)

    async def link(self, file_ids: Collection[str]) -> SignedLinks:
        """Sign links of those files that the one who asks may read."""
        links = self.ctx.app.links
        ends = links.ends()
        made: dict[str, Link] = {}
        for file in await self.readable(self.ctx.user.id, file_ids):
            file_id = str(file.id)
            address = f"/files/{file_id}"
            small = None
            if file.thumbnail:
                small = f"{address}/thumbnail?{links.sign(file_id, 'thumbnail', ends)}"
            made[file_id] = Link(f"{address}?{links.sign(file_id, 'file', ends)}", small)
        return SignedLinks(made, ends - int(time.time()))

    async def signed(self, file_id: str, variant: Variant, expires: str, signature: str) -> File:
        """
        Give the file of a link.

        Raises:
            NoFile: the link is none of ours, or has ended.
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
        Say what there is to read of a file.

        Raises:
            NoFile: it has no small copy.
            StorageUnavailable: the storage is away.
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
            raise self._away(key, error) from error
        stem = file.name.rpartition(".")[0] or file.name
        return Content(key, size, "image/webp", f"{stem}.webp", f"{file.hash}.small")

    async def read(self, content: Content, start: int, end: int) -> AsyncIterator[bytes]:
        """
        Give the bytes from *start* to before *end*.

        Raises:
            StorageUnavailable: the storage is away.
        """
        storage = self.ctx.app.storage
        try:
            async for piece in storage.read(content.key, start, end):
                yield piece
        except storage.unavailable_errors as error:
            raise self._away(content.key, error) from error

    async def _finish(self, upload: Upload, name: str, folder: str) -> FileInfo:
        intake = self.ctx.app.intake
        info = await intake.finish(upload, self.ctx.user.id, name, folder)
        await intake.run(upload.remove)
        return info

    async def _end(self, upload: Upload) -> None:
        await self.ctx.app.intake.abandon(upload)
        await self.ctx.app.intake.allowance.give_back(self.ctx.user.id, upload.folder.name)

    def _away(self, key: str, error: Exception) -> StorageUnavailable:
        self.ctx.logger.error("%s cannot be read: %s", key, error)
        return StorageUnavailable()
