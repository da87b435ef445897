"""What a crash, a stop or a lost database leaves of uploads: nothing half."""

from __future__ import annotations

import asyncio
import hashlib

import httpx

from tests.conftest import Serve
from tests.rows import add_user, database, redis, rows
from tests.uploads import add, begin, incoming, kept, nothing_left, picture, read, tus, upload
from yolk.testing import User

HEAD = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'


async def under_way(
    user: User, count: int = 1
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Begin an upload, and wait until some of it, and of *count* in all, lies on the disk."""
    reader, writer = await asyncio.open_connection("127.0.0.1", user.server.port)
    writer.write(
        f"POST /upload HTTP/1.1\r\nHost: x\r\nToken: {user.token}\r\nContent-Length: 9000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode()
        + HEAD
        + bytes(2_000_000)
    )
    folder = user.server.data / "files" / "incoming"
    async with asyncio.timeout(10):
        while sum(path.stat().st_size > 1_000_000 for path in folder.glob("*/content")) < count:
            await asyncio.sleep(0.01)
    return reader, writer


async def test_uploads_of_a_killed_server_are_removed(serve: Serve) -> None:
    """An upload in progress is removed at the next start, and was never visible."""
    server = serve()
    ada = add_user(server, "ada")
    connections = [await under_way(ada, count) for count in (1, 2, 3)]
    server.kill()
    left = incoming(server)
    server.start()

    await nothing_left(server)
    for _, writer in connections:
        writer.close()
    assert len(left) == 3
    assert kept(server) == []
    assert rows(server, "SELECT COUNT(*) FROM file") == [(0,)]
    # Their reservations of the quota expire, too.
    assert (await upload(ada, "a", b"x")).status_code == 200


async def test_a_kill_leaves_whole_files_only(serve: Serve) -> None:
    """Whenever the server is killed, all listed files are complete, and nothing else remains."""
    server = serve()
    ada = add_user(server, "ada")
    answered: dict[str, bytes] = {}

    async def go_on(number: int) -> None:
        content = picture("PNG", (300 + number, 200))
        for step in range(1000):
            content = picture("PNG", (300 + number, 200 + step)) if number % 2 else content + b"x"
            try:
                answer = await upload(ada, "a", content)
            except httpx.TransportError:
                return
            if answer.status_code == 200:
                answered[answer.json()["data"]["id"]] = content

    for round_ in range(3):
        tasks = [asyncio.create_task(go_on(number)) for number in range(4)]
        done = len(answered)
        async with asyncio.timeout(20):
            while len(answered) < done + 5 + round_:
                await asyncio.sleep(0.005)
        server.kill()
        await asyncio.gather(*tasks)
        server.start()
        await nothing_left(server)

    found = rows(server, "SELECT id, hash, size, thumbnail FROM file")
    contents = {path.name for path in kept(server)}
    assert answered.keys() <= {row[0] for row in found}
    assert contents == {row[1] for row in found} | {
        f"{row[1]}.thumbnail" for row in found if row[3]
    }
    for file_id, digest, size, _ in found:
        content = (await read(ada, f"/files/{file_id}")).content
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, digest)


async def test_a_stop_does_not_wait_for_uploads(serve: Serve) -> None:
    """A client in the middle of an upload is told to retry, and the server stops in time."""
    server = serve()
    ada = add_user(server, "ada")
    reader, writer = await under_way(ada)

    stopping = asyncio.create_task(asyncio.to_thread(server.stop))
    answer = await asyncio.wait_for(reader.read(), 20)
    status = await stopping
    writer.close()

    assert b" 503 " in answer.split(b"\r\n")[0]
    assert b'"code":5003' in answer
    assert status == 0
    assert "Traceback" not in server.output
    assert incoming(server) == []


async def test_a_stop_does_not_wait_for_slow_downloads(serve: Serve) -> None:
    """A client that reads slowly delays the stop no longer than others."""
    server = serve()
    ada = add_user(server, "ada")
    answer = await upload(ada, "a", bytes(50_000_000))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    url = answer.json()["data"]["url"]
    writer.write(f"GET {url} HTTP/1.1\r\nHost: x\r\nToken: {ada.token}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")

    status = await asyncio.to_thread(server.stop)
    writer.transport.abort()

    assert status == 0


async def test_an_upload_without_a_database_is_removed_later(serve: Serve) -> None:
    """An upload without its row fails for now; its content is removed once the database is back."""
    server = serve()
    ada = add_user(server, "ada")
    with database(server) as connection:
        connection.execute("ALTER TABLE file RENAME TO hidden")

    answer = await upload(ada, "a", b"words")
    with database(server) as connection:
        connection.execute("ALTER TABLE hidden RENAME TO file")

    assert answer.status_code in (500, 503)
    server.stop()
    server.start()
    await nothing_left(server)
    assert kept(server) == []


async def test_a_resumable_upload_is_completed_later(serve: Serve) -> None:
    """An upload whose row cannot be inserted is complete, and becomes a file when asked again."""
    server = serve()
    ada = add_user(server, "ada")
    path = await begin(ada, 5)
    with database(server) as connection:
        connection.execute("ALTER TABLE file RENAME TO hidden")
    failed = await add(ada, path, 0, b"words")
    with database(server) as connection:
        connection.execute("ALTER TABLE hidden RENAME TO file")

    offset = (await tus(ada, "HEAD", path)).headers["upload-offset"]
    answer = await add(ada, path, 5, b"")

    assert failed.status_code in (500, 503)
    assert (offset, answer.status_code) == ("5", 204)
    assert (await read(ada, f"/files/{answer.headers['upload-file']}")).content == b"words"


async def test_links_outlive_redis(serve: Serve) -> None:
    """Every server accepts links that another signed, even after Redis was emptied."""
    server = serve(WORKERS="2")
    ada = add_user(server, "ada")
    info = (await upload(ada, "a", b"words")).json()["data"]
    found = await ada.post("/files/links", ids=[info["id"]])
    with redis(server) as connection:
        connection.flushall()
    server.stop()
    server.start()

    # Each connection comes to either worker.
    for _ in range(8):
        async with httpx.AsyncClient(base_url=server.url) as client:
            answer = await client.get(found["links"][info["id"]]["url"])
        assert answer.content == b"words"
