"""Resumable uploads: tus 1.0.0, https://tus.io/protocols/resumable-upload."""

from __future__ import annotations

import base64
import binascii
from email.utils import formatdate

from controllers.api.file.upload_body import read_chunks
from extend.context import Context
from services import permissions
from services.errors import InvalidData, NoFile
from services.file.names import check_folder, check_name
from services.file.resumable import Piece, Progress
from yolk import ApiError, Controller
from yolk.describe import undocumented

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
CHECKSUM_ALGORITHMS = ("sha1", "sha256", "md5")
CONTENT_TYPE = "application/offset+octet-stream"
INVALID_REQUEST = 1002


class TusController(Controller[Context]):
    """The controller of uploads in several requests."""

    @permissions.allows(permissions.ANYBODY)
    @undocumented
    async def options(self) -> None:
        """Return the supported version and extensions of the protocol."""
        self._set_version()
        self.ctx.set("Tus-Version", VERSION)
        self.ctx.set("Tus-Extension", EXTENSIONS)
        self.ctx.set("Tus-Max-Size", str(self.ctx.app.uploader.max_bytes))
        self.ctx.set("Tus-Checksum-Algorithm", ",".join(CHECKSUM_ALGORITHMS))
        self.ctx.status = 204

    @permissions.allows(permissions.USERS)
    @undocumented
    async def create(self) -> None:
        """Create an upload."""
        self._check_version()
        ctx = self.ctx
        length = _parse_number(ctx.header.upload_length, "Upload-Length")
        metadata = _parse_metadata(ctx.header.upload_metadata or "")
        name = check_name(metadata.get("filename") or metadata.get("name") or "file")
        folder = check_folder(metadata.get("folder", ""))
        await ctx.service.file.check_rate()
        progress = await ctx.app.resumable_uploads.create(ctx.user.id, name, folder, length)
        ctx.set("Location", f"/upload/tus/{progress.id}")
        if ctx.header.content_type == CONTENT_TYPE and length:
            progress = await self._add(progress.id, 0)
        self._set_progress(progress)
        ctx.status = 201

    @permissions.allows(*permissions.OWN_UPLOAD)
    @undocumented
    async def show(self) -> None:
        """Return the progress of an upload."""
        self._check_version()
        ctx = self.ctx
        progress = await ctx.app.resumable_uploads.find(ctx.user.id, ctx.params["id"])
        self._set_progress(progress)
        ctx.set("Upload-Length", str(progress.length))
        ctx.set("Cache-Control", "no-store")
        ctx.status = 200
        ctx.body = b""

    @permissions.allows(*permissions.OWN_UPLOAD)
    @undocumented
    async def add(self) -> None:
        """Append a piece to an upload."""
        self._check_version()
        ctx = self.ctx
        if ctx.header.content_type != CONTENT_TYPE:
            raise ApiError(INVALID_REQUEST, f"The Content-Type must be {CONTENT_TYPE}", status=415)
        offset = _parse_number(ctx.header.upload_offset, "Upload-Offset")
        self._set_progress(await self._add(ctx.params["id"], offset))
        ctx.status = 204

    @permissions.allows(*permissions.OWN_UPLOAD)
    @undocumented
    async def remove(self) -> None:
        """Remove an upload."""
        self._check_version()
        await self.ctx.app.resumable_uploads.remove(self.ctx.user.id, self.ctx.params["id"])
        self.ctx.status = 204

    @permissions.allows(*permissions.OWN_UPLOAD)
    @undocumented
    async def override(self) -> None:
        """Serve PATCH and DELETE for clients without them: `X-HTTP-Method-Override`."""
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
            chunks=read_chunks(body, ctx.app.config.files.patience),
            length=body.length,
            checksum=_parse_checksum(ctx.header.upload_checksum),
        )
        return await body.patiently(ctx.app.resumable_uploads.add(ctx.user.id, upload_id, piece))

    def _set_version(self) -> None:
        self.ctx.set("Tus-Resumable", VERSION)

    def _check_version(self) -> None:
        self._set_version()
        if self.ctx.header.tus_resumable != VERSION:
            self.ctx.set("Tus-Version", VERSION)
            raise ApiError(INVALID_REQUEST, f"Only tus {VERSION} is supported", status=412)

    def _set_progress(self, progress: Progress) -> None:
        self.ctx.set("Upload-Offset", str(progress.offset))
        self.ctx.set("Upload-Expires", formatdate(progress.expire_time, usegmt=True))
        if progress.done:
            self.ctx.set("Upload-File", progress.id)


def _parse_number(value: str | None, name: str) -> int:
    if value is None or not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise InvalidData(f"{name}: not a number")
    return int(value)


def _parse_metadata(header: str) -> dict[str, str]:
    """Parse `Upload-Metadata`: pairs of a name and a value in base64."""
    found: dict[str, str] = {}
    for pair in filter(None, (one.strip() for one in header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            raise InvalidData(f"Upload-Metadata: {name} is not base64 of UTF-8") from None
    return found


def _parse_checksum(header: str | None) -> tuple[str, bytes] | None:
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        raise InvalidData(f"Upload-Checksum: not one of {', '.join(CHECKSUM_ALGORITHMS)}")
    try:
        return algorithm, base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidData("Upload-Checksum: not base64") from None
