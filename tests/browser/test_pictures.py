"""
The page as the README shows it: people who talk about an evening and a breakfast.

`YOLK_SCREENSHOTS=docs/pictures pytest tests/browser/test_pictures.py` makes those pictures anew.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import expect

from tests.browser.scenery import breakfast, harbour
from tests.browser.visitors import Visit, Visitor, add_person
from tests.conftest import ROOT
from tests.groups import acquaint
from tests.rows import database
from tests.servers import ChatServer
from tests.uploads import uploaded
from yolk.testing import Server, User

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOW = datetime(2026, 11, 21, 17, 42, tzinfo=UTC)
"""A Saturday: the time of the pages."""
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE_WIDTH = 390
PHONE = {
    "viewport": {"width": PHONE_WIDTH, "height": 844},
    "device_scale_factor": 1.5,
    "has_touch": True,
    "is_mobile": True,
}
MOST_BYTES = 200_000

# fmt: off
WAVEFORM = [
    4, 9, 22, 48, 61, 40, 28, 55, 78, 90, 64, 35, 20, 12, 30, 52, 70, 66, 41, 25,
    18, 44, 68, 82, 59, 33, 15, 8, 21, 46, 63, 71, 50, 29, 14, 26, 38, 24, 11, 5,
]
# fmt: on


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield an empty chat."""
    running = ChatServer(ROOT, tmp_path_factory.mktemp("pictures")).start()
    yield running
    running.stop()


class Story:
    """
    People, and what they said to each other at times that we choose.

    Args:
        server: where they say it.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.times: dict[str, datetime] = {}
        self.groups: dict[str, Any] = {}
        self.mei = self.person("林小梅", "meimei", "🌻")
        self.nora = self.person("Nora Lindqvist", "nora", "")
        self.siyuan = self.person("陈思远", "siyuan", "")
        self.tomas = self.person("Tomás Rivera", "tomas.r", "🎸")
        self.grandma = self.person("外婆", "waipo", "")
        self.omar = self.person("Omar Haddad", "omar", "")
        self.priya = self.person("Priya Nair", "priya", "🐈")

    def person(self, nickname: str, username: str, avatar: str) -> User:
        """Add a user."""
        return add_person(self.server, nickname, avatar, username)

    async def say(self, who: User, to: Any, ago: float, data: str, **more: Any) -> Any:
        """Send a message of a user to a user or a group, dated some minutes ago."""
        target = {"to_id": to.id} if isinstance(to, User) else {"to_id": to["id"]}
        kind = "single" if isinstance(to, User) else "group"
        sent = await who.post("/chat/send", data=data, chat_type=kind, **target, **more)
        self.times[sent["id"]] = NOW - timedelta(minutes=ago)
        return sent

    def settle(self) -> None:
        """Set the times of all messages, and mark most of them as read."""
        with database(self.server) as rows:
            start = round((NOW - timedelta(days=3)).timestamp() * 1000)
            rows.execute("UPDATE message SET create_time = ?", (start,))
            for name, time in self.times.items():
                rows.execute(
                    "UPDATE message SET create_time = ? WHERE id = ?",
                    (round(time.timestamp() * 1000), name),
                )
            rows.execute(
                "UPDATE conversation SET update_time = (SELECT max(create_time) FROM message"
                " WHERE message.conv = conversation.conv)"
            )
            rows.execute(
                "UPDATE member SET (read_seq, delivered_seq, read_number) ="
                " (SELECT last_seq, last_seq, last_number FROM conversation"
                " WHERE conversation.conv = member.conv)"
                " WHERE conv IN (SELECT conv FROM conversation)"
            )

    def leave_unread(self, conv: str, count: int) -> None:
        """Make the last messages of a conversation unread for Mei."""
        with database(self.server) as rows:
            rows.execute(
                "UPDATE member SET read_seq = read_seq - ?, read_number = read_number - ?"
                " WHERE conv = ? AND user_id = ?",
                (count, count, conv, self.mei.id),
            )

    def conv(self, other: User) -> str:
        """Return the conv of Mei and another user."""
        low, high = sorted((self.mei.id, other.id))
        return f"s:{low}:{high}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def story(server: Server) -> Story:
    """Return what was announced so far."""
    told = Story(server)
    say = told.say
    mei, nora, siyuan, tomas = told.mei, told.nora, told.siyuan, told.tomas
    sea = await uploaded(nora, "harbour.jpg", harbour())
    pan = await uploaded(siyuan, "breakfast.jpg", breakfast())
    voice = await uploaded(mei, "voice.ogg", b"OggS" + bytes(400))
    plan = await uploaded(tomas, "Setlist winter 2026.pdf", b"%PDF-1.7\n" + bytes(248_000))

    await say(nora, mei, 131, "Are you still at the office?")
    await say(mei, nora, 128, "Just leaving! 🚲 I can be at the pier by five.")
    await say(nora, mei, 47, sea["url"], type="image")
    await say(nora, mei, 46, "You have ten more minutes of this")
    await say(mei, nora, 44, "哇，太美了！")
    asked = await say(mei, nora, 43, "Save me a seat on the boat ⛵")
    reply = {"reply_to": asked["id"], "reply_seq": asked["seq"]}
    await say(nora, mei, 41, "Captain says aye. Bring a jumper, it gets cold", options=reply)
    heard = {"duration_ms": 9_000, "waveform": WAVEFORM}
    await say(mei, nora, 6, voice["url"], type="audio", options=heard)
    await say(nora, mei, 4, "😂😂")
    await say(nora, mei, 3, "OK, see you there")

    acquaint(siyuan, mei, nora, told.omar, told.priya)
    club = await siyuan.post(
        "/chat/groups",
        name="周末早午餐 Brunch club",
        avatar="🍳",
        notice="Sundays at eleven. Whoever comes last brings the bread 🥖",
        members=[mei.id, nora.id, told.omar.id, told.priya.id],
    )
    told.groups["club"] = club
    await say(siyuan, club, 95, "明天早上十一点，老地方？")
    await say(told.priya, club, 93, "Yes please! I have been dreaming of your 葱油饼")
    await say(told.omar, club, 91, "Count me in, plus one")
    await say(mei, club, 88, "我带豆浆和水果 🍊")
    await say(siyuan, club, 33, pan["url"], type="image")
    await say(siyuan, club, 32, "Practising already…")
    call = {"mentions": [mei.id]}
    await say(told.priya, club, 12, "@林小梅 could you bring the big pan, too?", options=call)

    await say(tomas, mei, 190, plan["url"], type="file")
    await say(tomas, mei, 189, "The new setlist, have a look before Tuesday")
    await say(told.grandma, mei, 250, "小梅，天冷了，多穿点衣服")
    await say(mei, told.grandma, 240, "知道啦外婆，周日去看您 ❤️")
    await say(told.omar, mei, 60 * 26, "Thanks for the book! I finished it in one night.")
    await say(
        told.priya,
        mei,
        60 * 50,
        '{"latitude": 59.3251, "longitude": 18.0711, '
        '"name": "Café Saturnus", "address": "Eriksbergsgatan 6"}',
        type="location",
    )
    await say(mei, mei, 60 * 74, "Milk, rye flour, batteries, birthday card for Omar")
    told.settle()
    told.leave_unread(told.conv(tomas), 2)
    told.leave_unread(club["conv"], 1)
    await mei.post("/chat/conversations/pin", conv=told.conv(told.grandma), on=True)
    await mei.post("/chat/conversations/quiet", conv=told.conv(tomas), on=True)
    return told


async def open_chat(visit: Visit, story: Story, conv: str, **options: Any) -> Visitor:
    """Show one of Mei's chats while her friends are there, and wait until it is complete."""
    user = story.mei
    mei = await visit("林小梅", user=user, stopped_at=NOW, timezone_id="UTC", **options)
    for friend, name in ((story.nora, "Nora Lindqvist"), (story.siyuan, "陈思远")):
        await visit(name, user=friend)
    await mei.go(conv)
    await expect(mei.page.locator("img.real.there")).to_have_count(1)
    await expect(mei.page.locator(".avatar .dot")).to_have_count(1)
    await expect(mei.page.locator(".messages .spinner")).to_have_count(0)
    return mei


