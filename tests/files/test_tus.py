"""Uploads in pieces, as https://tus.io/protocols/resumable-upload says."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from random import Random
from typing import Any

import pytest

from tests.conftest import Serve
from tests.rows import add_user, redis, rows
from tests.uploads import (
    OFFSET,
    TUS,
    add,
    begin,
    configured,
    incoming,
    metadata,
    nothing_left,
    picture,
    read,
    tus,
)
from yolk.testing import Server, User

CONTENT = bytes(range(251)) * 4000


async def test_the_last_piece_makes_the_file(server: Server, ada: User) -> None:
    """The last piece creates the file, and its answer names it."""
    path = await begin(ada, len(CONTENT), filename="большой.bin", folder="a/b")
    answers = []
    for start, end in ((0, 1), (1, 400_000), (400_000, 400_000), (400_000, len(CONTENT))):
        answer = await add(ada, path, start, CONTENT[start:end])
        answers.append(answer)
        assert answer.status_code == 204
        assert answer.headers["upload-offset"] == str(end)
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert "upload-expires" in answer.headers

    file_id = answers[-1].headers["upload-file"]
    info = await ada.get(f"/files/{file_id}/info")

    assert (info["name"], info["size"]) == ("большой.bin", len(CONTENT))
    assert (await read(ada, info["url"])).content == CONTENT
    assert rows(server, "SELECT folder, hash FROM file WHERE id = ?", file_id) == [
        ("a/b", hashlib.sha256(CONTENT).hexdigest())
    ]
    # Whoever did not hear the last answer asks, and hears it.
    again = await tus(ada, "HEAD", path)
    assert again.headers["upload-offset"] == again.headers["upload-length"] == str(len(CONTENT))
    assert again.headers["upload-file"] == file_id
    repeated = await add(ada, path, len(CONTENT), b"")
    assert (repeated.status_code, repeated.headers["upload-file"]) == (204, file_id)
    assert (await tus(ada, "DELETE", path)).status_code == 204
    assert (await read(ada, info["url"])).status_code == 200


async def test_a_picture_in_pieces(ada: User) -> None:
    """It is processed as any other picture."""
    content = picture("JPEG", (600, 600))
    path = await begin(ada, len(content), filename="a.jpg")
    await add(ada, path, 0, content[:100])

    answer = await add(ada, path, 100, content[100:])

    info = await ada.get(f"/files/{answer.headers['upload-file']}/info")
    assert (info["width"], info["thumbnail"]) == (600, True)


async def test_options(server: Server) -> None:
    """OPTIONS lists what is supported, and needs no token."""
    for path in ("/upload/tus", "/upload/tus/x"):
        answer = await server.ask("OPTIONS", path)
        assert answer.status_code == 204
        assert answer.headers["tus-version"] == "1.0.0"
        assert answer.headers["tus-max-size"] == str(2 * 2**30)
        assert "creation" in answer.headers["tus-extension"]


async def test_creation_with_upload(ada: User) -> None:
    """This is creation-with-upload; an empty upload is complete at once."""
    head = {"Upload-Length": "10", "Content-Type": OFFSET}
    first = await tus(ada, "POST", "/upload/tus", headers=head, content=b"01234")
    empty = await tus(ada, "POST", "/upload/tus", headers={"Upload-Length": "0"})

    assert (first.status_code, first.headers["upload-offset"]) == (201, "5")
    answer = await add(ada, first.headers["location"], 5, b"56789")
    assert (await read(ada, f"/files/{answer.headers['upload-file']}")).content == b"0123456789"
    assert (await read(ada, f"/files/{empty.headers['upload-file']}")).content == b""


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_method_override(ada: User, method: str) -> None:
    """Clients without PATCH and DELETE send POST with X-HTTP-Method-Override."""
    path = await begin(ada, 3)
    answer = await tus(
        ada,
        "POST",
        path,
        headers={"X-HTTP-Method-Override": method, "Upload-Offset": "0", "Content-Type": OFFSET},
        content=b"abc" if method == "PATCH" else b"",
    )

    assert answer.status_code == 204
    assert ("upload-file" in answer.headers) == (method == "PATCH")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("POST", "", {"Tus-Resumable": "0.2.0", "Upload-Length": "1"}, 412, 1002),
        ("POST", "", {}, 400, 1002),
        ("POST", "", {"Upload-Length": "-1"}, 400, 1002),
        ("POST", "", {"Upload-Length": "x"}, 400, 1002),
        ("POST", "", {"Upload-Defer-Length": "1"}, 400, 1002),
        ("POST", "", {"Upload-Length": str(2**31 + 1)}, 413, 2062),
        ("POST", "", {"Upload-Length": "1", "Upload-Metadata": "filename ?"}, 400, 1002),
        (
            "POST",
            "",
            {"Upload-Length": "1", "Upload-Metadata": metadata(filename="../x")},
            400,
            2063,
        ),
        ("POST", "", {"Upload-Length": "1", "Upload-Metadata": metadata(folder="..")}, 400, 2063),
        ("HEAD", "/nonsense", {}, 404, None),
        ("HEAD", "/..%2f..%2fkept", {}, 404, None),
        ("PATCH", "/01a20900-0000-7000-8000-000000000000", {"Upload-Offset": "0"}, 415, 1002),
        (
            "PATCH",
            "/01a20900-0000-7000-8000-000000000000",
            {"Upload-Offset": "0", "Content-Type": OFFSET},
            404,
            2060,
        ),
        ("PATCH", "/01a20900-0000-7000-8000-000000000000", {"Content-Type": OFFSET}, 400, 1002),
        ("DELETE", "/01a20900-0000-7000-8000-000000000000", {}, 404, 2060),
    ],
)
async def test_invalid_requests(
    server: Server,
    ada: User,
    method: str,
    path: str,
    headers: dict[str, str],
    status: int,
    code: Any,
) -> None:
    """An invalid request is refused, and leaves nothing."""
    before = incoming(server)

    answer = await tus(ada, method, f"/upload/tus{path}", headers=headers)

    assert answer.status_code == status
    assert answer.headers["tus-resumable"] == "1.0.0"
    if code:
        assert answer.json()["code"] == code
    assert incoming(server) == before


async def test_an_upload_belongs_to_its_user(ada: User, bob: User) -> None:
    """Nobody else can read its offset, add to it or end it."""
    path = await begin(ada, 3)

    answers = [await tus(bob, "HEAD", path), await add(bob, path, 0, b"abc")]
    answers.append(await tus(bob, "DELETE", path))

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert (await add(ada, path, 0, b"abc")).status_code == 204


async def test_a_piece_must_start_at_the_offset(ada: User) -> None:
    """A piece before or behind the offset, or beyond the end, is refused."""
    path = await begin(ada, 10)
    assert (await add(ada, path, 0, b"0123")).status_code == 204

    for offset in (0, 3, 5, 10):
        answer = await add(ada, path, offset, b"xx")
        assert (answer.status_code, answer.json()["code"]) == (409, 2066)
    beyond = await add(ada, path, 4, b"4567890")

    assert (beyond.status_code, beyond.json()["code"]) == (400, 2064)
    assert (await tus(ada, "HEAD", path)).headers["upload-offset"] == "4"
    answer = await add(ada, path, 4, b"456789")
    assert (await read(ada, f"/files/{answer.headers['upload-file']}")).content == b"0123456789"


async def test_checksums(ada: User) -> None:
    """A piece that does not match is dropped, and can be sent again."""
    path = await begin(ada, 8)
    await add(ada, path, 0, b"0123")
    good = base64.b64encode(hashlib.sha1(b"4567", usedforsecurity=False).digest()).decode()

    wrong = await add(ada, path, 4, b"4568", **{"Upload-Checksum": f"sha1 {good}"})
    unknown = await add(ada, path, 4, b"4567", **{"Upload-Checksum": f"crc32 {good}"})
    right = await add(ada, path, 4, b"4567", **{"Upload-Checksum": f"sha1 {good}"})

    assert (wrong.status_code, wrong.json()["code"]) == (460, 2067)
    assert unknown.status_code == 400
    assert (await read(ada, f"/files/{right.headers['upload-file']}")).content == b"01234567"


async def half_a_piece(user: User, path: str, content: bytes, length: int) -> asyncio.StreamWriter:
    """Send the beginning of a piece, and wait until it has been written."""
    _, writer = await asyncio.open_connection("127.0.0.1", user.server.port)
    head = {**TUS, "Host": "x", "Token": user.token, "Upload-Offset": "0", "Content-Type": OFFSET}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    writer.write(
        f"PATCH {path} HTTP/1.1\r\n{lines}Content-Length: {length}\r\n\r\n".encode() + content
    )
    stored = user.server.data / "files" / "incoming" / path.rpartition("/")[2] / "content"
    async with asyncio.timeout(10):
        while not (stored.exists() and stored.stat().st_size):
            await asyncio.sleep(0.01)
    return writer


async def settled(user: User, path: str, offset: int = 0) -> int:
    """Return the offset of an upload, once nothing is added to it any more."""
    async with asyncio.timeout(10):
        while True:
            found = await tus(user, "HEAD", path)
            answer = await add(user, path, int(found.headers["upload-offset"]), b"")
            if answer.status_code == 204:
                return int(answer.headers["upload-offset"])
            assert answer.status_code in (409, 423)


async def test_a_disconnect_keeps_the_received_bytes(ada: User) -> None:
    """The client asks for the offset, and continues from there."""
    path = await begin(ada, len(CONTENT))
    writer = await half_a_piece(ada, path, CONTENT[:600_000], len(CONTENT))
    writer.transport.abort()

    offset = await settled(ada, path)
    answer = await add(ada, path, offset, CONTENT[offset:])

    assert 0 < offset <= 600_000
    assert (await read(ada, f"/files/{answer.headers['upload-file']}")).content == CONTENT


async def test_concurrent_pieces(ada: User) -> None:
    """One is accepted, the other is told to retry; nothing is mixed."""
    path = await begin(ada, len(CONTENT))
    writer = await half_a_piece(ada, path, CONTENT[:300_000], len(CONTENT))

    second = await add(ada, path, 0, CONTENT)
    removing = await tus(ada, "DELETE", path)
    writer.write(CONTENT[300_000:])
    await writer.drain()
    async with asyncio.timeout(10):
        while "upload-file" not in (found := await tus(ada, "HEAD", path)).headers:
            pass
    writer.close()
    both = await begin(ada, len(CONTENT))
    answers = await asyncio.gather(*(add(ada, both, 0, CONTENT) for _ in range(2)))

    assert (second.status_code, second.json()["code"]) == (423, 5005)
    assert second.json()["temporary"] is True
    assert removing.status_code == 423
    assert (await read(ada, f"/files/{found.headers['upload-file']}")).content == CONTENT
    assert sorted(one.status_code for one in answers)[0] == 204
    assert {one.status_code for one in answers} <= {204, 409, 423}
    assert (await read(ada, f"/files/{both.rpartition('/')[2]}")).content == CONTENT


async def test_an_upload_survives_restarts(serve: Serve) -> None:
    """An upload continues where it was, after a stop and after a kill."""
    server = serve()
    ada = add_user(server, "ada")
    path = await begin(ada, len(CONTENT), filename="a.bin")
    await add(ada, path, 0, CONTENT[:100_000])

    writer = await half_a_piece(ada, await begin(ada, 900_000), bytes(270_000), 900_000)
    assert server.stop() == 0
    server.start()
    await add(ada, path, 100_000, CONTENT[100_000:200_000])
    server.kill()
    server.start()
    answer = await add(ada, path, 200_000, CONTENT[200_000:])
    writer.close()

    assert (await read(ada, f"/files/{answer.headers['upload-file']}")).content == CONTENT


async def test_uploads_expire(tmp_path: Any) -> None:
    """An upload that nobody resumes expires and is removed."""
    server = configured(tmp_path, {"upload_expires_in": 1}).start()
    try:
        ada = add_user(server, "ada")
        path = await begin(ada, 100)
        await add(ada, path, 0, bytes(50))
        async with asyncio.timeout(10):
            while (await tus(ada, "HEAD", path)).status_code != 404:
                await asyncio.sleep(0.1)
        assert (await add(ada, path, 50, bytes(50))).status_code == 404
        server.stop()
        server.start()
        await nothing_left(server)
        with redis(server) as connection:
            assert not connection.keys("upload_quota_*")
    finally:
        server.stop()


async def test_a_disconnect_at_any_moment_leaves_no_lock(server: Server, ada: User) -> None:
    """No lock remains, even if the connection is cut while the server takes it."""
    random = Random(5)
    there = {*incoming(server)}
    path = await begin(ada, len(CONTENT))
    head = (
        f"Host: x\r\nAuthorization: Bearer {ada.token}\r\nTus-Resumable: 1.0.0\r\n"
        f"Content-Type: {OFFSET}\r\nUpload-Offset: 0\r\n"
    )
    resuming = f"PATCH {path} HTTP/1.1\r\n{head}Content-Length: {len(CONTENT)}\r\n\r\n"
    plain = (
        f"POST /upload HTTP/1.1\r\n{head}Content-Length: 1000\r\n\r\n".replace(
            OFFSET, "multipart/form-data; boundary=b"
        )
        + '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    )

    for request in [resuming, plain] * 150:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request.encode())
        await asyncio.sleep(random.uniform(0, 0.006))
        writer.transport.abort()

    async with asyncio.timeout(10):
        while (answer := await add(ada, path, 0, CONTENT)).status_code == 423:
            await asyncio.sleep(0.05)
    assert answer.status_code == 204
    assert (await tus(ada, "DELETE", path)).status_code == 204
    async with asyncio.timeout(10):
        while not there.issuperset(incoming(server)):
            await asyncio.sleep(0.05)
