"""Downloads."""

from __future__ import annotations

import time
from typing import Any

from sanic import HTTPResponse
from sanic.response import ResponseStream

from controllers.api.file.ranges import content_disposition, is_not_modified, parse_range
from controllers.api.file.requests import FileIds, ReadOptions
from extend.context import Context
from services import permissions
from services.errors import NoFile, NotPermitted, StorageUnavailable
from services.file.file import Content, SignedLinks
from services.file.info import FileInfo, file_info
from services.file.links import Variant
from services.file.media.detection import INLINE
from yolk import Controller, describe

WRITE_BYTES = 64 * 1024
"""The size of one write: a client must read it within Sanic's response timeout."""
POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
"""A file that is opened directly executes nothing, and has no origin."""


class DownloadController(Controller[Context]):
    """The controller of downloads."""

    section = "Files"

    @permissions.allows(*permissions.DOWNLOAD)
    @describe(query=ReadOptions, answer=bytes, errors=(NoFile, StorageUnavailable))
    async def show(self) -> None:
        """
        Read a file, or a part of it.

        With a token, or with a signature of `POST /files/links`. `Range`, `If-Range` and
        `If-None-Match` are supported.
        """
        self.ctx.body = await self._send("file")

    @permissions.allows(*permissions.DOWNLOAD)
    @describe(query=ReadOptions, answer=bytes, errors=(NoFile, StorageUnavailable))
    async def thumbnail(self) -> None:
        """Read the thumbnail of a picture: WebP, at most 480 pixels wide and high."""
        self.ctx.body = await self._send("thumbnail")

    @permissions.allows(*permissions.READ_FILE)
    @describe(answer=FileInfo, errors=(NoFile,))
    async def info(self) -> None:
        """Return the description of a file."""
        found = await self.ctx.service.file.find(self.ctx.params["id"])
        self.ctx.api_success(file_info(found))

    @permissions.allows(*permissions.REMOVE_FILE)
    @describe(errors=(NoFile, NotPermitted, StorageUnavailable))
    async def remove(self) -> None:
        """
        Delete a file that you uploaded, for everybody.

        Messages that carry it stay, with `{"id": ..., "removed": true}` in `options.file`. Links to
        it end.
        """
        await self.ctx.service.file.remove(self.ctx.params["id"])
        self.ctx.api_success({})

    @permissions.allows(*permissions.LINK_FILE)
    @describe(body=FileIds, answer=SignedLinks)
    async def links(self) -> None:
        """Sign links that work without a token; files that you may not read are left out."""
        asked = self.ctx.read(FileIds)
        self.ctx.api_success(await self.ctx.service.file.link(asked.ids))

    async def _send(self, variant: Variant) -> HTTPResponse | ResponseStream:
        ctx, files = self.ctx, self.ctx.service.file
        query = ctx.read(ReadOptions, ctx.query)
        if query.signature is not None:
            file = await files.signed(
                ctx.params["id"], variant, query.expires or "", query.signature
            )
            cache = f"private, max-age={int(query.expires or 0) - int(time.time())}, immutable"
        else:
            file = await files.find(ctx.params["id"])
            cache = "private, no-cache"
        content = await files.content(file, variant)
        etag = f'"{content.etag}"'
        shown = content.type in INLINE and query.download in (None, "", "0")
        headers = {
            "ETag": etag,
            "Accept-Ranges": "bytes",
            "Cache-Control": cache,
            "Content-Disposition": content_disposition(
                "inline" if shown else "attachment", content.name
            ),
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        if is_not_modified(ctx.header.if_none_match, etag):
            return HTTPResponse(status=304, headers=headers)
        part = parse_range(ctx.header.range, ctx.header.if_range, etag, content.size)
        if part == (0, 0):
            headers["Content-Range"] = f"bytes */{content.size}"
            return HTTPResponse(status=416, headers=headers)
        start, end = part or (0, content.size)
        if part:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
        headers["Content-Length"] = str(end - start)
        return await self._stream(content, start, end, 206 if part else 200, headers)

    async def _stream(
        self, content: Content, start: int, end: int, status: int, headers: dict[str, str]
    ) -> HTTPResponse | ResponseStream:
        kind = f"{content.type}; charset=utf-8" if content.type == "text/plain" else content.type
        if self.ctx.request.method == "HEAD" or start == end:
            return HTTPResponse(status=status, headers=headers, content_type=kind)
        pieces = self.ctx.service.file.read(content, start, end)
        # Read before the answer begins, so that an error can still be reported.
        first = await anext(pieces)

        async def send(response: Any) -> None:
            await _write(response, first)
            async for piece in pieces:
                await _write(response, piece)

        return ResponseStream(send, status=status, headers=headers, content_type=kind)


async def _write(response: Any, piece: bytes) -> None:
    for place in range(0, len(piece), WRITE_BYTES):
        await response.write(piece[place : place + WRITE_BYTES])