async def keep(someone: Visitor, name: str, tmp_path: Path) -> None:
    """Take a picture, small enough for a README."""
    await someone.page.mouse.move(0, 0)
    await someone.page.evaluate("document.activeElement.blur()")
    await someone.page.evaluate("document.fonts.ready.then(() => {})")
    shot = await someone.page.screenshot(animations="disabled")
    written = io.BytesIO()
    Image.open(io.BytesIO(shot)).convert("RGB").save(written, "PNG", optimize=True)
    content = written.getvalue()
    assert 10_000 < len(content) < MOST_BYTES
    named = os.environ.get("YOLK_SCREENSHOTS")
    for folder in [tmp_path, Path(named)] if named else [tmp_path]:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.png").write_bytes(content)


async def test_a_chat_on_a_desktop(visit: Visit, story: Story, tmp_path: Path) -> None:
    """Take screenshots of pictures, a voice message and a reply, in both languages and themes."""
    mei = await open_chat(visit, story, story.conv(story.nora), **DESKTOP)
    await expect(mei.find("sound")).to_contain_text("0:09")
    await expect(mei.find("quote")).to_contain_text("Save me a seat")
    await expect(mei.find("presence")).to_have_text("online")
    await keep(mei, "chat", tmp_path)
    await mei.page.emulate_media(color_scheme="dark")
    await expect(mei.page.locator("html")).to_have_attribute("data-theme", "dark")
    await keep(mei, "chat-dark", tmp_path)


async def test_a_group_and_its_members(visit: Visit, story: Story, tmp_path: Path) -> None:
    """The panel beside the chat has the notice and the members."""
    smaller = {"viewport": {"width": 1200, "height": 760}}
    mei = await open_chat(visit, story, story.groups["club"]["conv"], **smaller)
    await mei.find("info").click()
    await expect(mei.find("group-notice")).to_contain_text("Sundays at eleven")
    await expect(mei.find("group-panel")).to_contain_text("Priya Nair")
    await expect(mei.page.locator(".panel .avatar .dot")).to_have_count(2)
    await keep(mei, "group", tmp_path)


async def test_a_chat_on_a_phone(visit: Visit, story: Story, tmp_path: Path) -> None:
    """Take the same screenshots on a narrow screen, in both themes."""
    mei = await open_chat(visit, story, story.conv(story.nora), **PHONE)
    await keep(mei, "phone", tmp_path)
    await mei.page.emulate_media(color_scheme="dark")
    await expect(mei.page.locator("html")).to_have_attribute("data-theme", "dark")
    await keep(mei, "phone-dark", tmp_path)
    width = await mei.page.evaluate("document.documentElement.scrollWidth")
    assert width == PHONE_WIDTH
