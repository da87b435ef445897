"""The Python client with the running chat: it delivers every message, and sends each once."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest
from PIL import Image
from yolk_client import (
    Client,
    FileInfo,
    FileInUse,
    Message,
    OutboxEntry,
    YolkError,
    conv_of_users,
    peer_of,
)

from tests.chat.test_crashes import workers
from tests.clients.devices import Device
from tests.conftest import Serve
from tests.copies import copy_chat
from tests.cuts import FailingNetwork
from tests.groups import acquaint
from tests.rows import add_user, rows
from tests.servers import ChatServer
from yolk.testing import Server, User

Open = Callable[..., Device]


@pytest.fixture
async def device() -> AsyncIterator[Open]:
    """Yield a function that opens a device, and close the devices afterwards."""
    async with AsyncExitStack() as stack:

        def open_device(*given: Any, **options: Any) -> Device:
            made = Device(*given, **options)
            stack.push_async_callback(made.client.close)
            return made

        yield open_device


def conv(one: User, other: User) -> str:
    """Return the conv of two users."""
    return conv_of_users(one.id, other.id)


def stored(server: Server, conv: str) -> list[str]:
    """Return the messages of a conversation in the database."""
    found = rows(server, "SELECT data FROM message WHERE conv = ? ORDER BY seq", conv)
    return [row[0] for row in found]


async def test_two_clients_chat(server: Server, device: Open) -> None:
    """Each receives everything in order, with its own messages once they are stored."""
    ada, bob = await server.user("ada"), await server.user("bob")
    hers, his = device(ada), device(bob)
    client, other = await hers.start(), await his.start()

    for number in range(30):
        client.send(bob.id, f"a{number}")
        other.send(ada.id, f"b{number}")
    await hers.until(lambda: len(hers.messages) == 60)
    await his.until(lambda: len(his.messages) == 60)

    assert hers.messages == his.messages
    assert [one.seq for one in hers.messages] == [*range(1, 61)]
    assert [text for text in hers.texts() if text[0] == "a"] == [f"a{one}" for one in range(30)]
    assert [text for text in hers.texts() if text[0] == "b"] == [f"b{one}" for one in range(30)]
    assert hers.texts() == stored(server, conv(ada, bob))
    assert client.outbox() == []
    assert client.me is not None
    assert client.me.username == ada.username
    assert (await client.history(conv(ada, bob), after=58)).messages == hers.messages[58:]
    assert peer_of(conv(ada, bob), ada.id) == bob.id


async def test_a_text_that_was_cut_within_an_emoji_is_sent(
    server: Server, ada: User, bob: User, device: Open
) -> None:
    """Half an emoji becomes U+FFFD, in messages, searches and names of files; the rest follows."""
    hers, his = device(ada), device(bob)
    client = await hers.start()
    await his.start()

    client.send(bob.id, "cut \ud83d")
    client.send(bob.id, "whole \ud83d\ude00")
    await his.until(lambda: len(his.messages) == 2)
    await client.call("GET", "/users", {"q": "\ud83d"})
    sent = await client.upload(io.BytesIO(b"text"), name="cut \udcff.txt")

    assert his.texts() == ["cut \ufffd", "whole 😀"]
    assert sent.name == "cut \ufffd.txt"


async def test_it_begins_with_now(server: Server, ada: User, bob: User, device: Open) -> None:
    """Messages from before the start are history; those sent while it connects are delivered."""
    for number in range(3):
        await bob.post("/chat/send", to_id=ada.id, data=f"before {number}")
    hers = device(ada)
    await hers.start()

    await bob.post("/chat/send", to_id=ada.id, data="after")
    await hers.until(lambda: hers.messages)

    assert hers.texts() == ["after"]


async def test_what_it_says_arrived_and_was_read(
    server: Server, ada: User, bob: User, device: Open
) -> None:
    """It sends `delivered` by itself, and `read` when asked to."""
    hers, his = device(ada), device(bob)
    client = await hers.start()
    await his.start()

    his.client.send(ada.id, "hello")
    await his.until(lambda: {"delivered_seq": 1} in _seqs(his))
    client.read(conv(ada, bob), 1)
    await his.until(lambda: {"read_seq": 1} in _seqs(his))


def _seqs(one: Device) -> list[dict[str, int]]:
    return [
        {name: value for name, value in receipt.items() if name.endswith("_seq")}
        for receipt in one.told("receipt")
        if receipt["user_id"] != one.user.id
    ]


async def test_a_network_that_fails_changes_nothing(server: Server, device: Open) -> None:
    """With cuts at random places, also within frames, every message arrives once and in order."""
    ada, bob = add_user(server, "ada"), add_user(server, "bob")
    random = Random(20_261_123)
    count = 0
    async with FailingNetwork(server.port, random) as network:
        url = f"http://127.0.0.1:{network.port}"
        hers, his = pair = [device(ada, url, max_missed=None), device(bob, url, max_missed=None)]
        for one in pair:
            while one.client.me is None:
                with contextlib.suppress(YolkError):
                    await one.client.start()
            await one.until_synced()
        cut_before = network.cuts
        while count < 150 or network.cuts < cut_before + 10:
            hers.client.send(bob.id, f"{count} {'x' * 500}")
            his.client.send(ada.id, f"{count} {'y' * 500}")
            count += 1
            await asyncio.sleep(random.random() * 0.02)
        network.restore()
        for one in pair:
            await one.until_it_has(2 * count)

    for one in pair:
        assert one.texts() == stored(server, conv(ada, bob))
        for user, letter in ((ada, "x"), (bob, "y")):
            written = [message.data for message in one.messages if message.from_id == user.id]
            assert written == [f"{number} {letter * 500}" for number in range(count)]


async def test_a_worker_that_is_killed_changes_nothing(serve: Serve, device: Open) -> None:
    """When a worker is killed, every sent message is stored once and delivered once."""
    server = serve(WORKERS="2")
    ada, bob = add_user(server, "ada"), add_user(server, "bob")
    hers, his = device(ada), device(bob)
    await hers.start()
    await his.start()

    for number in range(200):
        hers.client.send(bob.id, f"{number}")
        if number in (60, 130):
            os.kill(workers(server)[number > 100], signal.SIGKILL)
        await asyncio.sleep(0.01)
    for one in (hers, his):
        await one.until_it_has(200)

    assert hers.texts() == his.texts() == [f"{number}" for number in range(200)]
    assert stored(server, conv(ada, bob)) == hers.texts()


async def test_what_is_written_while_the_server_is_unavailable_is_sent_when_it_is_back(
    serve: Serve, device: Open
) -> None:
    """After a cut, messages are sent once and in order, and those of others are delivered."""
    server = serve()
    ada, bob = await server.user("ada"), await server.user("bob")
    hers, his = device(ada), device(bob)
    await hers.start()
    await his.start()
    hers.client.send(bob.id, "0")
    await his.until(lambda: his.messages)

    server.stop()
    await hers.until(lambda: hers.client.state.name == "offline")
    for number in range(1, 20):
        hers.client.send(bob.id, str(number))
    assert len(hers.client.outbox(conv(ada, bob))) == 19
    server.start()
    for one in (hers, his):
        await one.until_it_has(20)

    assert hers.texts() == his.texts() == [str(number) for number in range(20)]
    assert stored(server, conv(ada, bob)) == hers.texts()
    assert hers.client.outbox() == []


async def test_an_expired_token_is_renewed(tmp_path: Path, device: Open) -> None:
    """The chat continues while tokens are valid for two seconds; nobody has to log in again."""
    short = 'from config.config_prod import *  # noqa\njwt = {"expires_in": 2}\nlocale = "en"\n'
    root = copy_chat(tmp_path, {"config/config_short.py": short})
    server = ChatServer(root, tmp_path / "data", {"YOLK_ENV": "short"}).start()
    try:
        ada, bob = await server.user("ada"), await server.user("bob")
        hers, his = device(ada), device(bob)
        await hers.start()
        await his.start()
        for number in range(60):
            hers.client.send(bob.id, str(number))
            if number % 20 == 19:
                assert (await his.client.call("GET", f"/users/{ada.id}"))["id"] == ada.id
                await his.client.connect()
            await asyncio.sleep(0.1)
        await his.until(lambda: len(his.messages) >= 60)
    finally:
        await hers.client.close()
        await his.client.close()
        server.stop()

    assert his.texts() == [str(number) for number in range(60)]
    assert not [state for state in his.states if state.name == "refused"]


async def test_a_socket_stays_open_longer_than_its_token(tmp_path: Path, device: Open) -> None:
    """The client hands in a new token when the server asks for one, and does not reconnect."""
    root = copy_chat(tmp_path, {"config/config_short.py": 'jwt = {"expires_in": 5}\n'})
    server = ChatServer(root, tmp_path / "data", {"YOLK_ENV": "short"}).start()
    try:
        hers = device(await server.user("ada"))
        await hers.start()
        await hers.until(lambda: hers.client.state.name == "online")
        await asyncio.sleep(11)

        assert [state.name for state in hers.states][-2:] == ["connecting", "online"]
        assert [state.name for state in hers.states].count("online") == 1
    finally:
        await hers.client.close()
        server.stop()


async def test_a_token_of_another_system_will_do(server: Server, ada: User, device: Open) -> None:
    """The token function is called whenever a token is needed, and its token names the user."""
    asked: list[str] = []

    async def token() -> str:
        # The first token has expired.
        asked.append(server.token(id=ada.id, **({} if asked else {"exp": 1})))
        return asked[-1]

    client = Client(server.url, token=token)
    try:
        await client.start()
        assert client.me is not None
        assert client.me.id == ada.id
        assert len(asked) == 2
    finally:
        await client.close()


async def test_who_is_not_wanted_stays_away(server: Server, device: Open) -> None:
    """After a close code from 4500 on it does not reconnect, and says why."""
    ada = await server.user("ada")
    hers = device(ada)
    await hers.start()
    running = asyncio.create_task(hers.client.run())
    await hers.until(lambda: hers.client.state.name == "online")

    refresh = hers.client._http._refresh_token
    await server.post("/auth/logout", token=hers.client._http._token, refresh_token=refresh)
    with pytest.raises(YolkError) as raised:
        await asyncio.wait_for(running, 10)

    assert hers.client.state.name == "refused"
    assert raised.value.code in (4505, 3012)
    assert str(raised.value)


async def test_what_cannot_be_sent_fails_and_what_follows_is_sent(
    server: Server, ada: User, bob: User, device: Open
) -> None:
    """A message that is refused for good is kept, and can be retried or discarded."""
    hers = device(ada)
    client = await hers.start()

    bad = client.send(bob.id, "x", options={"reply_to": "rubbish"})
    large = client.send(bob.id, "y" * 2_000_000)
    client.send(bob.id, "good")
    await client.settle()
    await hers.until(lambda: hers.messages)

    assert hers.texts() == ["good"]
    failed = {one.cid: one for one in client.outbox()}
    assert (failed[bad.cid].state, failed[bad.cid].code) == ("failed", 1002)
    assert failed[large.cid].code == 1009
    client.retry(bad.cid)
    client.discard(large.cid)
    await client.settle()
    assert [one.cid for one in client.outbox()] == [bad.cid]


async def test_who_is_invited_hears_from_then_on(
    server: Server, ada: User, bob: User, device: Open
) -> None:
    """A group's earlier history is not delivered; a dissolved one, or after removal, is gone."""
    acquaint(bob, ada)
    group = await bob.post("/chat/groups", name="Old", history=True)
    for number in range(3):
        await bob.post("/chat/send", to_id=group["id"], chat_type="group", data=f"old {number}")
    hers = device(ada)
    await hers.start()
    await bob.post(f"/chat/groups/{group['id']}/invite", users=[ada.id])
    await bob.post("/chat/send", to_id=group["id"], chat_type="group", data="welcome")
    await hers.until(lambda: "welcome" in hers.texts())

    await hers.client._connection.close()
    own = await bob.post("/chat/groups", name="New", members=[ada.id])
    await bob.post(f"/chat/groups/{group['id']}/remove", users=[ada.id])
    await bob.post(f"/chat/groups/{group['id']}/invite", users=[ada.id])
    await bob.post("/chat/send", to_id=own["id"], chat_type="group", data="here")
    await hers.client.connect()
    await hers.until(lambda: "here" in hers.texts())
    await bob.post(f"/chat/groups/{own['id']}/remove", users=[ada.id])
    await hers.until(lambda: {"conv": own["conv"]} in hers.told("gone"))

    assert [one.type for one in hers.messages[:2]] == ["notice", "text"]
    assert [one.seq for one in hers.messages if one.conv == own["conv"]] == [1, 2, 3]
    # She was also removed from the old group, and returned.
    assert hers.told("gone") == [{"conv": group["conv"]}, {"conv": own["conv"]}]
    assert [one.seq for one in hers.messages if one.conv == group["conv"]] == [5, 6, 7, 8]


