"""The export of one's own data."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from tests.groups import make_group
from tests.rows import redis
from tests.uploads import uploaded
from yolk.testing import Server, User


async def export(user: User) -> list[Any]:
    """Return the records of a complete export."""
    answer = await user.server.ask("GET", "/account/export", token=user.token)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/jsonl")
    records = [json.loads(line) for line in answer.text.splitlines()]
    assert records[-1] == {"record": "end"}
    return records


def only(records: list[Any], kind: str, field: str) -> list[Any]:
    """Return one field of the records of a kind."""
    return [record[field] for record in records if record["record"] == kind]


async def test_an_export_has_all_that_the_user_sees_and_wrote(server: Server) -> None:
    """Profile, logins, preferences, files, and messages, also in a group that the user left."""
    grace, friend = await server.user("grace"), await server.user("friend")
    for number in range(45):
        await friend.post("/chat/send", to_id=grace.id, cid=f"{number}", data=f"hello {number}")
    file = await uploaded(grace, "notes.txt", b"Meet at seven.\n")
    await grace.post("/chat/send", to_id=friend.id, cid="1", type="file", data=file["url"])
    await grace.post("/chat/block", user_id=friend.id, on=True)
    await grace.post("/chat/block", user_id=friend.id, on=False)
    group = await make_group(friend, grace)
    told: dict[str, Any] = {"to_id": group["id"], "chat_type": "group"}
    await grace.post("/chat/send", **told, cid="2", data="mine in the group")
    await friend.post("/chat/send", **told, cid="x", data="theirs in the group")
    await grace.post(f"/chat/groups/{group['id']}/leave")

    records = await export(grace)

    assert records[0]["record"] == "profile"
    assert records[0]["username"] == grace.username
    assert only(records, "login", "address") == ["127.0.0.1"]
    assert only(records, "file", "url") == [file["url"]]
    conv = f"s:{grace.id}:{friend.id}"
    assert only(records, "conversation", "conv") == [conv]
    texts = only(records, "message", "data")
    assert texts == [*(f"hello {number}" for number in range(45)), file["url"], "mine in the group"]
    [options] = [one for one in only(records, "message", "options") if one]
    assert options["file"]["name"] == "notes.txt"
    assert grace.refresh_token not in str(records)
    assert "argon2" not in str(records)


async def test_a_new_member_gets_no_earlier_messages(server: Server) -> None:
    """What the user may not read is not exported, edits included."""
    owner, late = await server.user("owner"), await server.user("late")
    group = await make_group(owner, history=False)
    told: dict[str, Any] = {"to_id": group["id"], "chat_type": "group"}
    sent = await owner.post("/chat/send", **told, cid="1", data="before")
    await late.post("/chat/send", to_id=owner.id, cid="1", data="I know you")
    await owner.post(f"/chat/groups/{group['id']}/invite", users=[late.id])
    await owner.post("/chat/edit", id=sent["id"], data="before, edited")

    texts = " ".join(only(await export(late), "message", "data"))

    assert "I know you" in texts
    assert "before" not in texts


async def test_one_export_runs_at_a_time(server: Server) -> None:
    """A second one is refused until the first has ended, or its client is gone."""
    grace = await server.user("grace")
    with redis(server) as connection:
        connection.set(f"yolk:export:{grace.id}", 1)
        answer = await server.ask("GET", "/account/export", token=grace.token)
        assert (answer.status_code, answer.json()["code"]) == (429, 4101)
        connection.delete(f"yolk:export:{grace.id}")

    await export(grace)
    await export(grace)


async def test_a_client_that_goes_away_ends_its_export(server: Server) -> None:
    """The lock is released, and nothing is logged as a failure."""
    grace, friend = await server.user("grace"), await server.user("friend")
    for number in range(12):
        await friend.post("/chat/send", to_id=grace.id, cid=f"{number}", data="x" * 1_000_000)

    async with (
        httpx.AsyncClient(base_url=server.url) as client,
        client.stream("GET", "/account/export", headers={"token": grace.token}) as answer,
    ):
        assert answer.status_code == 200
    async with asyncio.timeout(10):
        while True:
            head = await server.ask("GET", "/account/export", token=grace.token)
            if head.status_code == 200:
                break
            await asyncio.sleep(0.2)
    assert "Traceback" not in server.output


async def test_exports_are_limited(server: Server) -> None:
    """Five in a day; HEAD does not count."""
    grace = await server.user("grace")
    head = await server.ask("HEAD", "/account/export", token=grace.token)
    assert head.status_code == 200
    for _ in range(5):
        await export(grace)

    answer = await server.ask("GET", "/account/export", token=grace.token)

    assert (answer.status_code, answer.json()["code"]) == (429, 4100)
