"""A folder of small files for browsers: compressed once, and sent only when they changed."""

from __future__ import annotations

import functools
import gzip
import hashlib
import mimetypes
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sanic import Request, Sanic
from sanic.exceptions import NotFound
from sanic.response import HTTPResponse

LEVEL = 9
VERSION_DIGITS = 12
VERSION_SECONDS = 1.0
VERSION = re.compile(rf"v-[0-9a-f]{{{VERSION_DIGITS}}}")
FOREVER = "public, max-age=31536000, immutable"
UNKNOWN = "application/octet-stream"
SMALLEST = 200  # bytes; less is not worth compressing
COMPRESSED = ("text/", "application/json", "application/manifest+json", "image/svg+xml")
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".md": "text/plain"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it goes over the wire."""

    version: tuple[int, int]  # when it was written last, in ns, and its size
    etag: str
    content_type: str
    plain: bytes
    compressed: bytes | None


class Assets:
    """
    The files of a folder.

    Each is read and compressed when it is asked for first, and again when it changed on the disk,
    so that who works on the page need not restart the server. Below the version of the folder
    (`<uri>/v-<version>/<path>`) a file never changes, and browsers need not ask for it again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._held: dict[Path, Asset] = {}
        self._page: tuple[Asset, str, Asset] | None = None
        self._version = ("", -VERSION_SECONDS)

    def mount(self, app: Sanic[Any, Any], uri: str, path: str = "", *, name: str) -> None:
        """Serve the file *path* of the folder at *uri*, or with no path all files below it."""
        where = self.folder / path
        handler = functools.partial(self._answer, file_or_directory=where)
        if not path:
            uri = f"{uri.rstrip('/')}/<__file_uri__:path>"
        app.add_route(handler, uri, methods=("GET", "HEAD"), name=name, static=True)

    def mount_page(
        self, app: Sanic[Any, Any], uri: str, path: str, below: str, *, name: str
    ) -> None:
        """Serve a page that names files as `"<below>/..."`: they are asked for by their version."""
        handler = functools.partial(
            self._answer_page, file_or_directory=self.folder / path, below=below
        )
        app.add_route(handler, uri, methods=("GET", "HEAD"), name=name, static=True)

    def page(self, path: Path, below: str) -> Asset:
        """Give a page as `mount_page` serves it."""
        plain, version = self.get(path), self.version
        if self._page is None or self._page[:2] != (plain, version):
            text = plain.plain.replace(f'"{below}/'.encode(), f'"{below}/v-{version}/'.encode())
            self._page = (plain, version, _prepare(text, plain.version, plain.content_type))
        return self._page[2]

    def get(self, path: Path) -> Asset:
        """
        Give a file of the folder.

        Raises:
            NotFound: there is none of that name, or it lies outside.
        """
        try:
            path = path.resolve(strict=True)
            if not path.is_relative_to(self.folder) or not path.is_file():
                raise NotFound(f"{path.name} is not here")
            stat = path.stat()
        except (OSError, ValueError) as error:
            raise NotFound("There is no such file") from error
        held = self._held.get(path)
        if held is None or held.version != (stat.st_mtime_ns, stat.st_size):
            held = self._held[path] = _read(path, (stat.st_mtime_ns, stat.st_size))
        return held

    @property
    def version(self) -> str:
        """What all files of the folder are, in one short name; at most a second old."""
        known, since = self._version
        if time.monotonic() - since < VERSION_SECONDS:
            return known
        found = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                stat = path.stat()
                found.update(f"{path} {stat.st_mtime_ns} {stat.st_size}\n".encode())
        self._version = (found.hexdigest()[:VERSION_DIGITS], time.monotonic())
        return self._version[0]

    async def _answer_page(
        self, request: Request, *, file_or_directory: Path, below: str
    ) -> HTTPResponse:
        return _answer(request, self.page(file_or_directory, below), "no-cache")

    async def _answer(
        self, request: Request, *, file_or_directory: Path, __file_uri__: str = ""
    ) -> HTTPResponse:
        named, _, rest = __file_uri__.lstrip("/").partition("/")
        is_versioned = VERSION.fullmatch(named) is not None
        inside = rest if is_versioned else __file_uri__.lstrip("/")
        asset = self.get(file_or_directory / inside if inside else file_or_directory)
        is_fixed = is_versioned and named == f"v-{self.version}"
        return _answer(request, asset, FOREVER if is_fixed else "no-cache")


def _answer(request: Request, asset: Asset, caching: str) -> HTTPResponse:
    headers = {"ETag": asset.etag, "Cache-Control": caching}
    if asset.compressed is not None:
        headers["Vary"] = "Accept-Encoding"
    asked = request.headers.get("if-none-match", "").split(",")
    if asset.etag in (each.strip() for each in asked):
        return HTTPResponse(status=304, headers=headers)
    body = asset.plain
    if asset.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = asset.compressed
    return HTTPResponse(body, headers=headers, content_type=asset.content_type)


def _read(path: Path, version: tuple[int, int]) -> Asset:
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or UNKNOWN
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    return _prepare(path.read_bytes(), version, kind)


def _prepare(plain: bytes, version: tuple[int, int], content_type: str) -> Asset:
    compressed = None
    if len(plain) >= SMALLEST and content_type.startswith(COMPRESSED):
        compressed = gzip.compress(plain, LEVEL, mtime=0)
    # Weak: what is compressed and what is not are the same file in other bytes (RFC 9110, 8.8.1).
    etag = f'W/"{hashlib.sha256(plain).hexdigest()[:24]}"'
    return Asset(version, etag, content_type, plain, compressed)
