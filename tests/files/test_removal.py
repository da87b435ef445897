from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chat.test_types import send
from tests.rows import add_user, rows
from tests.uploads import (
    add,
    begin,
    configured,
    incoming,
    kept,
    nothing_left,
    picture,
    read,
    tus,
    upload,
    uploaded,
)
from yolk.testing import Server, User


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat where users may keep and upload little."""
    limits = {"kept_bytes": 10_000, "kept_files": 3, "user_uploads": 5, "upload_rate": "30/hour"}
    running = configured(tmp_path_factory.mktemp("small"), limits).start()
    yield running
    running.stop()


async def delete(user: User, file_id: str) -> tuple[int, int]:
    """Delete a file; return the status and the code."""
    answer = await user.server.ask("DELETE", f"/files/{file_id}", token=user.token)
    return answer.status_code, answer.json().get("code", 0)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """Yield a chat without files."""
    running = configured(tmp_path, {}).start()
    yield running
    running.stop()


async def test_a_deleted_file_is_gone_for_everybody(own: Server) -> None:
    """Content, thumbnail and links end; the message stays and says that the file is removed."""
    ada, bob, eve = (add_user(own, name) for name in ("ada", "bob", "eve"))
    info = await uploaded(ada, "secret-name.png", picture())
    sent = await send(ada, bob, "image", info["url"])
    links = (await ada.post("/files/links", ids=[info["id"]]))["links"][info["id"]]
    assert (await read(bob, info["url"])).status_code == 200
    assert len(kept(own)) == 2

    assert await delete(eve, info["id"]) == (404, 2060)
    assert await delete(bob, info["id"]) == (403, 2011)
    assert await delete(ada, info["id"]) == (200, 0)
    assert await delete(ada, info["id"]) == (404, 2060)

    for user in (ada, bob):
        for path in (info["url"], f"{info['url']}/thumbnail", f"{info['url']}/info"):
            assert (await read(user, path)).status_code == 404
    for link in links.values():
        assert (await own.ask("GET", link)).status_code == 404
    await nothing_left(own)
    assert kept(own) == []
    assert rows(own, "SELECT * FROM attachment") == []
    query = "SELECT data, options, isremove FROM message WHERE id = ?"
    [(data, options, isremove)] = rows(own, query, sent["id"])
    assert (data, isremove) == (info["url"], 0)
    assert json.loads(options)["file"] == {"id": info["id"], "removed": True}


async def test_content_that_another_file_has_stays(ada: User, bob: User) -> None:
    """Equal contents are stored once, and removed with the last file."""
    content = b"the same for both of them"
    first, second = await uploaded(ada, "a.txt", content), await uploaded(bob, "b.txt", content)

    assert await delete(ada, first["id"]) == (200, 0)

    assert (await read(bob, second["url"])).content == content


async def test_uploads_during_a_deletion_keep_their_content(ada: User, bob: User) -> None:
    """A content that is uploaded again while its last file is deleted is not lost."""
    for number in range(5):
        content = f"content {number}".encode()
        first = await uploaded(ada, "a.txt", content)
        again = [uploaded(bob, "b.txt", content) for _ in range(4)]
        _, *others = await asyncio.gather(delete(ada, first["id"]), *again)
        for other in others:
            assert (await read(bob, other["url"])).content == content


async def test_what_a_user_keeps_is_bounded(small: Server) -> None:
    """In bytes and in files, by both ways to upload; what is deleted does not count."""
    ada, bob = add_user(small, "ada"), add_user(small, "bob")
    first = await uploaded(ada, "a.txt", b"a" * 6000)

    for answer in (
        await upload(ada, "b.txt", b"b" * 6000),
        await tus(ada, "POST", "/upload/tus", headers={"Upload-Length": "6000"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (413, 2073)
    assert (await upload(bob, "b.txt", b"b" * 6000)).status_code == 200
    assert await delete(ada, first["id"]) == (200, 0)
    paths = [await begin(ada, 6000) for _ in range(2)]
    assert (await add(ada, paths[0], 0, b"1" * 6000)).status_code == 204
    assert (await add(ada, paths[1], 0, b"2" * 6000)).json()["code"] == 2073
    for name in ("c", "d"):
        assert (await upload(ada, name, name.encode())).status_code == 200
    assert (await upload(ada, "e", b"e")).json()["code"] == 2073


async def test_uploads_at_once_do_not_pass_the_bound_together(small: Server) -> None:
    """Each of them fits, but not all."""
    ada = add_user(small, "ada")

    answers = await asyncio.gather(
        *[upload(ada, f"{number}.txt", str(number).encode() * 4000) for number in range(5)]
    )

    assert sorted(answer.status_code for answer in answers) == [200] * 2 + [413] * 3


async def test_uploads_in_progress_are_bounded_in_number(small: Server) -> None:
    """However small they are."""
    ada = add_user(small, "ada")
    paths = [await begin(ada, 10) for _ in range(5)]
    before = incoming(small)

    answer = await tus(ada, "POST", "/upload/tus", headers={"Upload-Length": "10"})

    assert (answer.status_code, answer.json()["code"]) == (429, 4001)
    assert incoming(small) == before
    assert (await tus(ada, "DELETE", paths[0])).status_code == 204
    await begin(ada, 10)


async def test_uploads_are_bounded_in_time(small: Server) -> None:
    """A user who begins too many has to wait; others do not."""
    ada = add_user(small, "ada")
    answers = []
    for _ in range(40):
        answer = await tus(ada, "POST", "/upload/tus", headers={"Upload-Length": "9"})
        answers.append(answer)
        if answer.status_code == 201:
            await tus(ada, "DELETE", answer.headers["location"])

    assert [one.status_code for one in answers] == [201] * 30 + [429] * 10
    assert answers[-1].json()["code"] == 4190
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await upload(ada, "a", b"a")).json()["code"] == 4190
    assert (await upload(add_user(small, "bob"), "a", b"a")).status_code == 200
