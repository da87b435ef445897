"""Uploads in one piece: the seed's `/upload` and `/upload/<folder>`."""

from __future__ import annotations

from urllib.parse import unquote

from controllers.api.file.arriving import arriving
from controllers.api.file.multipart import MAX_OTHER_BYTES, FormFile
from controllers.api.file.requests import Form
from extend.context import Context
from services.errors import (
    BadPicture,
    FileTooLarge,
    NameRefused,
    StorageUnavailable,
    TooManyBytes,
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
    TooManyBytes,
    StorageUnavailable,
)


class UploadController(Controller[Context]):
    """Takes files in."""

    @describe(body=Form, takes=FORM, answer=FileInfo, errors=ERRORS)
    async def create(self) -> None:
        """Upload a file: the first part of the form that has a filename."""
        self.ctx.api_success(await self._take(""))

    @describe(body=Form, takes=FORM, answer=FileInfo, errors=ERRORS)
    async def create_in(self) -> None:
        """Upload a file into a folder of one's choice, which is a label: nothing more."""
        # Sanic leaves the parameters that are paths percent-encoded.
        self.ctx.api_success(await self._take(unquote(self.ctx.params["folder"])))

    async def _take(self, folder: str) -> FileInfo:
        ctx, body = self.ctx, self.ctx.stream
        assert body is not None  # noqa: S101 - the route says stream=True
        length = body.length
        if length is not None and length > ctx.app.intake.largest + MAX_OTHER_BYTES:
            raise FileTooLarge  # before any of it was sent, to who asks first (100-continue)
        chunks = arriving(body, ctx.app.config.files.patience)
        form = FormFile(ctx.header.content_type or "", chunks)
        name = await form.filename()
        return await body.patiently(ctx.service.file.receive(name, folder, form.content(), length))
