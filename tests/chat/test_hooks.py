"""Hooks of the chat: before a message is sent, after a commit, before a push, and presence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.copies import copy_chat
from tests.rows import add_user, rows
from tests.servers import ChatServer
from yolk.testing import Server, StartFailed, User

PLUGIN = '''"""Does what the text of a message says."""

import asyncio
import os

from yolk import Plugin, Refusal


def say(line):
    os.write(1, f"<{line}>\\n".encode())


class PlayPlugin(Plugin):
    name = "play"
    dependencies = ("websocket",)

    async def did_load(self):
        on = self.app.hooks.on
        on("before_send", self.moderate, on_error="refuse", timeout=0.5)
        on("before_send", self.count, on_error="pass", timeout=0.2)
        on("before_send", self.wait, on_error="refuse", timeout=20)
        self.gate = asyncio.Event()
        on("after_commit", self.committed, on_error="pass")
        on("before_deliver", self.choose, on_error="refuse", timeout=0.2)
        on("on_online", self.online, on_error="pass")
        on("on_offline", self.offline, on_error="pass")

    async def moderate(self, message):
        word = message.data.partition(" ")[0]
        if word == "spam":
            raise Refusal(2055, "no advertising")
        if word == "no":
            raise Refusal
        if word == "odd":
            raise Refusal(2001, "not one of ours")
        if word == "hang":
            await asyncio.get_running_loop().create_future()
        if word == "break":
            raise RuntimeError("the moderator is broken")
        if word == "forge":
            return message.change(data="x", type="recall")
        if word == "slow":
            await asyncio.sleep(0.05)
        if word == "damn":
            options = {**(message.options or {}), "mended": True}
            return message.change(data="****", type="custom", options=options)

    async def count(self, message):
        if message.data == "late":
            await asyncio.get_running_loop().create_future()
        if message.data == "counters":
            of = self.app.hooks.counters["play"]["before_send"]
            say(f"counters {of.refused} {of.failed} {of.late}")

    async def wait(self, message):
        if message.data == "wait":
            say("waiting")
            await self.gate.wait()
        if message.data == "go on":
            self.gate.set()

    async def committed(self, messages):
        for one in messages:
            if one.data == "slow commit":
                await asyncio.sleep(0.05)
            say(f"committed {one.conv} {one.seq} {one.data}")

    async def choose(self, message, user_ids):
        word, _, rest = message.data.partition(" ")
        if word == "without":
            return user_ids - {int(rest)}
        if word == "nobody":
            raise RuntimeError("who is who?")
        if word == "everybody":
            return {*user_ids, 10**9}
        if word == "later":
            await asyncio.sleep(0.05)

    def online(self, user_id):
        say(f"online {user_id}")

    async def offline(self, user_id):
        say(f"offline {user_id}")


plugin = PlayPlugin
'''


def chat_with(folder: Path, name: str, text: str) -> Path:
    """Return the root of a chat with one more plugin."""
    root = copy_chat(folder, {})
    (root / "plugins" / name).mkdir()
    (root / "plugins" / name / "__init__.py").write_text(text, encoding="utf-8")
    table = root / "config" / "plugin.py"
    table.write_text(table.read_text() + f'\n{name} = {{"path": "plugins/{name}"}}\n')
    return root


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat with the plugin."""
    folder = tmp_path_factory.mktemp("play")
    running = ChatServer(chat_with(folder, "play", PLUGIN), folder / "data").start()
    yield running
    running.stop()


def stored(server: Server, user: User) -> list[str]:
    """Return the texts of a user's messages in the database."""
    found = rows(server, "SELECT data FROM message WHERE from_id = ? ORDER BY seq", user.id)
    return [row[0] for row in found]


async def texts(socket: Any, count: int) -> list[str]:
    """Return the texts of the next messages."""
    return [(await socket.wait_for(type="message"))["data"]["data"] for _ in range(count)]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("spam", 2055, "no advertising"),
        ("no", 2050, "消息被拒绝"),
        ("odd", 2050, "not one of ours"),
    ],
)
async def test_a_plugin_refuses_with_a_code(
    server: Server, ada: User, bob: User, text: str, code: int, words: str
) -> None:
    """A refusal has the plugin's code and text, over socket and HTTP; nothing is stored."""
    socket = await ada.connect()

    answer = await socket.request("send", to_id=bob.id, cid="1", data=text)
    over_http = await server.ask(
        "POST", "/chat/send", token=ada.token, json={"to_id": bob.id, "data": text}
    )

    refusal = {"msg": "fail", "data": words, "code": code, "temporary": False}
    assert answer == {"id": answer["id"], **refusal}
    assert (over_http.status_code, over_http.json()) == (400, refusal)
    assert stored(server, ada) == []


