"""Files in a bucket, of a real server that speaks S3."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, Serve
from tests.rows import add_user, rows
from tests.servers import ChatServer
from tests.uploads import add, begin, incoming, kept, picture, read, upload, uploaded
from yolk.testing import StartFailed, free_port


class Bucket:
    """A server with the bucket `chat`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.env = {
            "S3_BUCKET": "chat",
            "S3_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "S3_ACCESS_KEY": "key",
            "S3_SECRET_KEY": "secret",
        }
        self.process = subprocess.Popen(
            [sys.executable, ROOT / "tests" / "s3_server.py", str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def stop(self) -> None:
        """End it, with all that is in it."""
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """Yield an empty bucket."""
    made = Bucket()
    yield made
    made.stop()


async def test_files_in_a_bucket(serve: Serve, bucket: Bucket) -> None:
    """A bucket behaves as a disk: pictures, parts, shared content, pieces, concurrent uploads."""
    server = serve(**bucket.env)
    ada = add_user(server, "ada")
    content = bytes(range(256)) * 100_000  # more than goes up in one part

    info = await uploaded(ada, "a.bin", content)
    shown = await uploaded(ada, "a.png", picture(size=(600, 400)))
    part = await read(ada, info["url"], range="bytes=1048570-1048590")
    small = await read(ada, f"{shown['url']}/thumbnail")
    path = await begin(ada, len(content))
    await add(ada, path, 0, content[:1000])
    pieces = await add(ada, path, 1000, content[1000:])
    many = await asyncio.gather(*(upload(ada, "b", b"same" * 1000) for _ in range(8)))

    assert (await read(ada, info["url"])).content == content
    assert part.content == content[1048570:1048591]
    assert small.headers["content-type"] == "image/webp"
    assert (await read(ada, f"/files/{pieces.headers['upload-file']}")).content == content
    assert [one.status_code for one in many] == [200] * 8
    assert rows(server, "SELECT COUNT(DISTINCT hash) FROM file") == [(3,)]
    assert kept(server) == []
    assert incoming(server) == [path.rpartition("/")[2]]  # which remembers that it is done


async def test_a_bucket_that_is_unavailable(serve: Serve, bucket: Bucket) -> None:
    """Failures to store and read are temporary, and a resumable upload continues later."""
    server = serve(**bucket.env)
    ada = add_user(server, "ada")
    info = await uploaded(ada, "a.txt", b"words")
    path = await begin(ada, 5)
    bucket.stop()

    answers = [
        await upload(ada, "b.txt", b"other words", timeout=100),
        await read(ada, info["url"]),
        await add(ada, path, 0, b"piece"),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, 5004)
    assert rows(server, "SELECT COUNT(*) FROM file") == [(1,)]


async def test_a_bucket_that_does_not_exist(tmp_path: Path, bucket: Bucket) -> None:
    """The start fails with one sentence that contains no secret."""
    env = {**bucket.env, "S3_BUCKET": "nowhere", "S3_SECRET_KEY": "hush"}
    server = ChatServer(ROOT, tmp_path / "data", env)

    with pytest.raises(StartFailed) as failed:
        server.start()

    assert "yolk: The bucket nowhere cannot be used" in str(failed.value)
    assert "hush" not in str(failed.value)
