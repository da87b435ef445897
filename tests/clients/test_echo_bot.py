"""The bot in examples/, run as a program."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.rows import add_user, rows
from yolk.testing import Server, User

BOT = ROOT / "examples" / "echo_bot.py"


class Bot:
    """The bot, started as its documentation says."""

    def __init__(self, url: str, folder: Path) -> None:
        self.username = f"robot-{secrets.token_hex(4)}"
        self._url = url
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process."""
        self._process = subprocess.Popen(
            [sys.executable, str(BOT), self._url, self.username, "correct horse"],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(ROOT / "web" / "client")},
        )

    def stop(self, by: signal.Signals = signal.SIGKILL) -> None:
        """End the process."""
        if self._process is not None:
            self._process.send_signal(by)
            self._process.wait(10)
            self._process = None


@pytest.fixture
def bot(server: Server, tmp_path: Path) -> Iterator[Bot]:
    """Yield the bot, and end it afterwards."""
    made = Bot(server.url, tmp_path)
    yield made
    made.stop()


async def bots_id(user: User, bot: Bot) -> int:
    """Wait until the bot has registered its account, and return its id."""
    while True:
        found = await user.get("/users", q=bot.username)
        if found and found[0]["online"]:
            return int(found[0]["id"])


def said(server: Server, one: int, other: int) -> list[tuple[int, str]]:
    """Return authors and texts of a conversation of two."""
    conv = f"s:{min(one, other)}:{max(one, other)}"
    found = rows(server, "SELECT from_id, data FROM message WHERE conv = ? ORDER BY seq", conv)
    return [(row[0], row[1]) for row in found]


async def test_it_is_short() -> None:
    """A bot has fewer than forty lines."""
    assert len(BOT.read_text().splitlines()) < 40


async def test_the_document_holds_it() -> None:
    """docs/write-a-bot.md shows the bot as it is."""
    text = (ROOT / "docs" / "write-a-bot.md").read_text(encoding="utf-8")
    shown = text.split("```python\n")[1].split("```")[0]

    assert shown in BOT.read_text()


async def test_it_answers_and_goes_on_after_a_restart(server: Server, bot: Bot) -> None:
    """After a kill and a restart it answers what it missed, and nothing twice."""
    ada = add_user(server, "ada")
    hers = await ada.connect()
    bot.start()
    robot = await bots_id(ada, bot)

    for text in ("hello", "你好"):
        await hers.request("send", to_id=robot, cid=text, data=text)
        assert (await hers.wait_for(type="message"))["data"]["data"] == text
    bot.stop()
    for number in range(5):
        await hers.request("send", to_id=robot, cid=f"n{number}", data=str(number))
    bot.start()
    answers = [(await hers.wait_for(type="message"))["data"]["data"] for _ in range(5)]
    await hers.request("send", to_id=robot, cid="last", data="last")
    assert (await hers.wait_for(type="message"))["data"]["data"] == "last"

    assert answers == ["0", "1", "2", "3", "4"]
    mine = [text for user, text in said(server, ada.id, robot) if user == ada.id]
    its = [text for user, text in said(server, ada.id, robot) if user == robot]
    assert mine == its


async def test_killed_at_any_moment_it_answers_once(server: Server, bot: Bot) -> None:
    """Killed again and again while it answers, it answers each message once, in order."""
    ada = add_user(server, "ada")
    hers = await ada.connect()
    bot.start()
    robot = await bots_id(ada, bot)

    for turn in range(4):
        for number in range(15):
            text = f"{turn}.{number}"
            await hers.send(
                {"id": text, "type": "send", "data": {"to_id": robot, "cid": text, "data": text}}
            )
        for _ in range(turn * 3 + 1):
            await hers.wait_for(type="message")
        bot.stop()
        bot.start()
    while len(said(server, ada.id, robot)) < 120:
        await hers.wait_for(type="message")

    its = [text for user, text in said(server, ada.id, robot) if user == robot]
    assert its == [f"{turn}.{number}" for turn in range(4) for number in range(15)]