@pytest.mark.parametrize("text", ["break", "forge", "hang"])
async def test_a_plugin_that_fails_and_must_be_asked_refuses(
    server: Server, ada: User, bob: User, text: str
) -> None:
    """The error is temporary: the message can be sent when the plugin works again."""
    socket = await ada.connect()

    answer = await socket.request("send", to_id=bob.id, cid="1", data=text)
    over_http = await server.ask(
        "POST", "/chat/send", token=ada.token, json={"to_id": bob.id, "data": text}
    )

    assert (answer["msg"], answer["code"], answer["temporary"]) == ("fail", 5001, True)
    assert (over_http.status_code, over_http.json()["code"]) == (503, 5001)
    assert stored(server, ada) == []


async def test_a_plugin_changes_what_is_sent(server: Server, ada: User, bob: User) -> None:
    """The message is stored and pushed as the plugin changed it."""
    hers, his = await ada.connect(), await bob.connect()

    plain = await hers.request("send", to_id=bob.id, cid="0", data="oh")
    await his.wait_for(type="message")
    sent = await hers.request("send", to_id=bob.id, cid="1", data="damn it", options={"a": 1})
    assert ("changed" in plain["data"], sent["data"]["changed"]) == (False, True)

    message = (await his.wait_for(type="message"))["data"]
    assert (message["data"], message["type"]) == ("****", "custom")
    assert message["options"] == {"a": 1, "mended": True}
    assert stored(server, ada) == ["oh", "****"]
    assert (await ada.post("/chat/send", to_id=bob.id, data="damn"))["data"] == "****"


async def test_plugins_are_asked_about_edits(server: Server, ada: User, bob: User) -> None:
    """An edit is refused or changed by plugins as a new message is."""
    hers, his = await ada.connect(), await bob.connect()
    sent = await hers.request("send", to_id=bob.id, cid="1", data="hello")

    refused = await hers.request("edit", id=sent["data"]["id"], data="spam")
    await hers.request("edit", id=sent["data"]["id"], data="damn it")

    assert refused["code"] == 2055
    assert await texts(his, 2) == ["hello", "****"]
    assert stored(server, ada)[0] == "****"


async def test_a_plugin_that_hangs_and_passes_only_delays(
    server: Server, ada: User, bob: User
) -> None:
    """The message is sent, and the delay is logged and counted."""
    socket = await ada.connect()

    answer = await socket.request("send", to_id=bob.id, cid="1", data="late")
    await socket.request("send", to_id=bob.id, cid="2", data="counters")

    assert answer["msg"] == "ok"
    server.wait_for_output("play: its before_send has not answered within 0.2 s")
    server.wait_for_output("<counters ")
    counters = server.output.partition("<counters ")[2].partition(">")[0]
    assert int(counters.split()[2]) >= 1


async def test_plugins_do_not_refuse_repetitions(server: Server, ada: User, bob: User) -> None:
    """A repetition gets its first answer, even if a plugin would refuse it now."""
    socket = await ada.connect()

    first = await socket.request("send", to_id=bob.id, cid="1", data="hello")
    again = await socket.request("send", to_id=bob.id, cid="1", data="spam")

    assert again["data"] == {**first["data"], "dup": True}
    assert stored(server, ada) == ["hello"]


async def test_messages_of_one_socket_stay_in_order(server: Server, ada: User, bob: User) -> None:
    """A message that a plugin delays is not overtaken by later ones."""
    hers, his = await ada.connect(), await bob.connect()
    sent = ["slow 1", *map(str, range(20)), "slow 2", "end"]
    for number, text in enumerate(sent):
        data = {"to_id": bob.id, "cid": str(number), "data": text}
        await hers.send({"id": number, "type": "send", "data": data})

    assert await texts(his, len(sent)) == sent
    assert stored(server, ada) == sent


async def test_a_hanging_hook_delays_one_socket_only(server: Server, ada: User, bob: User) -> None:
    """Other users, and the same user on another socket, go on sending."""
    hanging, hers, his = await ada.connect(), await ada.connect(), await bob.connect()
    waits = asyncio.create_task(hanging.request("send", to_id=bob.id, cid="1", data="wait"))
    await asyncio.to_thread(server.wait_for_output, "<waiting>")

    first = await hers.request("send", to_id=bob.id, cid="2", data="hello")
    await his.request("send", to_id=ada.id, cid="3", data="go on")

    assert first["data"]["seq"] == 1
    assert (await waits)["data"]["seq"] == 3


