"""Static files for browsers: compressed once, versioned, and sent again only when they changed."""

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

GZIP_LEVEL = 9
MIN_GZIP_BYTES = 200
VERSION_DIGITS = 12
VERSION_SECONDS = 1.0
"""How long a computed version of the folder is used."""
VERSION = re.compile(rf"v-[0-9a-f]{{{VERSION_DIGITS}}}")
CACHE_FOREVER = "public, max-age=31536000, immutable"
CACHE_VALIDATED = "no-cache"
UNKNOWN_TYPE = "application/octet-stream"
GZIPPED_TYPES = ("text/", "application/json", "application/manifest+json", "image/svg+xml")
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".md": "text/plain"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    version: tuple[int, int]
    """The time of the last change in nanoseconds, and the size in bytes."""
    etag: str
    content_type: str
    plain: bytes
    compressed: bytes | None


class Assets:
    """
    The files of a folder.

    Each file is read and compressed when it is first requested, and again when it has changed on
    disk, so that a page can be edited without restarting the server. Below the version of the
    folder (`<uri>/v-<version>/<path>`) a file never changes, and browsers cache it for good.
    """

    def __init__(self, folder: Path, *, left_out: bytes = b"") -> None:
        self.left_out = left_out
        """What `mount_page` leaves out of a page."""
        self.folder = folder.resolve()
        self._cache: dict[Path, Asset] = {}
        self._digests: dict[Path, tuple[tuple[int, int], bytes]] = {}
        self._pages: dict[Path, tuple[Asset, str, Asset]] = {}
        self._version = ("", -VERSION_SECONDS)

    def mount(self, app: Sanic[Any, Any], uri: str, *, name: str) -> None:
        """Serve all files of the folder below *uri*."""
        handler = functools.partial(self._answer, file_or_directory=self.folder)
        uri = f"{uri.rstrip('/')}/<__file_uri__:path>"
        app.add_route(handler, uri, methods=("GET", "HEAD"), name=name, static=True)

    def mount_page(
        self, app: Sanic[Any, Any], uri: str, path: str, below: str, *, name: str
    ) -> None:
        """Serve the page *path* at *uri*, with the version added to its links `"<below>/..."`."""
        handler = functools.partial(
            self._answer_page, file_or_directory=self.folder / path, below=below
        )
        app.add_route(handler, uri, methods=("GET", "HEAD"), name=name, static=True)

    def page(self, path: Path, below: str) -> Asset:
        """Return a page as `mount_page` serves it."""
        plain, version = self.get(path), self.version
        page = self._pages.get(path)
        if page is None or page[:2] != (plain, version):
            text = plain.plain.replace(self.left_out, b"") if self.left_out else plain.plain
            text = text.replace(f'"{below}/'.encode(), f'"{below}/v-{version}/'.encode())
            page = (plain, version, _prepare(text, plain.version, plain.content_type))
            self._pages[path] = page
        return page[2]

    def get(self, path: Path) -> Asset:
        """
        Return a file of the folder.

        Raises:
            NotFound: the file does not exist, or is outside the folder.
        """
        try:
            path = path.resolve(strict=True)
            if not path.is_relative_to(self.folder) or not path.is_file():
                raise NotFound("There is no such file")
            stat = path.stat()
        except (OSError, ValueError) as error:
            raise NotFound("There is no such file") from error
        version = (stat.st_mtime_ns, stat.st_size)
        asset = self._cache.get(path)
        if asset is None or asset.version != version:
            asset = self._cache[path] = _read(path, version)
        return asset

    @property
    def version(self) -> str:
        """
        The version of the folder: a digest of all names and contents.

        It is the same on all servers that have the same files, whenever these were copied there.
        """
        version, computed = self._version
        if time.monotonic() - computed < VERSION_SECONDS:
            return version
        digest = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                digest.update(f"{path.relative_to(self.folder)}\n".encode() + self._digest(path))
        self._version = (digest.hexdigest()[:VERSION_DIGITS], time.monotonic())
        return self._version[0]

    def _digest(self, path: Path) -> bytes:
        """Return the digest of a file, which is read again only when it has changed."""
        stat = path.stat()
        version = (stat.st_mtime_ns, stat.st_size)
        known = self._digests.get(path)
        if known is None or known[0] != version:
            known = self._digests[path] = (version, hashlib.sha256(path.read_bytes()).digest())
        return known[1]

    async def _answer_page(
        self, request: Request, *, file_or_directory: Path, below: str
    ) -> HTTPResponse:
        return _answer(request, self.page(file_or_directory, below), CACHE_VALIDATED)

    async def _answer(
        self, request: Request, *, file_or_directory: Path, __file_uri__: str
    ) -> HTTPResponse:
        path = __file_uri__.lstrip("/")
        version, _, rest = path.partition("/")
        is_versioned = VERSION.fullmatch(version) is not None
        asset = self.get(file_or_directory / (rest if is_versioned else path))
        is_current = is_versioned and version == f"v-{self.version}"
        return _answer(request, asset, CACHE_FOREVER if is_current else CACHE_VALIDATED)


def _answer(request: Request, asset: Asset, caching: str) -> HTTPResponse:
    headers = {"ETag": asset.etag, "Cache-Control": caching}
    if asset.compressed is not None:
        headers["Vary"] = "Accept-Encoding"
    known = request.headers.get("if-none-match", "").split(",")
    if asset.etag in (each.strip() for each in known):
        return HTTPResponse(status=304, headers=headers)
    body = asset.plain
    if asset.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = asset.compressed
    return HTTPResponse(body, headers=headers, content_type=asset.content_type)


def _read(path: Path, version: tuple[int, int]) -> Asset:
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or UNKNOWN_TYPE
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    return _prepare(path.read_bytes(), version, kind)


def _prepare(plain: bytes, version: tuple[int, int], content_type: str) -> Asset:
    compressed = None
    if len(plain) >= MIN_GZIP_BYTES and content_type.startswith(GZIPPED_TYPES):
        compressed = gzip.compress(plain, GZIP_LEVEL, mtime=0)
    # Weak, because both encodings of the file share it (RFC 9110, section 8.8.1).
    etag = f'W/"{hashlib.sha256(plain).hexdigest()[:24]}"'
    return Asset(version, etag, content_type, plain, compressed)
