from __future__ import annotations

import hashlib
import os
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from services.file.links import Links
from tests.rows import database, rows
from tests.uploads import kept, picture, read, upload, uploaded
from yolk.testing import Server, User

CONTENT = bytes(range(100)) * 10_000


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=999990-", 999_990, 1_000_000),
        ("bytes=-5", 999_995, 1_000_000),
        ("bytes=300000-99999999", 300_000, 1_000_000),
        ("bytes=-99999999", 0, 1_000_000),
        ("BYTES=1-2", 1, 3),
    ],
)
async def test_a_range_is_sent(ada: User, wanted: str, start: int, end: int) -> None:
    """A request with Range returns the part, as in RFC 9110."""
    info = await uploaded(ada, "a", CONTENT)

    found = await read(ada, info["url"], range=wanted)

    assert found.status_code == 206
    assert found.content == CONTENT[start:end]
    assert found.headers["content-range"] == f"bytes {start}-{end - 1}/1000000"


@pytest.mark.parametrize("wanted", ["bytes=1-2,5-6", "lines=1-2", "bytes=5-2", "bytes=-", "bytes"])
async def test_an_unsupported_range_is_ignored(ada: User, wanted: str) -> None:
    """An invalid range, or more than one, returns the whole file."""
    info = await uploaded(ada, "a", CONTENT)

    found = await read(ada, info["url"], range=wanted)

    assert (found.status_code, len(found.content)) == (200, 1_000_000)


@pytest.mark.parametrize("wanted", ["bytes=1000000-", "bytes=-0", "bytes=2000000-3000000"])
async def test_a_range_outside_of_the_file(ada: User, wanted: str) -> None:
    """The refusal has the size of the file."""
    info = await uploaded(ada, "a", CONTENT)

    found = await read(ada, info["url"], range=wanted)

    assert found.status_code == 416
    assert found.headers["content-range"] == "bytes */1000000"


async def test_conditional_requests(ada: User) -> None:
    """The ETag depends on the content only, and is different for different contents."""
    info = await uploaded(ada, "a", CONTENT)
    tag = (await read(ada, info["url"])).headers["etag"]

    known = await read(ada, info["url"], **{"if-none-match": f'"x", W/{tag}'})
    other = await read(ada, info["url"], **{"if-none-match": '"x"'})
    same = await read(ada, info["url"], **{"if-range": tag, "range": "bytes=0-0"})
    changed = await read(ada, info["url"], **{"if-range": '"x"', "range": "bytes=0-0"})

    assert (known.status_code, known.content) == (304, b"")
    assert other.status_code == 200
    assert same.status_code == 206
    assert changed.status_code == 200


async def test_head(server: Server, ada: User) -> None:
    """HEAD is answered as GET, without the content."""
    info = await uploaded(ada, "a", CONTENT)

    found = await server.ask("HEAD", info["url"], token=ada.token)

    assert found.status_code == 200
    assert found.headers["content-length"] == "1000000"
    assert found.content == b""


async def test_head_reads_no_content(server: Server, ada: User) -> None:
    """HEAD is answered without reading the content, which may be large or in a bucket."""
    content = os.urandom(1000)
    info = await uploaded(ada, "a", content)
    digest = hashlib.sha256(content).hexdigest()
    (path,) = [path for path in kept(server) if path.name == digest]
    path.unlink()

    found = await server.ask("HEAD", info["url"], token=ada.token)

    assert found.status_code == 200


async def test_an_empty_file_can_be_read(ada: User) -> None:
    """An empty file is returned as such."""
    info = await uploaded(ada, "a", b"")

    found = await read(ada, info["url"])

    assert (found.status_code, found.content) == (200, b"")


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (picture(), True),
        (b"OggS\0\2" + bytes(20) + b"\1\x13OpusHead", True),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", True),
        (b"<!DOCTYPE html><script>alert(1)</script>", False),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', False),
        (b'<?xml version="1.0"?><?xml-stylesheet href="x"?><svg/>', False),
        (b"alert(1)", False),
        (b"%PDF-1.7\n", False),
        (b"plain", False),
    ],
)
async def test_browsers_execute_no_upload(ada: User, content: bytes, shown: bool) -> None:
    """Pictures, audio and video are shown; others, or all on request, are downloaded."""
    info = await uploaded(ada, 'na"me.html', content)

    heads = [(await read(ada, info["url"] + more)).headers for more in ("", "?download=1")]

    for head in heads:
        assert head["x-content-type-options"] == "nosniff"
        assert "sandbox" in head["content-security-policy"]
        assert "default-src 'none'" in head["content-security-policy"]
    assert heads[0]["content-disposition"].startswith("inline" if shown else "attachment")
    assert heads[1]["content-disposition"] == (
        "attachment; filename=\"na_me.html\"; filename*=UTF-8''na%22me.html"
    )


