"""Uploading a file piece by piece, by the tus protocol (https://tus.io, version 1.0.0)."""

from __future__ import annotations

import asyncio
import base64
import io
import mimetypes
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import httpx

from yolk_client.errors import YolkError
from yolk_client.http import Http, error_of
from yolk_client.types import FileInfo

LARGEST, SMALLEST = 1024 * 1024, 32 * 1024
"""Bytes of one request: the fewer the more often the connection is lost."""
VERSION = {"Tus-Resumable": "1.0.0"}
PATIENCE = 120.0
"""Seconds without anything new on the server, after which it is given up."""

Progress = Callable[[int, int], object]


class Upload:
    """
    One file on its way, which goes on from where it was when the connection is lost.

    Args:
        http: asks the server.
        content: where it is read from; it can be sought.
        name: what it is called.
        folder: where the server is to put it; empty for its own choice.
        progress: told of the bytes that the server has, and of all.
        backoff: the shortest and the longest wait after a failure, in seconds.
    """

    def __init__(
        self,
        http: Http,
        content: BinaryIO,
        name: str,
        folder: str,
        progress: Progress | None,
        backoff: tuple[float, float],
    ) -> None:
        self._http = http
        self._backoff = backoff
        self._content = content
        self._size = content.seek(0, io.SEEK_END)
        self._name = name
        self._folder = folder
        self._progress = progress
        self._piece = LARGEST
        self._done = 0
        self._place: str | None = None
        self._file_id = ""

    async def run(self) -> FileInfo:
        """
        Send it.

        Raises:
            YolkError: the server does not want it, or is away for long.
        """
        failures, since = 0, time.monotonic()
        while not self._file_id:
            before = self._done
            try:
                await self._go_on()
            except YolkError as error:
                if self._done > before:
                    failures, since = 0, time.monotonic()
                failures += 1
                self._piece = max(SMALLEST, self._piece // 2)
                if not error.temporary or time.monotonic() - since > PATIENCE:
                    raise
                least, most = self._backoff
                await asyncio.sleep(
                    max(error.retry_after, min(most, least * 2.0 ** min(failures, 30)))
                )
        return FileInfo.of(await self._http.call("GET", f"/files/{self._file_id}/info"))

    async def _go_on(self) -> None:
        if self._place is None:
            self._note((await self._create()).headers)
        else:
            self._note((await self._ask("HEAD", self._place)).headers)
        while not self._file_id:
            await self._send_piece()

    async def _create(self) -> httpx.Response:
        kind = mimetypes.guess_type(self._name)[0] or "application/octet-stream"
        about = {"filename": self._name, "filetype": kind, "folder": self._folder}
        coded = [
            f"{key} {base64.b64encode(value.encode()).decode()}"
            for key, value in about.items()
            if value
        ]
        headers = {"Upload-Length": str(self._size), "Upload-Metadata": ",".join(coded)}
        response = await self._ask("POST", "/upload/tus", headers)
        self._place = httpx.URL(response.headers["Location"]).path
        return response

    async def _send_piece(self) -> None:
        self._content.seek(self._done)
        piece = await asyncio.to_thread(self._content.read, self._piece)
        headers = {
            "Upload-Offset": str(self._done),
            "Content-Type": "application/offset+octet-stream",
        }
        self._note((await self._ask("PATCH", self._place or "", headers, piece)).headers)
        self._piece = min(LARGEST, self._piece * 2)

    def _note(self, headers: httpx.Headers) -> None:
        """Take note of how far the server is; with the last piece it says the file's id."""
        self._done = int(headers.get("Upload-Offset", self._done))
        self._file_id = headers.get("Upload-File", "")
        if self._progress is not None:
            self._progress(self._done, self._size)

    async def _ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, piece: bytes = b""
    ) -> httpx.Response:
        with_version = {**VERSION, **(headers or {})}
        response = await self._http.send(method, path, with_version, content=piece)
        if response.is_success:
            return response
        if response.status_code == httpx.codes.CONFLICT and method == "PATCH":
            # The answer to the piece before was lost: ask where we are.
            raise YolkError("the offset is another one", status=409, temporary=True)
        if response.status_code in (404, 410) and self._place is not None:
            self._place, self._done = None, 0  # it expired: from the beginning
            raise YolkError("the upload is gone", status=response.status_code, temporary=True)
        raise error_of(response)


def opened(file: str | Path | bytes | BinaryIO) -> tuple[BinaryIO, str, bool]:
    """Give what a file is read from, its name, and whether it was opened here."""
    if isinstance(file, bytes):
        return io.BytesIO(file), "file", True
    if isinstance(file, (str, Path)):
        return Path(file).open("rb"), Path(file).name, True
    return file, Path(str(getattr(file, "name", "file"))).name, False
