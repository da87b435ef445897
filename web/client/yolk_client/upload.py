"""Uploads in pieces, by the tus protocol (https://tus.io, version 1.0.0)."""

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

from yolk_client.backoff import Backoff
from yolk_client.errors import YolkError
from yolk_client.http import Http, error_of
from yolk_client.text import well_formed
from yolk_client.types import FileInfo

MIN_PIECE, MAX_PIECE = 32 * 1024, 1024 * 1024
"""Bytes of one request: the more often the connection is lost, the fewer."""
VERSION = {"Tus-Resumable": "1.0.0"}
STALLED = 120.0
"""Seconds without progress, after which the upload fails."""

Progress = Callable[[int, int], object]


class Upload:
    """
    The upload of one file, which resumes after a lost connection.

    Args:
        http: sends the requests.
        content: the file, which must be seekable.
        name: the name of the file.
        folder: the folder on the server; empty: the default.
        progress: called with the bytes that the server has, and the size.
        backoff: the wait after a failure.
    """

    def __init__(
        self,
        http: Http,
        content: BinaryIO,
        name: str,
        folder: str,
        progress: Progress | None,
        backoff: Backoff,
    ) -> None:
        self._http = http
        self._backoff = backoff
        self._content = content
        self._size = content.seek(0, io.SEEK_END)
        self._name = name
        self._folder = folder
        self._progress = progress
        self._piece = MAX_PIECE
        self._done = 0
        self._path: str | None = None
        self._file_id = ""

    async def run(self) -> FileInfo:
        """
        Send the file.

        Raises:
            YolkError: the server refused it, or was unavailable for long.
        """
        failures, since = 0, time.monotonic()
        while not self._file_id:
            before = self._done
            try:
                await self._resume()
            except YolkError as error:
                if self._done > before:
                    failures, since = 0, time.monotonic()
                failures += 1
                self._piece = max(MIN_PIECE, self._piece // 2)
                if not error.temporary or time.monotonic() - since > STALLED:
                    raise
                await asyncio.sleep(self._backoff.jittered(failures, error.retry_after))
        return FileInfo.of(await self._http.call("GET", f"/files/{self._file_id}/info"))

    async def _resume(self) -> None:
        if self._path is None:
            self._note((await self._create()).headers)
        else:
            self._note((await self._ask("HEAD", self._path)).headers)
        while not self._file_id:
            await self._send_piece()

    async def _create(self) -> httpx.Response:
        kind = mimetypes.guess_type(self._name)[0] or "application/octet-stream"
        metadata = {"filename": self._name, "filetype": kind, "folder": self._folder}
        coded = [
            f"{key} {base64.b64encode(well_formed(value).encode()).decode()}"
            for key, value in metadata.items()
            if value
        ]
        headers = {"Upload-Length": str(self._size), "Upload-Metadata": ",".join(coded)}
        response = await self._ask("POST", "/upload/tus", headers)
        self._path = httpx.URL(response.headers["Location"]).path
        return response

    async def _send_piece(self) -> None:
        self._content.seek(self._done)
        piece = await asyncio.to_thread(self._content.read, self._piece)
        headers = {
            "Upload-Offset": str(self._done),
            "Content-Type": "application/offset+octet-stream",
        }
        self._note((await self._ask("PATCH", self._path or "", headers, piece)).headers)
        self._piece = min(MAX_PIECE, self._piece * 2)

    def _note(self, headers: httpx.Headers) -> None:
        """Store the server's offset; after the last piece it also sends the id of the file."""
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
            # The answer to the previous piece was lost: ask for the offset.
            raise YolkError("the offset does not match", status=409, temporary=True)
        if response.status_code in (404, 410) and self._path is not None:
            self._path, self._done = None, 0  # it expired: start again
            raise YolkError("the upload has expired", status=response.status_code, temporary=True)
        raise error_of(response)


def open_content(file: str | Path | bytes | BinaryIO) -> tuple[BinaryIO, str, bool]:
    """Return an open file, its name, and whether it was opened here."""
    if isinstance(file, bytes):
        return io.BytesIO(file), "file", True
    if isinstance(file, (str, Path)):
        return Path(file).open("rb"), Path(file).name, True
    return file, Path(str(getattr(file, "name", "file"))).name, False
