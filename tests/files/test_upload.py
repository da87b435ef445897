from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Serve
from tests.rows import add_user, rows
from tests.uploads import incoming, kept, picture, read, upload, uploaded
from yolk.testing import Server, User

SAMPLES = Path(__file__).parent / "samples"


async def test_a_file_is_read_as_it_was_uploaded(server: Server, ada: User) -> None:
    """A file is read as it was uploaded, with its name, length and type."""
    content = bytes(range(256)) * 4099
    before = incoming(server)

    info = await uploaded(ada, "raw data.bin", content)
    found = await read(ada, info["url"])

    assert info == {
        "id": info["id"],
        "url": f"/files/{info['id']}",
        "name": "raw data.bin",
        "size": len(content),
        "type": "application/octet-stream",
    }
    assert found.content == content
    assert await ada.get(f"/files/{info['id']}/info") == info
    assert incoming(server) == before


@pytest.mark.parametrize("folder", ["/holidays", "/2026/summer/sea-side", "/旅行"])
async def test_a_folder_is_a_label(server: Server, ada: User, folder: str) -> None:
    """A folder of up to three levels is stored with the file, and does not exist on the disk."""
    answer = await upload(ada, "a.txt", b"by the sea", folder)

    assert answer.status_code == 200, answer.text
    file_id = answer.json()["data"]["id"]
    assert rows(server, "SELECT folder FROM file WHERE id = ?", file_id) == [(folder[1:],)]
    assert not [
        path for path in server.data.rglob("*") if path.name == folder.rsplit("/", maxsplit=1)[-1]
    ]


@pytest.mark.parametrize(
    "name", ["写真 🐣.png", 'a "quoted" name.png', "no_end", "a%20b.png", "..."]
)
async def test_names_are_kept(ada: User, name: str) -> None:
    """A name may have any visible characters."""
    info = await uploaded(ada, name, picture())

    found = await read(ada, info["url"])

    assert info["name"] == name
    assert "attachment" not in found.headers["content-disposition"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"plain words\n", "text/plain"),
        ("汉字".encode() * 40_000, "text/plain"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "text/html"),
        (b"  <img src=x onerror=alert(1)>", "text/html"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "image/svg+xml"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"PK\x03\x04" + bytes(40), "application/zip"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "video/mp4"),
        (
            b"\0\0\0\x18ftypmp42\0\0\2\0isommp42" + b"\0\0\0\x20moov\0\0\0\x18hdlr" + b"soun" * 4,
            "audio/mp4",
        ),
        ((SAMPLES / "film-chromium.webm").read_bytes(), "video/webm"),
        ((SAMPLES / "voice-chromium.webm").read_bytes(), "audio/webm"),
        (b"OggS\0\2" + bytes(20) + b"\1\x13OpusHead", "audio/ogg"),
        (b"ID3\4\0\0\0\0\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64" + bytes(500), "audio/mpeg"),
        (b"\xff\xf1\x50\x80" + bytes(500), "audio/aac"),
        (b"", "application/octet-stream"),
        (b"\0" * 5000, "application/octet-stream"),
    ],
)
async def test_the_type_is_detected_from_the_content(ada: User, content: bytes, kind: str) -> None:
    """Neither the name nor the client decides the type."""
    answer = await upload(ada, "holiday.jpg", content)

    assert answer.json()["data"]["type"] == kind


async def test_the_same_content_is_stored_once(server: Server, ada: User, bob: User) -> None:
    """This holds for concurrent uploads, too: many files, one content."""
    content = b"the same " * 100_000
    before = set(kept(server))

    answers = await asyncio.gather(
        *(upload(user, "same.txt", content) for user in (ada, bob) for _ in range(4))
    )

    ids = {answer.json()["data"]["id"] for answer in answers}
    (path,) = set(kept(server)) - before
    assert len(ids) == 8
    assert path.name == hashlib.sha256(content).hexdigest()
    assert path.read_bytes() == content
    assert rows(server, "SELECT COUNT(*) FROM file WHERE hash = ?", path.name) == [(8,)]


async def test_only_the_first_file_of_a_form_counts(server: Server, ada: User) -> None:
    """Other fields, later files and the name of the field are ignored."""
    answer = await server.ask(
        "POST",
        "/upload",
        token=ada.token,
        data={"comment": "by the sea"},
        files=[("a", ("first.txt", b"first")), ("b", ("second.txt", b"second"))],
    )

    info = answer.json()["data"]
    assert info["name"] == "first.txt"
    assert (await read(ada, info["url"])).content == b"first"


async def test_a_boundary_may_be_split_anywhere(server: Server, ada: User) -> None:
    """Bytes that resemble the boundary belong to the file, however the body is split."""
    content = b"\r\n--edge" * 50 + b"\r\n--edg\r\r\n--"
    body = (
        b'--edges\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'
        + content
        + b"\r\n--edges--\r\n"
    )

    async def slowly() -> Any:
        for place in range(len(body)):
            yield body[place : place + 1]

    answer = await server.ask(
        "POST",
        "/upload",
        token=ada.token,
        headers={"content-type": "multipart/form-data; boundary=edges"},
        content=slowly(),
    )

    assert (await read(ada, answer.json()["data"]["url"])).content == content


async def test_expect_continue(server: Server, ada: User) -> None:
    """With `Expect: 100-continue` the body is sent after a 100, or not at all after a refusal."""
    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nhi\r\n--b--\r\n'

    async def ask(length: int, token: str) -> tuple[bytes, asyncio.StreamWriter, Any]:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            b"POST /upload HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n"
            + f"Token: {token}\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        return await asyncio.wait_for(reader.readuntil(b"\r\n"), 10), writer, reader

    line, writer, reader = await ask(len(body), ada.token)
    assert line == b"HTTP/1.1 100 Continue\r\n"
    writer.write(body)
    assert await reader.readuntil(b"\r\n") == b"\r\n"
    assert await reader.readuntil(b"\r\n") == b"HTTP/1.1 200 OK\r\n"
    writer.close()

    for length, token, status in ((2**40, ada.token, b"413"), (len(body), "", b"401")):
        line, writer, reader = await ask(length, token)
        # Sanic says 100 before every answer to such a request; the body was not waited for.
        if b"100" in line:
            await reader.readuntil(b"\r\n")
            line = await reader.readuntil(b"\r\n")
        assert status in line
        writer.close()


async def test_two_workers_store_one_content(serve: Serve) -> None:
    """Workers share the disk, and none removes what another is writing."""
    server = serve(WORKERS="2")
    ada = add_user(server, "ada")
    content = [bytes([number]) * 3_000_000 for number in range(3)]

    answers = await asyncio.gather(
        *(upload(ada, "a.bin", content[number % 3]) for number in range(18))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len(kept(server)) == 3
    assert incoming(server) == []