async def test_commits_are_announced_in_order(server: Server, ada: User, bob: User) -> None:
    """In order even if a plugin is slow; events, here a recall, are included."""
    socket = await ada.connect()
    one = await socket.request("send", to_id=bob.id, cid="1", data="slow commit")
    await socket.request("send", to_id=bob.id, cid="2", data="two")
    await socket.request("recall", id=one["data"]["id"])

    conv = one["data"]["conv"]
    server.wait_for_output(f"<committed {conv} 3 ")
    lines = [line for line in server.output.splitlines() if f"<committed {conv} " in line]
    assert lines == [
        f"<committed {conv} 1 slow commit>",
        f"<committed {conv} 2 two>",
        f"<committed {conv} 3 >",
    ]


async def test_a_plugin_excludes_a_recipient(server: Server, ada: User, bob: User) -> None:
    """An excluded user gets no push, and gets the message by `sync`."""
    hers, other, his = await ada.connect(), await ada.connect(), await bob.connect()

    left_out = f"without {bob.id}"
    answer = await hers.request("send", to_id=bob.id, cid="1", data=left_out)
    await hers.request("send", to_id=bob.id, cid="2", data="nobody")
    await hers.request("send", to_id=bob.id, cid="3", data="everybody")
    await hers.request("send", to_id=bob.id, cid="4", data=f"without {ada.id}")
    await hers.request("send", to_id=bob.id, cid="5", data="end")

    assert await texts(other, 2) == [left_out, "end"]
    assert await texts(his, 2) == [f"without {ada.id}", "end"]
    synced = await his.request("sync", cursors={answer["data"]["conv"]: 0})
    (conversation,) = synced["data"]["conversations"]
    assert [message["data"] for message in conversation["messages"]][:3] == [
        left_out,
        "nobody",
        "everybody",
    ]


async def test_pushes_of_a_conversation_stay_in_order(ada: User, bob: User, eve: User) -> None:
    """A plugin that is slow with one push delays only that conversation."""
    hers, his = await ada.connect(), await bob.connect()
    for number, text in enumerate(["later 1", "2", "later 3", "4"]):
        await hers.request("send", to_id=bob.id, cid=str(number), data=text)

    await hers.request("send", to_id=eve.id, cid="e", data="later")

    assert await texts(his, 4) == ["later 1", "2", "later 3", "4"]


@pytest.fixture
def eve(server: Server) -> User:
    """Return Eve, who has an account."""
    return add_user(server, "eve")


async def test_plugins_are_notified_of_presence(server: Server, ada: User) -> None:
    """Plugins are notified of the first socket and the last, in order, and of none in between."""
    for number in range(3):
        socket, other = await ada.connect(), await ada.connect()
        await socket.close()
        await other.close()
        # Who comes back at once was never away.
        server.wait_for_output(f"<offline {ada.id}>", number + 1)

    lines = [line for line in server.output.splitlines() if line.endswith(f"line {ada.id}>")]
    assert lines == [f"<online {ada.id}>", f"<offline {ada.id}>"] * 3


def test_a_bad_registration_stops_the_start(tmp_path: Path) -> None:
    """The error is one sentence that names the plugin and the fix."""
    text = PLUGIN.replace('self.moderate, on_error="refuse", ', "self.moderate, ")

    with pytest.raises(StartFailed) as failed:
        ChatServer(chat_with(tmp_path, "play", text), tmp_path / "data").start()

    assert (
        "yolk: the plugin play: before_send: PlayPlugin.moderate has no on_error; "
        'pass on_error="refuse" or on_error="pass".'
    ) in str(failed.value)
    assert "Traceback" not in str(failed.value)


async def test_the_documented_plugin_works(tmp_path: Path) -> None:
    """The plugin in docs/write-a-plugin.md works as it is printed there."""
    document = (ROOT / "docs" / "write-a-plugin.md").read_text(encoding="utf-8")
    text = document.partition("# plugins/moderator/__init__.py\n")[2].partition("```")[0]
    root = chat_with(tmp_path, "moderator", text)
    (root / "config" / "config_words.py").write_text(
        'moderator = {"refused": ["casino"], "masked": ["damn"]}\n'
    )
    running = ChatServer(root, tmp_path / "data", {"YOLK_ENV": "words"}).start()
    try:
        ada, bob = add_user(running, "ada"), add_user(running, "bob")
        hers, his = await ada.connect(), await bob.connect()
        refused = await hers.request("send", to_id=bob.id, cid="1", data="a Casino!")
        masked = await hers.request("send", to_id=bob.id, cid="2", data="damn it")
        assert (refused["code"], refused["data"]) == (2051, "No advertising here, please.")
        assert masked["data"]["seq"] == 1
        assert await texts(his, 1) == ["**** it"]
        running.wait_for_output("moderator: 1 messages so far")
    finally:
        running.stop()
