"""Uploads in one request: `/upload` and `/upload/<folder>`."""

from __future__ import annotations

from urllib.parse import unquote

from controllers.api.file.multipart import MAX_OTHER_BYTES, FormFile
from controllers.api.file.requests import Form
from controllers.api.file.upload_body import read_chunks
from extend.context import Context
from services import permissions
from services.errors import (
    BadPicture,
    FileSpaceFull,
    FileTooLarge,
    NameRefused,
    PictureTooComplex,
    StorageUnavailable,
    TooManyBytes,
    TooManyUploads,
    TypeRefused,
    UploadBroken,
)
from services.file.info import FileInfo
from yolk import Controller, describe

FORM = "multipart/form-data"
ERRORS = (
    TypeRefused,
    FileTooLarge,
    NameRefused,
    UploadBroken,
    BadPicture,
    PictureTooComplex,
    FileSpaceFull,
    TooManyBytes,
    TooManyUploads,
    StorageUnavailable,
)


class UploadController(Controller[Context]):
    """The controller of uploads in one request."""

    section = "Files"
    section_summary = "Upload and download files and pictures."

    @permissions.allows(permissions.USERS)
    @describe(body=Form, takes=FORM, answer=FileInfo, errors=ERRORS)
    async def create(self) -> None:
        """Upload a file: the first part of the form that has a filename."""
        self.ctx.api_success(await self._receive(""))

    @permissions.allows(permissions.USERS)
    @describe(body=Form, takes=FORM, answer=FileInfo, errors=ERRORS)
    async def create_in(self) -> None:
        """Upload a file with a folder of your choice, which is only a label."""
        # Sanic does not decode parameters that are paths.
        self.ctx.api_success(await self._receive(unquote(self.ctx.params["folder"])))

    async def _receive(self, folder: str) -> FileInfo:
        ctx, body = self.ctx, self.ctx.stream
        assert body is not None  # noqa: S101 - the route says stream=True
        length = body.length
        if length is not None and length > ctx.app.uploader.max_bytes + MAX_OTHER_BYTES:
            raise FileTooLarge  # before the body is sent, if the client expects 100-continue
        await ctx.service.file.check_rate()
        chunks = read_chunks(body, ctx.app.config.files.patience)
        form = FormFile(ctx.header.content_type or "", chunks)
        name = await form.filename()
        return await body.patiently(ctx.service.file.receive(name, folder, form.content(), length))
