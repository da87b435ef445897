"""Refused uploads: the error, and nothing left on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rows import add_user, rows
from tests.uploads import (
    EXE,
    add,
    begin,
    configured,
    incoming,
    kept,
    limited,
    nothing_left,
    picture,
    tus,
    upload,
)
from yolk.testing import Server, User

LIMITS = {
    "image_bytes": 20_000,
    "audio_bytes": 100_000,
    "video_bytes": 200_000,
    "file_bytes": 300_000,
    "user_bytes": 500_000,
    "pixels": 10_000,
    "patience": 1.0,
    "refused_types": ["application/zip", "application/vnd.microsoft.portable-executable"],
}
ID3 = b"ID3\4\0\0\0\0\0\0"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat with low limits for uploads."""
    running = configured(tmp_path_factory.mktemp("small"), LIMITS).start()
    yield running
    running.stop()


@pytest.fixture
def eve(small: Server) -> User:
    """Return Eve, a user of that chat."""
    return add_user(small, "eve")


async def refused(user: User, answer: Any, status: int, code: int) -> None:
    """Check how an upload was refused, and that nothing is left of it."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    await nothing_left(user.server)
    assert rows(user.server, "SELECT id FROM file WHERE user_id = ?", user.id) == []


@pytest.mark.parametrize(
    "name",
    [
        "../..",
        "a/",
        "a\\",
        "..",
        ".",
        "",
        "   ",
        "x" * 256,
        "photo\u202egpj.exe",
        "a\x00b",
        "a\tb",
    ],
)
async def test_invalid_names(small: Server, eve: User, name: str) -> None:
    """A name that is empty, too long, or has invisible characters is refused."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="'
        + name.encode()
        + b'"\r\n\r\nhello\r\n--b--\r\n'
    )
    answer = await small.ask(
        "POST",
        "/upload",
        token=eve.token,
        headers={"content-type": "multipart/form-data; boundary=b"},
        content=body,
    )

    await refused(eve, answer, 400, 2063)
    assert kept(small) == []


@pytest.mark.parametrize(
    "folder",
    [
        "/..",
        "/%2e%2e/%2e%2e",
        "/a/../b",
        "/a%2F..%2Fb",
        "/a/b/c/d",
        "/a//b",
        "/a b",
        "/" + "x" * 33,
    ],
)
async def test_invalid_folders(small: Server, eve: User, folder: str) -> None:
    """An invalid folder is refused."""
    reader, writer = await asyncio.open_connection("127.0.0.1", small.port)
    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n--b--\r\n'
    # By hand: clients tidy addresses up.
    writer.write(
        f"POST /upload{folder.replace(' ', '%20')} HTTP/1.1\r\nHost: x\r\nToken: {eve.token}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()

    assert b" 400 " in answer.split(b"\r\n")[0]
    assert b'"code":2063' in answer
    await nothing_left(small)
    assert kept(small) == []


@pytest.mark.parametrize("content", [EXE, EXE + bytes(250_000), b"PK\x03\x04" + bytes(40)])
async def test_refused_types(eve: User, content: bytes) -> None:
    """A program is refused by its first bytes, whatever its name."""
    await refused(eve, await upload(eve, "cat.png", content), 415, 2061)


@pytest.mark.parametrize(
    "content",
    [
        bytes(300_001),
        ID3 + bytes(100_000),
        b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(200_000),
        picture("BMP", (90, 90)),
        bytes(5_000_000),
    ],
)
async def test_too_many_bytes_for_the_type(eve: User, content: bytes) -> None:
    """Each type has its limit; one byte more is refused."""
    await refused(eve, await upload(eve, "a", content), 413, 2062)


async def test_the_largest_size_of_a_type(eve: User) -> None:
    """The limit itself is allowed."""
    for content in (bytes(300_000), ID3 + bytes(99_990)):
        assert (await upload(eve, "a", content)).status_code == 200


async def test_a_file_too_large_is_refused_early(small: Server, eve: User) -> None:
    """An upload that is too large is refused early, with or without its length in the head."""
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
        while sent < 2**33:
            sent += 65536
            yield bytes(65536)

    reader, writer = await asyncio.open_connection("127.0.0.1", small.port)
    writer.write(
        f"POST /upload HTTP/1.1\r\nHost: x\r\nToken: {eve.token}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n"
        "Transfer-Encoding: chunked\r\n\r\n".encode()
    )

    async def send() -> None:
        async for chunk in endless():
            writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            await writer.drain()

    sending = asyncio.create_task(send())
    answer = await asyncio.wait_for(reader.readuntil(b"}"), 10)
    sending.cancel()
    writer.transport.abort()

    assert b"413" in answer.split(b"\r\n")[0]
    assert b'"code":2062' in answer
    await nothing_left(small)


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        picture()[:-20],
        picture("JPEG")[:-200],
        picture("GIF")[:30],
        picture("WEBP")[:60],
        b"\xff\xd8\xff\xe0 not a picture at all",
        picture("PNG", (101, 100)),
    ],
)
async def test_malformed_pictures(eve: User, content: bytes) -> None:
    """A file that begins as a picture has to be one, and not exceed the limit of pixels."""
    await refused(eve, await upload(eve, "a.png", content), 400, 2065)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--b--"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b--\r\n"),
        ("multipart/form-data; boundary=b", b"no form at all"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\nno file\r\n--b--\r\n',
        ),
        # The end is missing: a declared length that is too short looks like this.
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nhalf a fi',
        ),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"x" * 100_000),
    ],
)
async def test_malformed_forms(small: Server, eve: User, kind: str, body: bytes) -> None:
    """A body that is not a complete form with a file is refused."""
    answer = await small.ask(
        "POST", "/upload", token=eve.token, headers={"content-type": kind}, content=body
    )

    await refused(eve, answer, 400, 2064)


