"""Uploads that go on after a cut: tus 1.0.0, https://tus.io/protocols/resumable-upload."""

from __future__ import annotations

import base64
import binascii
from email.utils import formatdate

from controllers.api.file.arriving import arriving
from extend.context import Context
from services.errors import InvalidData, NoFile
from services.file.names import check_folder, check_name
from services.file.resumable import Piece, Progress
from yolk import ApiError, Controller
from yolk.describe import undocumented

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
ALGORITHMS = ("sha1", "sha256", "md5")
OFFSET = "application/offset+octet-stream"
INVALID = 1002


class TusController(Controller[Context]):
    """Takes large files in, piece by piece."""

    @undocumented
    async def options(self) -> None:
        """Say what of the protocol is spoken here."""
        self._speak()
        self.ctx.set("Tus-Version", VERSION)
        self.ctx.set("Tus-Extension", EXTENSIONS)
        self.ctx.set("Tus-Max-Size", str(self.ctx.app.intake.largest))
        self.ctx.set("Tus-Checksum-Algorithm", ",".join(ALGORITHMS))
        self.ctx.status = 204

    @undocumented
    async def create(self) -> None:
        """Begin an upload."""
        self._check_version()
        ctx = self.ctx
        length = _number(ctx.header.upload_length, "Upload-Length")
        said = _metadata(ctx.header.upload_metadata or "")
        name = check_name(said.get("filename") or said.get("name") or "file")
        folder = check_folder(said.get("folder", ""))
        progress = await ctx.app.resumable.create(ctx.user.id, name, folder, length)
        ctx.set("Location", f"/upload/tus/{progress.id}")
        if ctx.header.content_type == OFFSET and length:
            progress = await self._add(progress.id, 0)
        self._tell(progress)
        ctx.status = 201

    @undocumented
    async def show(self) -> None:
        """Say how far an upload is."""
        self._check_version()
        ctx = self.ctx
        progress = await ctx.app.resumable.find(ctx.user.id, ctx.params["id"])
        self._tell(progress)
        ctx.set("Upload-Length", str(progress.length))
        ctx.set("Cache-Control", "no-store")
        ctx.status = 200
        ctx.body = b""

    @undocumented
    async def add(self) -> None:
        """Take the next piece."""
        self._check_version()
        ctx = self.ctx
        if ctx.header.content_type != OFFSET:
            raise ApiError(INVALID, f"The Content-Type must be {OFFSET}", status=415)
        offset = _number(ctx.header.upload_offset, "Upload-Offset")
        self._tell(await self._add(ctx.params["id"], offset))
        ctx.status = 204

    @undocumented
    async def remove(self) -> None:
        """Give an upload up."""
        self._check_version()
        await self.ctx.app.resumable.remove(self.ctx.user.id, self.ctx.params["id"])
        self.ctx.status = 204

    @undocumented
    async def override(self) -> None:
        """Do what clients without PATCH and DELETE ask for by `X-HTTP-Method-Override`."""
        method = (self.ctx.header.x_http_method_override or "").upper()
        if method == "PATCH":
            return await self.add()
        if method == "DELETE":
            return await self.remove()
        raise NoFile

    async def _add(self, upload_id: str, offset: int) -> Progress:
        ctx, body = self.ctx, self.ctx.stream
        assert body is not None  # noqa: S101 - the route says stream=True
        piece = Piece(
            offset=offset,
            chunks=arriving(body, ctx.app.config.files.patience),
            length=body.length,
            checksum=_checksum(ctx.header.upload_checksum),
        )
        return await body.patiently(ctx.app.resumable.add(ctx.user.id, upload_id, piece))

    def _speak(self) -> None:
        self.ctx.set("Tus-Resumable", VERSION)

    def _check_version(self) -> None:
        self._speak()
        if self.ctx.header.tus_resumable != VERSION:
            self.ctx.set("Tus-Version", VERSION)
            raise ApiError(INVALID, f"Only tus {VERSION} is spoken here", status=412)

    def _tell(self, progress: Progress) -> None:
        self.ctx.set("Upload-Offset", str(progress.offset))
        self.ctx.set("Upload-Expires", formatdate(progress.expire_time, usegmt=True))
        if progress.done:
            self.ctx.set("Upload-File", progress.id)


def _number(value: str | None, name: str) -> int:
    if value is None or not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise InvalidData(f"{name}: not a number")
    return int(value)


def _metadata(header: str) -> dict[str, str]:
    """Read `Upload-Metadata`: pairs of a name and its value in base64."""
    found: dict[str, str] = {}
    for pair in filter(None, (one.strip() for one in header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            raise InvalidData(f"Upload-Metadata: {name} is not base64 of UTF-8") from None
    return found


def _checksum(header: str | None) -> tuple[str, bytes] | None:
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    if algorithm not in ALGORITHMS:
        raise InvalidData(f"Upload-Checksum: not one of {', '.join(ALGORITHMS)}")
    try:
        return algorithm, base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidData("Upload-Checksum: not base64") from None
