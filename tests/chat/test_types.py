"""The content of a message fits its type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.copies import copy_chat
from tests.rows import add_user, rows
from tests.servers import ChatServer
from yolk.testing import Server, User

PLAYFUL = '''"""Turns a text into the message that it describes, to test how changes are checked."""

import json

from yolk import Plugin


class PlayfulPlugin(Plugin):
    name = "playful"
    dependencies = ("websocket",)

    async def did_load(self):
        self.app.hooks.on("before_send", self.change, on_error="refuse", timeout=1)

    async def change(self, message):
        if message.data.startswith("be "):
            kind, data = json.loads(message.data[3:])
            return message.change(type=kind, data=data)


plugin = PlayfulPlugin
'''


@pytest.fixture(scope="module")
def playful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat with an extra type, and a plugin that changes messages."""
    folder = tmp_path_factory.mktemp("chat")
    plugins = (Path(__file__).parents[2] / "config" / "plugin.py").read_text()
    root = copy_chat(
        folder,
        {
            "config/config_play.py": 'chat = {"extra_types": ["emoticon"]}\nlocale = "en"\n',
            "config/plugin.py": f'{plugins}\nplayful = {{"enable": True, "path": "playful"}}\n',
        },
    )
    (root / "playful").mkdir()
    (root / "playful" / "__init__.py").write_text(PLAYFUL)
    running = ChatServer(root, folder / "data", {"YOLK_ENV": "play"}).start()
    yield running
    running.stop()


async def send(user: User, to: User, kind: str, data: str, **more: Any) -> Any:
    """Send over HTTP, and return the message or the code of the refusal."""
    body = {"to_id": to.id, "type": kind, "data": data, **more}
    response = await user.server.ask("POST", "/chat/send", token=user.token, json=body)
    answer = response.json()
    return answer["data"] if answer["msg"] == "ok" else answer["code"]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("text", "any"),
        ("text", ""),
        ("custom", '{"a game": 7}'),
        ("custom", "no JSON"),
        ("image", "https://pictures.example/a.png?size=1#x"),
        ("audio", "http://127.0.0.1:8000/a.mp3"),
        ("video", "HTTPS://pictures.example"),
        ("file", f"https://{'x' * 2040}"),
        ("location", '{"latitude": 52.5, "longitude": -180}'),
        (
            "location",
            '{"latitude": -90, "longitude": 0, "name": "柏林", "address": "x", "zoom": 3}',
        ),
    ],
)
async def test_fitting_content_is_stored(ada: User, bob: User, kind: str, data: str) -> None:
    """Content that fits its type is stored as it was sent, over HTTP and over the socket."""
    sent = await send(ada, bob, kind, data)
    hers = await ada.connect()
    his = await bob.connect()
    answer = await hers.request("send", to_id=bob.id, type=kind, data=data)
    pushed = (await his.wait_for(type="message"))["data"]

    assert (sent["type"], sent["data"], sent["options"]) == (kind, data, None)
    assert answer["msg"] == "ok"
    assert (pushed["type"], pushed["data"], pushed["options"]) == (kind, data, None)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("emoticon", "smile"),
        ("poke", ""),
        ("image", ""),
        ("image", "a picture"),
        ("image", "javascript:alert(1)"),
        ("image", "data:image/png;base64,AAAA"),
        ("image", "//pictures.example/a.png"),
        ("file", "https://"),
        ("file", "https:///a"),
        ("file", "https://a b"),
        ("file", f"https://{'x' * 2041}"),
        ("file", "/files/"),
        ("file", "/files/../users"),
        ("file", "/files/01A20787-0000-7000-8000-000000000000"),
        ("file", "/files/01a20787000070008000000000000000"),
        ("file", "/files/01a20787-0000-7000-8000-000000000000?x=1"),
        ("location", "here"),
        ("location", "[]"),
        ("location", "{}"),
        ("location", '{"latitude": 91, "longitude": 0}'),
        ("location", '{"latitude": 0, "longitude": -180.1}'),
        ("location", '{"latitude": "0", "longitude": 0}'),
        ("location", '{"latitude": true, "longitude": 0}'),
        ("location", json.dumps({"latitude": 0, "longitude": 0, "name": "x" * 201})),
        ("location", json.dumps({"latitude": 0, "longitude": 0, "address": 7})),
        ("card", "7"),
        ("card", "{}"),
        ("card", '{"user_id": "1"}'),
        ("card", '{"user_id": 0}'),
        ("card", '{"user_id": 9223372036854775808}'),
    ],
)
async def test_other_content_is_refused(ada: User, bob: User, kind: str, data: str) -> None:
    """It is refused as invalid data, over HTTP and over the socket."""
    hers = await ada.connect()

    assert await send(ada, bob, kind, data) == 1002
    answer = await hers.request("send", to_id=bob.id, type=kind, data=data)
    assert (answer["msg"], answer["code"]) == ("fail", 1002)
    assert rows(ada.server, "SELECT 1 FROM message WHERE from_id = ?", ada.id) == []