async def begin_by_hand(
    user: User, length: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send the head of an upload and a part of the file."""
    reader, writer = await asyncio.open_connection("127.0.0.1", user.server.port)
    writer.write(
        f"POST /upload HTTP/1.1\r\nHost: x\r\nToken: {user.token}\r\nContent-Length: {length}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode()
        + b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
        + bytes(270_000)
    )
    async with asyncio.timeout(10):
        while not incoming(user.server):
            await asyncio.sleep(0.01)
    return reader, writer


async def test_a_disconnect_leaves_nothing(small: Server, eve: User) -> None:
    """A connection that breaks leaves nothing."""
    _, writer = await begin_by_hand(eve, 280_000)
    writer.transport.abort()

    await nothing_left(small)
    assert rows(small, "SELECT id FROM file WHERE user_id = ?", eve.id) == []


async def test_a_client_that_stops_sending(small: Server, eve: User) -> None:
    """A client that sends nothing for `patience` seconds gets an error."""
    reader, writer = await begin_by_hand(eve, 280_000)

    answer = await asyncio.wait_for(reader.readuntil(b"}"), 10)

    assert b" 400 " in answer.split(b"\r\n")[0]
    assert b'"code":2064' in answer
    await nothing_left(small)
    writer.close()


async def test_a_slow_client(small: Server, eve: User) -> None:
    """The server waits as long as data arrive."""
    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nslow\r\n--b--\r\n'

    async def slowly() -> Any:
        for place in range(0, len(body), 20):
            await asyncio.sleep(0.5)
            yield body[place : place + 20]

    answer = await small.ask(
        "POST",
        "/upload",
        token=eve.token,
        headers={"content-type": "multipart/form-data; boundary=b"},
        content=slowly(),
    )

    assert answer.status_code == 200


async def test_the_quota_of_a_user(small: Server, eve: User) -> None:
    """The unfinished uploads of a user share a limit, which does not affect others."""
    mallory = add_user(small, "mallory")
    _, first = await begin_by_hand(eve, 290_000)

    answer = await upload(eve, "a", bytes(250_000))
    other = await upload(mallory, "a", bytes(250_000))

    assert (answer.status_code, answer.json()["code"]) == (429, 4001)
    assert answer.json()["temporary"] is True
    assert int(answer.headers["retry-after"]) >= 1
    assert other.status_code == 200
    first.transport.abort()
    await nothing_left(small)
    assert (await upload(eve, "a", bytes(250_000))).status_code == 200


async def test_resumable_uploads_count_for_the_quota(small: Server, eve: User) -> None:
    """Uploads that can be resumed count until they expire."""
    paths = []
    for _ in range(2):
        paths.append(await begin(eve, 300_000))
        assert (await add(eve, paths[-1], 0, bytes(190_000))).status_code == 204

    answer = await upload(eve, "a", bytes(200_000))
    for path in paths:
        await tus(eve, "DELETE", path)

    assert (answer.status_code, answer.json()["code"]) == (429, 4001)
    assert (await upload(eve, "a", bytes(200_000))).status_code == 200
    assert incoming(small) == []


@pytest.mark.parametrize(
    ("length", "content", "code"),
    [
        (300_001, b"", 2062),
        (200_000, EXE, 2061),
        (150_000, ID3, 2062),
        (15_000, picture()[:50], 2065),
    ],
)
async def test_resumable_uploads_have_the_same_limits(
    small: Server, eve: User, length: int, content: bytes, code: int
) -> None:
    """Files that are refused are refused in pieces, too, and are removed with the refusal."""
    answer = await tus(eve, "POST", "/upload/tus", headers={"Upload-Length": str(length)})
    if answer.status_code == 201:
        content = content + bytes(length - len(content))
        answer = await add(eve, answer.headers["location"], 0, content)

    await refused(eve, answer, answer.status_code, code)


async def test_an_upload_without_a_token(small: Server) -> None:
    """A refusal before the body reads no body, and the client can read the refusal."""
    answer = await small.ask("POST", "/upload", files={"f": ("a", bytes(5_000_000))})

    assert answer.json()["code"] == 3001
    assert incoming(small) == []


async def test_a_full_disk(tmp_path: Any) -> None:
    """A file that does not fit is refused as temporary, and what was written is removed."""
    server = limited(tmp_path / "data", 8 * 2**20).start()
    try:
        ada = add_user(server, "ada")
        answer = await upload(ada, "a", bytes(12 * 2**20))
        await refused(ada, answer, 503, 5004)
        assert answer.json()["temporary"] is True

        assert (await upload(ada, "b", bytes(2**20))).status_code == 200

        # Of a resumable upload what fitted stays: it goes on when there is room.
        path = await begin(ada, 12 * 2**20)
        answer = await add(ada, path, 0, bytes(12 * 2**20))
        assert answer.json()["code"] == 5004
        assert (await tus(ada, "HEAD", path)).headers["upload-offset"] == str(8 * 2**20)
        assert (await tus(ada, "DELETE", path)).status_code == 204
        assert incoming(server) == []
        assert len(kept(server)) == 1
    finally:
        server.stop()
