"""Searching: what is found, and for whom."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tests.groups import in_group, make_group, people
from tests.rows import add_user, rows
from tests.uploads import uploaded
from yolk.testing import Server, User


async def search(user: User, text: str, **asked: Any) -> Any:
    """Search, and give the answer's data."""
    return await user.get("/chat/search", text=text, **asked)


async def refusal(user: User, **asked: Any) -> tuple[int, int]:
    """Search where that is refused, and give the status and the code."""
    answer = await user.server.ask("GET", "/chat/search", token=user.token, params=asked)
    return answer.status_code, answer.json()["code"]


async def indexed(server: Server) -> None:
    """Wait until all messages are indexed."""
    give_up = time.monotonic() + 30
    while rows(server, "SELECT 1 FROM conversation WHERE indexed_seq < last_seq LIMIT 1"):
        assert time.monotonic() < give_up, "it was not indexed"
        await asyncio.sleep(0.01)


async def test_one_finds_what_was_said(server: Server, ada: User, bob: User) -> None:
    """A search finds the newest first, in all conversations of a user or in one, for both sides."""
    carl = add_user(server, "carl")
    await ada.post("/chat/send", to_id=bob.id, data="Wir gehen in den PARK, 去公园吧")
    await ada.post("/chat/send", to_id=carl.id, data="Parkplatz")
    await ada.post("/chat/send", to_id=bob.id, data="something else")
    await indexed(server)

    everywhere = await search(ada, "park")
    there = await search(ada, "park", conv=f"s:{ada.id}:{bob.id}")
    his = await search(bob, "公园")

    assert [one["data"] for one in everywhere["messages"]] == [
        "Parkplatz",
        "Wir gehen in den PARK, 去公园吧",
    ]
    assert not everywhere["more"]
    assert there["messages"] == [everywhere["messages"][1]] == his["messages"]


async def test_nobody_searches_anothers_conversations(server: Server, ada: User, bob: User) -> None:
    """Neither searching everywhere nor naming the conversation finds anything."""
    carl = add_user(server, "carl")
    await ada.post("/chat/send", to_id=bob.id, data="between the two of us")
    await indexed(server)
    conv = f"s:{ada.id}:{bob.id}"

    assert (await search(carl, "between"))["messages"] == []
    assert await refusal(carl, text="between", conv=conv) == (404, 2002)


async def test_what_was_before_one_joined_is_not_found(server: Server) -> None:
    """A member finds only messages after joining; a user who left finds nothing."""
    owner, member = people(server, 2)
    group = await make_group(owner, history=False)
    await owner.post("/chat/send", to_id=group["id"], chat_type="group", data="history one")
    await in_group(owner, group, "/invite", users=[member.id])
    new = await owner.post("/chat/send", to_id=group["id"], chat_type="group", data="history two")
    await indexed(server)

    for asked in ({}, {"conv": group["conv"]}):
        messages = (await search(member, "history", **asked))["messages"]
        assert [one["id"] for one in messages] == [new["id"]]
        assert len((await search(owner, "history", **asked))["messages"]) == 2
    await in_group(member, group, "/leave")
    assert (await search(member, "history"))["messages"] == []


async def test_pages_follow_each_other(server: Server, ada: User, bob: User) -> None:
    """With `before`, a search continues where it ended, and nothing comes twice."""
    for number in range(1, 8):
        await ada.post("/chat/send", to_id=bob.id, data=f"page {number}")
    await indexed(server)
    got, asked = [], {"limit": 3}

    while True:
        answer = await search(ada, "page", **asked)
        got.append([one["data"] for one in answer["messages"]])
        if not answer["more"]:
            break
        asked["before"] = answer["before"]

    assert got == [["page 7", "page 6", "page 5"], ["page 4", "page 3", "page 2"], ["page 1"]]


async def test_only_the_very_text_is_found(server: Server, ada: User, bob: User) -> None:
    """A message with the same pairs of characters in another order is not found."""
    await ada.post("/chat/send", to_id=bob.id, data="abab baba")
    await ada.post("/chat/send", to_id=bob.id, data="50% off_by")
    await indexed(server)

    assert (await search(ada, "babab"))["messages"] == []
    assert len((await search(ada, "aba b"))["messages"]) == 0
    assert len((await search(ada, "ABAB BA"))["messages"]) == 1
    assert (await search(ada, "5_% "))["messages"] == []
    assert len((await search(ada, "50% OFF_"))["messages"]) == 1
    assert (await search(ada, "%%"))["messages"] == []


async def test_a_text_too_short_or_too_long_is_refused(ada: User) -> None:
    """There are at least two characters to look for, and at most a hundred."""
    for text in ("", "a", " a ", "x" * 101):
        assert await refusal(ada, text=text) == (400, 1002), text


async def test_an_edited_message_is_found_by_its_new_text_and_a_recalled_one_not(
    server: Server, ada: User, bob: User
) -> None:
    """Both take effect at once, without waiting for the index."""
    first = await ada.post("/chat/send", to_id=bob.id, data="the first wording")
    second = await ada.post("/chat/send", to_id=bob.id, data="the second wording")
    await indexed(server)

    await ada.post("/chat/edit", id=first["id"], data="the changed sentence")
    await ada.post("/chat/recall", id=second["id"])

    assert (await search(bob, "wording"))["messages"] == []
    assert [one["id"] for one in (await search(bob, "sentence"))["messages"]] == [first["id"]]
    assert not rows(
        server, "SELECT 1 FROM search_entry WHERE conv = ? AND seq = ?", second["conv"], 2
    )


async def test_files_locations_and_notices_are_found(server: Server, ada: User, bob: User) -> None:
    """By their names and texts, but not by what only programs read, nor after a recall."""
    file = await uploaded(ada, "Bericht März 2026 公园.pdf", b"a report")
    sent = await ada.post("/chat/send", to_id=bob.id, type="file", data=file["url"])
    place = '{"latitude": 1, "longitude": 2, "name": "Teahouse", "address": "West Lake"}'
    await ada.post("/chat/send", to_id=bob.id, type="location", data=place)
    group = await make_group(ada, bob, name="Choir practice")
    await in_group(ada, group, "", notice="Bring the ＢＩＧ songbook")
    await indexed(server)

    async def types(user: User, text: str) -> list[str]:
        return [one["type"] for one in (await search(user, text))["messages"]]

    for user in (ada, bob):
        assert await types(user, "märz 2026") == await types(user, "公园") == ["file"]
        assert await types(user, "west lake") == await types(user, "teahouse") == ["location"]
        assert await types(user, "big song") == ["notice"]
        assert await types(user, "choir") == ["notice"]
        for nothing in (file["id"], "/files/", "latitude", "member_count"):
            assert await types(user, nothing) == [], nothing
    await ada.post("/chat/recall", id=sent["id"])
    assert await types(bob, "märz 2026") == []
