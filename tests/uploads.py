"""Files to upload, ways to upload them, and the files on the disk afterwards."""

from __future__ import annotations

import asyncio
import base64
import io
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from tests.conftest import ROOT
from tests.copies import copy_chat
from tests.servers import ChatServer
from yolk.testing import Server, User

TUS = {"Tus-Resumable": "1.0.0"}
OFFSET = "application/offset+octet-stream"
EXE = b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff" + bytes(200)
SECRET = b"48 deg 51 min N"
"""The place in the metadata of a picture."""


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    """Return a picture, red on the left and blue on the right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, size[0], size[1]))
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def with_place(kind: str, orientation: int = 1) -> bytes:
    """Return a picture whose metadata say where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = SECRET.decode()
    return picture(kind, (60, 40), exif=exif)


async def upload(
    user: User, name: str, content: bytes, folder: str = "", **options: Any
) -> httpx.Response:
    """Upload a file in one piece."""
    return await user.server.ask(
        "POST", f"/upload{folder}", token=user.token, files={"file": (name, content)}, **options
    )


async def uploaded(user: User, name: str, content: bytes) -> dict[str, Any]:
    """Upload a file, and return the data of the answer."""
    answer = await upload(user, name, content)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


async def read(user: User, path: str, **headers: str) -> httpx.Response:
    """Read a file."""
    return await user.server.ask("GET", path, token=user.token, headers=headers)


def metadata(**values: str) -> str:
    """Return a value of the header `Upload-Metadata`."""
    return ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items()
    )


async def tus(user: User, method: str, path: str, **options: Any) -> httpx.Response:
    """Send a request of the tus protocol."""
    headers = {**TUS, **options.pop("headers", {})}
    return await user.server.ask(method, path, token=user.token, headers=headers, **options)


async def begin(user: User, length: int, **values: str) -> str:
    """Create a resumable upload, and return its path."""
    headers = {"Upload-Length": str(length), "Upload-Metadata": metadata(**values)}
    answer = await tus(user, "POST", "/upload/tus", headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def add(user: User, path: str, offset: int, content: bytes, **more: str) -> httpx.Response:
    """Send a piece of a resumable upload."""
    headers = {"Upload-Offset": str(offset), "Content-Type": OFFSET, **more}
    return await tus(user, "PATCH", path, headers=headers, content=content)


def incoming(server: Server) -> list[str]:
    """Return the names in the folder of uploads in progress."""
    folder = server.data / "files" / "incoming"
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def kept(server: Server) -> list[Path]:
    """Return the files in the storage."""
    folder = server.data / "files" / "kept"
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def nothing_left(server: Server) -> None:
    """Wait until no upload is under way, and none has left anything."""
    deadline = time.monotonic() + 10
    while found := incoming(server):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.01)


def configured(folder: Path, files: Mapping[str, Any], env: Mapping[str, str] = {}) -> Server:
    """Return a chat with other settings for files."""
    changes = {"config/config_local.py": f"files = {dict(files)!r}\n"}
    return ChatServer(copy_chat(folder, changes), folder / "data", env)


def limited(folder: Path, size: int) -> Server:
    """Return a chat that can write no file beyond *size* bytes, as on a full disk."""
    command = [
        "python",
        "-c",
        "import os, resource, sys;"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}));"
        "os.execv(sys.argv[1], sys.argv[1:])",
    ]
    made = ChatServer(ROOT, folder)
    made.command = [made.command[0], *command[1:], *made.command]
    return made