async def test_much_that_was_missed_is_a_gap(
    server: Server, ada: User, bob: User, device: Open
) -> None:
    """After more than `max_missed` messages it says where messages continue."""
    hers = device(ada, max_missed=20)
    await hers.start()
    await bob.post("/chat/send", to_id=ada.id, data="first")
    await hers.until(lambda: hers.messages)
    await hers.client._connection.close()
    for number in range(30):
        await bob.post("/chat/send", to_id=ada.id, data=str(number))

    await hers.client.connect()
    await hers.until(lambda: hers.told("gap"))
    await bob.post("/chat/send", to_id=ada.id, data="last")
    await hers.until(lambda: len(hers.messages) == 2)

    assert hers.told("gap") == [{"conv": conv(ada, bob), "seq": 31}]
    assert hers.texts() == ["first", "last"]


async def test_a_file_lets_it_go_on_where_it_stopped(
    server: Server, ada: User, bob: User, device: Open, tmp_path: Path
) -> None:
    """After a restart, missed messages are delivered and unsent ones are sent."""
    file = tmp_path / "ada.sqlite3"
    first = device(ada, file=file)
    await first.start()
    with pytest.raises(FileInUse):
        Client(server.url, file=file)
    await bob.post("/chat/send", to_id=ada.id, data="0")
    await first.until(lambda: first.messages)
    await first.client._connection.close()
    unsent = first.client.send(bob.id, "unsent")
    await first.client.close()
    for number in range(1, 5):
        await bob.post("/chat/send", to_id=ada.id, data=str(number))

    again = device(ada, file=file)
    await again.start()
    await again.until(lambda: len(again.messages) == 5)

    assert sorted(again.texts()) == ["1", "2", "3", "4", "unsent"]
    assert again.messages[-1].cid == unsent.cid