async def test_other_users_cannot_read_a_file(server: Server, ada: User, bob: User) -> None:
    """A file that was sent to nobody exists for its uploader only."""
    info = await uploaded(ada, "a.png", picture())

    for path in ("", "/thumbnail", "/info"):
        answer = await read(bob, info["url"] + path)
        assert (answer.status_code, answer.json()["code"]) == (404, 2060)
        unknown = await read(bob, f"/files/01a20900-0000-7000-8000-000000000000{path}")
        assert unknown.json() == answer.json()
        assert (await server.ask("GET", info["url"] + path)).json()["code"] == 3001
    assert (await read(bob, "/files/..%2f..%2fapp.py")).json()["code"] == 2060


async def test_a_link_needs_no_token(server: Server, ada: User, bob: User) -> None:
    """It reads the file or its thumbnail for a while; only users who may read get one."""
    info = await uploaded(ada, "a.png", picture())
    text = await uploaded(ada, "a.txt", b"words")
    ids = [info["id"], text["id"], "01a20900-0000-7000-8000-000000000000", "nonsense"]

    found = await ada.post("/files/links", ids=ids)
    hers = found["links"][info["id"]]

    assert set(found["links"]) == {info["id"], text["id"]}
    assert found["expires_in"] >= 3600
    assert found["links"][text["id"]]["thumbnail"] is None
    for path, kind in ((hers["url"], "image/png"), (hers["thumbnail"], "image/webp")):
        answer = await server.ask("GET", path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["cache-control"].startswith("private, max-age=")
    assert (
        (await server.ask("GET", f"{hers['url']}&download=1"))
        .headers["content-disposition"]
        .startswith("attachment")
    )
    assert (await bob.post("/files/links", ids=ids))["links"] == {}
    # A browser finds again what it has: the link stays the same for a while.
    again = await ada.post("/files/links", ids=[info["id"]])
    assert len({again["links"][info["id"]]["url"], hers["url"]}) == 1 or found["expires_in"] < 3605


async def test_a_link_is_for_what_was_signed(server: Server, ada: User) -> None:
    """Another file, another time, the other variant or a changed signature is refused."""
    infos = [await uploaded(ada, "a.png", picture(size=(20 + more, 20))) for more in (0, 1)]
    found = await ada.post("/files/links", ids=[info["id"] for info in infos])
    url, thumbnail = found["links"][infos[0]["id"]].values()
    query = parse_qs(urlsplit(url).query)
    expires, signature = query["expires"][0], query["signature"][0]

    for path in (
        url.replace(infos[0]["id"], infos[1]["id"]),
        url.replace(expires, str(int(expires) + 1)),
        url.replace(signature, signature[:-2] + "AA"),
        url.replace("?", "/thumbnail?"),
        thumbnail.replace("/thumbnail", ""),
        f"{infos[0]['url']}?signature={signature}",
        f"{infos[0]['url']}?expires=9999999999&signature=",
        f"{infos[0]['url']}?expires=nan&signature=é",
    ):
        answer = await server.ask("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (404, 2060), path


def test_a_link_expires() -> None:
    """A link expires; until then the same one is returned for a while."""
    links = Links(b"k" * 32, 3600)
    ends = links.expiry()
    signature = parse_qs(links.sign("a", "file", ends))["signature"][0]
    past = str(int(time.time()) - 1)

    assert 3600 <= ends - time.time() <= 5400
    assert links.check("a", "file", str(ends), signature)
    assert not links.check("a", "file", past, links._signature("a", "file", past))


async def test_a_lost_content_is_unavailable(server: Server, ada: User) -> None:
    """A row without its content is an error that is reported before the answer begins."""
    info = await uploaded(ada, "a.png", picture(size=(33, 33)))
    with database(server) as connection:
        connection.execute("UPDATE file SET hash = ? WHERE id = ?", ("f" * 64, info["id"]))

    for path in ("", "/thumbnail"):
        answer = await read(ada, info["url"] + path)
        assert (answer.status_code, answer.json()["code"]) == (503, 5004)
    assert rows(server, "SELECT COUNT(*) FROM file WHERE hash = ?", "f" * 64) == [(1,)]


async def test_the_folder_tus_is_taken(ada: User) -> None:
    """`/upload/tus` speaks tus, so no top-level folder has that name."""
    answer = await upload(ada, "a", b"x", "/tus")

    assert answer.status_code == 412