async def test_a_card_needs_an_existing_user(server: Server, ada: User, bob: User) -> None:
    """A card needs a user who exists."""
    carl = add_user(server, "carl")

    sent = await send(ada, bob, "card", f'{{"user_id": {carl.id}}}')

    assert sent["data"] == f'{{"user_id": {carl.id}}}'
    assert await send(ada, bob, "card", '{"user_id": 999999}') == 2004


@pytest.mark.parametrize(
    "options",
    [
        {"duration_ms": 1500, "waveform": [0, 50, 100] * 21, "codec": "opus"},
        {"duration_ms": 0, "waveform": []},
        {"duration_ms": None},
        {"mood": 1},
    ],
)
async def test_a_sound_has_a_duration_and_a_waveform(
    ada: User, bob: User, options: dict[str, Any]
) -> None:
    """The duration and the waveform of a sound are stored as they were sent."""
    sent = await send(ada, bob, "audio", "https://x.example/a.ogg", options=options)

    assert sent["options"] == options


@pytest.mark.parametrize(
    "options",
    [
        {"duration_ms": -1},
        {"duration_ms": "1"},
        {"duration_ms": 1.5},
        {"waveform": [101]},
        {"waveform": [0.5]},
        {"waveform": [1] * 65},
        {"waveform": "loud"},
    ],
)
async def test_an_invalid_duration_is_refused(
    ada: User, bob: User, options: dict[str, Any]
) -> None:
    """An invalid duration is refused in a sound; in other types these keys have no meaning."""
    assert await send(ada, bob, "audio", "https://x.example/a.ogg", options=options) == 1002
    assert (await send(ada, bob, "custom", "x", options=options))["options"] == options


async def test_only_the_server_describes_files(ada: User, bob: User) -> None:
    """What a client sends as `options.file` is removed, and does not count for the limit."""
    options = {"file": {"name": "x" * 9000}, "mood": 1}

    sent = await send(ada, bob, "text", "/files/x", options=options)
    other = await send(ada, bob, "image", "https://x.example/a.png", options={"file": 1})

    assert sent["options"] == {"mood": 1}
    assert other["options"] is None


async def test_frames_stay_in_order_around_checks(server: Server, ada: User, bob: User) -> None:
    """What was sent after a card or a location is stored after it."""
    hers = await ada.connect()
    card = f'{{"user_id": {bob.id}}}'
    place = '{"latitude": 1, "longitude": 2}'
    kinds = [("text", "x"), ("card", card), ("location", place), ("custom", "y")]
    for number in range(40):
        kind, data = kinds[number % 4]
        body = {"to_id": bob.id, "cid": str(number), "type": kind, "data": data}
        await hers.send({"id": f"r{number}", "type": "send", "data": body})
    for _ in range(40):
        await hers.wait_for(msg="ok")

    found = rows(server, "SELECT cid FROM message WHERE from_id = ? ORDER BY seq", ada.id)
    assert [row[0] for row in found] == [*map(str, range(40))]


async def test_the_configuration_adds_types(playful: Server) -> None:
    """Types of `chat.extra_types` are accepted with any content; others are not."""
    ada, bob = add_user(playful, "ada"), add_user(playful, "bob")

    sent = await send(ada, bob, "emoticon", "smile", options={"pack": 3})

    assert (sent["type"], sent["data"], sent["options"]) == ("emoticon", "smile", {"pack": 3})
    assert await send(ada, bob, "poke", "") == 1002


async def test_messages_changed_by_plugins_are_checked(playful: Server) -> None:
    """A plugin cannot make a message of an unknown type, or with data that does not fit it."""
    ada, bob = add_user(playful, "ada"), add_user(playful, "bob")
    place = '{"latitude": 1, "longitude": 2}'

    good = await send(ada, bob, "text", f"be {json.dumps(['location', place])}")
    bad = await send(ada, bob, "text", f"be {json.dumps(['location', 'here'])}")
    unknown = await send(ada, bob, "text", f"be {json.dumps(['poke', ''])}")

    assert (good["type"], good["data"]) == ("location", place)
    assert (bad, unknown) == (1002, 1002)