async def test_a_message_and_what_it_made_one_write_are_kept_together(
    server: Server, ada: User, bob: User, device: Open, tmp_path: Path
) -> None:
    """A listener that was stopped has sent nothing, and gets the message again."""
    file = tmp_path / "ada.sqlite3"
    first = device(ada, file=file)
    began = asyncio.Event()

    async def stopped(message: Message) -> None:
        first.client.reply(message, "half")
        began.set()
        await asyncio.Event().wait()

    first.client.on("message", stopped)
    await first.start()
    await bob.post("/chat/send", to_id=ada.id, data="question")
    await began.wait()
    assert [one.data for one in first.client.outbox()] == ["half"]
    await first.client.close()

    again = device(ada, file=file)

    async def answer(message: Message) -> None:
        if message.from_id == bob.id:
            again.client.reply(message, "whole")

    again.client.on("message", answer)
    await again.start()
    await again.until(lambda: len(again.messages) == 2)

    assert stored(server, conv(ada, bob)) == ["question", "whole"]


async def test_a_listener_that_fails_disturbs_nobody(
    server: Server, ada: User, bob: User, device: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """A failing listener is logged, and the others are called as usual."""
    hers = device(ada)

    def fail(_: Any) -> None:
        raise RuntimeError("planted")

    async def fail_later(_: Any) -> None:
        raise RuntimeError("planted")

    for event in ("message", "state"):
        hers.client.on(event, fail)
        hers.client.on(event, fail_later)
    with caplog.at_level(logging.ERROR, "yolk_client"):
        await hers.start()
        await bob.post("/chat/send", to_id=ada.id, data="one")
        await bob.post("/chat/send", to_id=ada.id, data="two")
        await hers.until(lambda: len(hers.messages) == 2)
        hers.client.on("message", lambda _: None)()

    assert "planted" in caplog.text
    caplog.clear()


async def test_it_catches_up_when_the_server_says_so(
    server: Server, ada: User, bob: User, device: Open
) -> None:
    """With a thousand messages at once and a slow listener, none is missing."""
    hers = device(ada, max_missed=None)
    slow: list[int] = []

    async def listen(message: Message) -> None:
        await asyncio.sleep(0)
        slow.append(message.seq)

    hers.client.on("message", listen)
    await hers.start()
    his = await bob.connect()
    for number in range(1500):
        body = {"to_id": ada.id, "data": str(number), "cid": f"m{number}"}
        await his.send({"id": number, "type": "send", "data": body})
    await hers.until(lambda: len(hers.messages) == 1500)
    await hers.client.stop()

    assert hers.texts() == [str(number) for number in range(1500)]
    assert slow[:1499] == [*range(1, 1500)]


async def test_what_waits_is_told(server: Server, ada: User, bob: User, device: Open) -> None:
    """The event `outbox` names the conversation, and `outbox()` returns its waiting messages."""
    hers = device(ada)
    seen: list[list[OutboxEntry]] = []
    hers.client.on("outbox", lambda event: seen.append(hers.client.outbox(event["conv"])))
    client = await hers.start()

    client.send(bob.id, "one")
    await client.settle()

    assert [[one.data for one in entries] for entries in seen] == [["one"], []]


def picture() -> bytes:
    """Return a small PNG."""
    content = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(content, "PNG")
    return content.getvalue()


async def test_a_picture_is_uploaded_sent_and_seen(
    server: Server, ada: User, bob: User, device: Open
) -> None:
    """Sender and recipient get the server's description of a file, and can open it."""
    hers, his = device(ada), device(bob)
    client, other = await hers.start(), await his.start()
    told: list[tuple[int, int]] = []

    info = await client.upload(picture(), name="été.png", on_progress=lambda *now: told.append(now))
    client.send(bob.id, info.url, type="image", options={"caption": "teal"})
    for one in (hers, his):
        await one.until_it_has(1)

    assert (info.name, info.type, info.width, info.height) == ("été.png", "image/png", 64, 48)
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1] == len(picture())
    assert hers.messages == his.messages
    options = his.messages[0].options
    assert options is not None
    assert options["caption"] == "teal"
    assert FileInfo.of(options["file"]) == info
    for variant in ("content", "thumbnail", "download"):
        answer = await server.ask("GET", await other.link(info.id, variant))
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("image/")
    with pytest.raises(YolkError) as raised:
        await other.link("01a20787-0000-7000-8000-000000000000")
    assert raised.value.code == 2060


async def test_an_upload_goes_on_where_it_was_cut(
    server: Server, ada: User, device: Open, tmp_path: Path
) -> None:
    """Through a network that fails all the time, a file arrives as it was sent."""
    content = Random(7).randbytes(3_000_000)
    path = tmp_path / "numbers.bin"
    path.write_bytes(content)
    told: list[int] = []
    async with FailingNetwork(server.port, Random(11)) as network:
        hers = device(ada, f"http://127.0.0.1:{network.port}")
        while hers.client.me is None:
            with contextlib.suppress(YolkError):
                await hers.client.start()
        uploading = asyncio.create_task(
            hers.client.upload(path, on_progress=lambda done, _: told.append(done))
        )
        while network.cuts < 6 and not uploading.done():
            await asyncio.sleep(0.01)
        network.restore()
        info = await asyncio.wait_for(uploading, 90)
        link = await hers.client.link(info.id)

    assert (info.name, info.size) == ("numbers.bin", len(content))
    assert (await server.ask("GET", link)).content == content
    assert told == sorted(told)


async def test_a_file_that_is_not_wanted_is_refused_at_once(
    server: Server, ada: User, device: Open
) -> None:
    """A refused message fails with the server's code, and is not retried."""
    hers = device(ada)
    await hers.start()

    with pytest.raises(YolkError) as raised:
        await hers.client.upload(b"x", folder="../up")
    assert raised.value.code == 2063
