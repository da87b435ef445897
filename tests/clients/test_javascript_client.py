"""The JavaScript client, in Node, against the real server."""

from __future__ import annotations

import asyncio
import fcntl
import gzip
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from tests.chat.test_crashes import workers
from tests.conftest import ROOT, Serve
from tests.copies import copy_chat
from tests.cuts import FailingNetwork
from tests.groups import acquaint
from tests.node_client import NODE, NodeClient, RequestFailed, client_for, find_node
from tests.rows import add_user, disable, rows
from tests.servers import ChatServer
from tests.uploads import incoming
from yolk.testing import Server, User

SEED = 20_260_801
EACH = 200
"""Messages of each of two users while the network fails."""
PADDING = "." * 500
"""Few bytes, so that connections are cut often."""
QUICK = 100
"""The factor by which reconnecting and retrying are accelerated."""


def conversation(one: User, other: User) -> str:
    """Return the conv of two users."""
    return f"s:{min(one.id, other.id)}:{max(one.id, other.id)}"


def count(client: NodeClient, kind: str) -> int:
    """Return the number of events of a type."""
    return len([1 for happened, _ in client.events if happened == kind])


async def log_in(client: NodeClient, user: User) -> None:
    """Log in, and wait until the client has caught up."""
    before = count(client, "synced")
    await client.do("login", {"username": user.username, "password": user.password})
    await client.wait_for("synced", before + 1)


async def insist(client: NodeClient, user: User) -> None:
    """Log in through a failing network."""
    while not await client.do("get", "me"):
        with suppress(RequestFailed):
            await client.do("login", {"username": user.username, "password": user.password})


def stored(server: Server, conv: str) -> list[tuple[Any, ...]]:
    """Return the messages of a conversation in the database, in order."""
    query = "SELECT seq, cid, from_id, data FROM message WHERE conv = ? ORDER BY seq"
    return [tuple(row) for row in rows(server, query, conv)]


def handed_out(client: NodeClient, conv: str) -> list[tuple[Any, ...]]:
    """Return the messages of a conversation that a client delivered, in order."""
    names = ("seq", "cid", "from_id", "data")
    return [tuple(one[name] for name in names) for one in client.messages(conv)]


def test_the_file_is_small() -> None:
    """The client is one file of less than 10 KB over the wire, with its comments."""
    text = (ROOT / "web" / "client" / "yolk.js").read_bytes()

    assert len(gzip.compress(text, 9)) < 10 * 1024
    assert b"import " not in text


async def test_the_rules_hold_on_a_scripted_socket() -> None:
    """The rules that need a scripted server hold: see tests/node/client_rules.mjs."""
    process = await asyncio.create_subprocess_exec(
        *(find_node(), "--test", str(NODE / "client_rules.mjs")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 100)

    assert process.returncode == 0, printed.decode()


async def test_two_chat(server: Server) -> None:
    """A message is delivered to the recipient, and to the sender once it is stored."""
    ada, bob = await server.user("ada"), await server.user("bob")
    async with client_for(server) as hers, client_for(server) as his:
        await log_in(hers, ada)
        await log_in(his, bob)

        entry = await hers.do("send", {"to_id": bob.id, "data": "Hello"})
        own = await hers.wait_for("message")
        got = await his.wait_for("message")
        await his.do("send", {"to_id": ada.id, "data": "Hi"})
        answer = await hers.wait_for("message", 2)

        assert entry["state"] == "sending"
        assert own == got
        assert (own["cid"], own["seq"], own["data"]) == (entry["cid"], 1, "Hello")
        assert (answer["seq"], answer["data"]) == (2, "Hi")
        assert await hers.do("outbox") == []
        await hers.wait_for("receipt", delivered_seq=1)


async def test_what_happens_is_told(server: Server) -> None:
    """Recalls and edits are messages; typing, presence, receipts and system pushes are events."""
    ada, bob = await server.user("ada"), await server.user("bob")
    conv = conversation(ada, bob)
    async with client_for(server) as hers, client_for(server) as his:
        await log_in(hers, ada)
        await log_in(his, bob)
        await hers.do("request", "presence", {"users": [bob.id]})

        await hers.do("send", {"to_id": bob.id, "data": "Helo"})
        sent = await his.wait_for("message")
        await hers.do("request", "edit", {"id": sent["id"], "data": "Hello"})
        await his.wait_for("message", type="edit", seq=2)
        await hers.do("request", "recall", {"id": sent["id"]})
        await his.wait_for("message", type="recall", seq=3)
        await hers.wait_for("message", type="edit", seq=2)
        await hers.wait_for("message", type="recall", seq=3)
        await hers.do("call", "POST", "/chat/conversations/pin", {"conv": conv, "on": True})
        await his.do("request", "typing", {"to_id": ada.id})
        await his.do("read", conv, 3)
        await hers.wait_for("system", event="conversation")
        await hers.wait_for("typing", from_id=bob.id)
        await hers.wait_for("receipt", user_id=bob.id, read_seq=3)
        await his.do("stop")
        await hers.wait_for("presence", user_id=bob.id, online=False)


async def test_history_is_no_news(server: Server) -> None:
    """Messages from before the start are returned by history(), later ones are delivered."""
    ada, bob = await server.user("ada"), await server.user("bob")
    for number in range(5):
        await ada.post("/chat/send", to_id=bob.id, data=str(number))
    async with client_for(server) as his:
        await log_in(his, bob)
        page = await his.do("history", conversation(ada, bob), {"limit": 3})
        older = await his.do("history", conversation(ada, bob), {"before": 3})
        await ada.post("/chat/send", to_id=bob.id, data="new")
        await his.wait_for("message")

        assert [one["seq"] for one in page["messages"]] == [3, 4, 5]
        assert [one["seq"] for one in older["messages"]] == [1, 2]
        assert [one["data"] for one in his.messages()] == ["new"]


async def test_groups_that_one_joins(server: Server) -> None:
    """Messages of a group are delivered from joining to leaving; then it is gone."""
    ada, bob = await server.user("ada"), await server.user("bob")
    acquaint(ada, bob)
    group = await ada.post("/chat/groups", name="Group")
    for text in ("one", "two"):
        await ada.post("/chat/send", to_id=group["id"], chat_type="group", data=text)
    async with client_for(server) as his:
        await log_in(his, bob)
        await ada.post(f"/chat/groups/{group['id']}/invite", users=[bob.id])
        await ada.post("/chat/send", to_id=group["id"], chat_type="group", data="three")
        await his.wait_for("message", data="three")
        await his.do("send", {"to_id": group["id"], "chat_type": "group", "data": "four"})
        await his.wait_for("message", data="four")
        await ada.post(f"/chat/groups/{group['id']}/remove", users=[bob.id])
        await his.wait_for("gone", conv=group["conv"])

        types = [(one["seq"], one["type"]) for one in his.messages()]
        assert types == [(4, "notice"), (5, "text"), (6, "text"), (7, "notice")]


async def chat_through_cuts(server: Server, kill: bool = False) -> None:
    """Let two users write through a failing network, and check what their clients delivered."""
    ada, bob = await server.user("ada"), await server.user("bob")
    conv = conversation(ada, bob)
    networks = [FailingNetwork(server.port, Random(f"{SEED} {name}")) for name in ("ada", "bob")]
    async with (
        networks[0],
        networks[1],
        client_for(server, networks[0].port, quick=QUICK) as hers,
        client_for(server, networks[1].port, quick=QUICK) as his,
    ):
        for user, client in ((ada, hers), (bob, his)):
            await insist(client, user)
            await client.wait_for("synced")
        written = 0
        for number in range(EACH):
            for client, peer in ((hers, bob), (his, ada)):
                await client.do("send", {"to_id": peer.id, "data": f"{peer.id} {number} {PADDING}"})
            written += 2
            if number % 5 == 0:
                for client in (hers, his):
                    await client.wait_for("message", max(1, written - 60))
            if kill and number == EACH // 2:
                os.kill(workers(server)[0], signal.SIGKILL)
        for network in networks:
            network.restore()
        for client in (hers, his):
            await client.wait_for("message", written)

        expected = stored(server, conv)
        assert [row[0] for row in expected] == [*range(1, written + 1)]
        assert handed_out(hers, conv) == expected
        assert handed_out(his, conv) == expected
        for peer in (ada, bob):
            numbers = [int(row[3].split()[1]) for row in expected if row[2] != peer.id]
            assert numbers == [*range(EACH)]
        for client in (hers, his):
            assert await client.do("outbox") == []
            assert not [one for one in await client.do("storage") if "outbox" in one[0]]
            never_both_nor_neither(client)
        # The network failed as planned.
        assert min(network.cuts for network in networks) > 3


def never_both_nor_neither(client: NodeClient) -> None:
    """Check that an entry is in the outbox until its message is delivered, and not afterwards."""
    come: set[str] = set()
    for line in client.lines:
        if line.get("event") == "message":
            message = line["data"]
            mine = message["cid"] and message["from_id"] == client.user_id
            assert not mine or message["cid"] in line["outbox"]
            come.add(message["cid"])
        elif line.get("event") == "outbox":
            assert not come & set(line["outbox"])


async def test_the_network_fails_at_random(serve: Serve) -> None:
    """Both have every message of the database, in order, each once."""
    await chat_through_cuts(serve())


async def test_a_worker_is_killed(serve: Serve) -> None:
    """Nothing is lost with two workers, one of which is killed."""
    await chat_through_cuts(serve(WORKERS="2"), kill=True)


async def test_written_while_the_server_is_unavailable(serve: Serve, tmp_path: Path) -> None:
    """Messages written offline survive the end of the program, and are sent once, in order."""
    server = serve()
    ada, bob = await server.user("ada"), await server.user("bob")
    file = str(tmp_path / "storage.json")
    async with client_for(server, quick=QUICK) as his:
        await log_in(his, bob)
        async with client_for(server, storage=file, quick=QUICK) as hers:
            await log_in(hers, ada)
            server.stop()
            await hers.wait_for("state", name="offline")
            for number in range(20):
                await hers.do("send", {"to_id": bob.id, "data": str(number)})
            await hers.kill()
        async with (
            client_for(server, storage=file, quick=QUICK) as hers,
            client_for(server, storage=file, quick=QUICK) as second,
        ):
            # As with two tabs: each sends what it finds.
            await hers.do("start")
            await second.do("start")
            assert len(await hers.do("outbox")) == 20
            await hers.wait_for("state", name="offline")
            server.start()
            await his.wait_for("message", 20)
            await hers.wait_for("synced")
            await hers.do("send", {"to_id": bob.id, "data": "20"})
            await his.wait_for("message", 21)
            await hers.wait_for("message", data="20")

            # Messages that the other sent before this one reconnected are history to it.
            expected = stored(server, conversation(ada, bob))
            mine = handed_out(hers, conversation(ada, bob))
            assert [row[3] for row in expected] == [str(number) for number in range(21)]
            assert [one["data"] for one in his.messages()] == [str(number) for number in range(21)]
            assert mine == expected[-len(mine) :]
            assert await hers.do("outbox") == []


async def test_cursors_that_are_kept(server: Server, tmp_path: Path) -> None:
    """A restarted bot resumes where it stopped."""
    ada, bob = await server.user("ada"), await server.user("bob")
    options: dict[str, Any] = {"storage": str(tmp_path / "storage.json"), "keepCursors": True}
    await ada.post("/chat/send", to_id=bob.id, data="before")
    async with client_for(server, **options) as his:
        await log_in(his, bob)
        await ada.post("/chat/send", to_id=bob.id, data="1")
        await his.wait_for("message", data="1")
        await his.do("stop")
    carol = await server.user("carol")
    for number in range(2, 5):
        await ada.post("/chat/send", to_id=bob.id, data=str(number))
        await carol.post("/chat/send", to_id=bob.id, data=f"carol {number}")
    async with client_for(server, **options) as his:
        await his.do("start")
        await his.wait_for("synced")

        assert [one[3] for one in handed_out(his, conversation(ada, bob))] == ["2", "3", "4"]
        assert len(his.messages(conversation(carol, bob))) == 3


async def test_more_missed_than_wanted(server: Server) -> None:
    """A gap says after which seq messages continue."""
    ada, bob = await server.user("ada"), await server.user("bob")
    conv = conversation(ada, bob)
    async with client_for(server, maxMissed=10) as his:
        await log_in(his, bob)
        await ada.post("/chat/send", to_id=bob.id, data="1")
        await his.wait_for("message", data="1")
        await his.do("stop")
        for number in range(20):
            await ada.post("/chat/send", to_id=bob.id, data=str(number))
        await his.do("start")
        await his.wait_for("synced", 2)
        await ada.post("/chat/send", to_id=bob.id, data="after")
        await his.wait_for("message", data="after")

        assert await his.wait_for("gap") == {"conv": conv, "seq": 21}
        assert [one["seq"] for one in his.messages()] == [1, 22]


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Yield a chat whose tokens are valid for two seconds."""
    folder = tmp_path_factory.mktemp("forgetful")
    root = copy_chat(folder, {"config/config_quick.py": 'jwt = {"expires_in": 2}\n'})
    running = ChatServer(root, folder / "data", {"YOLK_ENV": "quick"}).start()
    yield running
    running.stop()


async def test_a_token_that_expires_is_renewed(forgetful: Server) -> None:
    """After the token expires, requests and the socket continue."""
    ada, bob = await forgetful.user("ada"), await forgetful.user("bob")
    async with client_for(forgetful) as hers, client_for(forgetful) as his:
        await log_in(hers, ada)
        await log_in(his, bob)
        before = await hers.do("token")
        while await hers.do("token") == before:  # a request after two seconds renews it
            await hers.do("call", "GET", f"/users/{bob.id}")
        await hers.do("stop")
        await hers.do("start")
        await hers.do("send", {"to_id": bob.id, "data": "still here"})
        await his.wait_for("message", data="still here")

        assert await hers.do("call", "GET", "/users", {"q": bob.username})
        assert count(hers, "session") == 1


async def test_a_socket_stays_open_longer_than_its_token(tmp_path: Path) -> None:
    """The client hands in a new token when the server asks for one, and does not reconnect."""
    root = copy_chat(tmp_path, {"config/config_short.py": 'jwt = {"expires_in": 5}\n'})
    server = ChatServer(root, tmp_path / "data", {"YOLK_ENV": "short"}).start()
    try:
        ada = await server.user("ada")
        async with client_for(server) as hers:
            await log_in(hers, ada)
            await asyncio.sleep(11)
            await hers.do("send", {"to_id": ada.id, "data": "still here"})
            await hers.wait_for("message", data="still here")

            states = [state["name"] for happened, state in hers.events if happened == "state"]
            assert states == ["connecting", "online"]
    finally:
        server.stop()


async def test_a_login_that_was_ended_is_refused(server: Server) -> None:
    """After a refusal nobody is logged in, and the page gets the reason."""
    ada = await server.user("ada")
    async with client_for(server) as hers:
        await log_in(hers, ada)
        token = await hers.do("token")
        await server.post("/auth/logout", token=token)
        state = await hers.wait_for("state", name="refused")

        assert state["code"] == 4505
        assert hers.events[-1] == ("session", None) or await hers.do("get", "me") is None
        assert [key for key, _ in await hers.do("storage")] == []


async def test_a_user_who_was_disabled_is_refused(server: Server) -> None:
    """When the ticket is refused at a reconnection, the client does not reconnect."""
    ada = await server.user("ada")
    async with client_for(server) as hers:
        await log_in(hers, ada)
        await hers.do("stop")
        disable(server, ada)
        await hers.do("start")
        state = await hers.wait_for("state", name="refused")

        assert state["code"] in (3004, 4501)  # from the ticket, or a moment later from the socket


async def test_logging_out_leaves_nothing(server: Server) -> None:
    """A logout removes login, outbox and socket, here and on the server."""
    ada, bob = await server.user("ada"), await server.user("bob")
    async with client_for(server) as hers:
        await log_in(hers, ada)
        await hers.do("send", {"to_id": 2**40, "data": "to nobody"})
        await hers.wait_for("outbox", 2)
        [failed] = await hers.do("outbox")
        token = await hers.do("token")
        await hers.do("logout")

        assert failed["error"]["code"] == 2001
        assert await hers.do("storage") == []
        assert await hers.do("get", "me") is None
        assert (await hers.do("get", "state"))["name"] == "idle"
        with pytest.raises(RequestFailed) as refused:
            await hers.do("send", {"to_id": bob.id, "data": "x"})
        assert refused.value.fields["code"] == 3001
        with pytest.raises(AssertionError):
            await server.post("/auth/ticket", token=token)


async def test_a_wrong_password_is_an_error(server: Server) -> None:
    """login() rejects with the server's code."""
    ada = await server.user("ada")
    async with client_for(server) as hers:
        with pytest.raises(RequestFailed) as refused:
            await hers.do("login", {"username": ada.username, "password": "wrong password"})

        assert refused.value.fields["code"] == 3010
        assert refused.value.fields["name"] == "YolkError"


async def test_a_token_of_another_system(server: Server) -> None:
    """The token of an Egg application replaces a login."""
    ada, bob = add_user(server, "ada"), add_user(server, "bob")
    async with client_for(server, token=ada.token, me={"id": ada.id}) as hers:
        await hers.do("start")
        await hers.wait_for("synced")
        await hers.do("send", {"to_id": bob.id, "data": "from Egg"})
        await hers.wait_for("message", data="from Egg")

        assert (await hers.do("get", "me"))["id"] == ada.id


async def test_a_full_storage(server: Server) -> None:
    """Messages that do not fit into the storage are sent, and kept as long as the program runs."""
    ada, bob = await server.user("ada"), await server.user("bob")
    async with client_for(server, room=100) as hers:
        await log_in(hers, ada)
        await hers.do("stop")
        await hers.do("send", {"to_id": bob.id, "data": "x" * 1_000})
        assert len(await hers.do("outbox")) == 1
        await hers.do("start")
        await hers.wait_for("message")

        assert await hers.do("storage") == []
        assert await hers.do("outbox") == []


async def test_a_listener_that_throws(server: Server) -> None:
    """A failing listener is reported, and affects neither the others nor the client."""
    ada, bob = await server.user("ada"), await server.user("bob")
    async with client_for(server) as his:
        await his.do("throw_on", "message")
        await his.do("throw_on", "state")
        await log_in(his, bob)
        for number in range(3):
            await ada.post("/chat/send", to_id=bob.id, data=str(number))
        await his.wait_for("message", 3)

        assert his.errors.count("on purpose, later") >= 3


async def test_many_messages_take_no_memory(server: Server) -> None:
    """The client keeps no delivered messages in memory."""
    ada, bob = await server.user("ada"), await server.user("bob")
    async with client_for(server) as his:
        await log_in(his, bob)
        socket = await ada.connect()

        async def hear(first: int) -> Any:
            for number in range(first, first + 300):
                data = {"to_id": bob.id, "cid": str(number), "data": "x" * 10_000}
                await socket.send({"id": number, "type": "send", "data": data})
            await his.wait_for("message", first + 300)
            return await his.do("memory")

        before = await hear(0)
        after = await hear(300)

        assert after - before < 1_000_000


async def test_an_upload_goes_on_after_a_cut(server: Server, tmp_path: Path) -> None:
    """A file arrives whole through a network that fails, and progress never lies."""
    ada = await server.user("ada")
    content = Random(SEED).randbytes(3_000_000)
    (tmp_path / "file.bin").write_bytes(content)
    network = FailingNetwork(server.port, Random(SEED))
    async with network, client_for(server, network.port, quick=QUICK) as hers:
        await insist(hers, ada)
        uploading = asyncio.create_task(
            hers.do("upload_file", str(tmp_path / "file.bin"), "名.bin")
        )
        while network.cuts < 5 and not uploading.done():
            await asyncio.sleep(0.05)
        network.restore()
        done = await uploading

        assert network.cuts >= 5
        assert (done["info"]["size"], done["info"]["name"]) == (len(content), "名.bin")
        assert done["progress"][-1] == [len(content), len(content)]
        [[link]] = [await hers.do("links", [done["info"]["id"]])]
        assert await download(server, link) == content


async def test_an_upload_that_is_given_up(server: Server, tmp_path: Path) -> None:
    """The signal cancels the upload."""
    ada = await server.user("ada")
    (tmp_path / "file.bin").write_bytes(bytes(5_000_000))
    async with client_for(server) as hers:
        await log_in(hers, ada)
        with pytest.raises(RequestFailed) as ended:
            await hers.do("upload_file", str(tmp_path / "file.bin"), "file.bin", 1)

        assert ended.value.fields["name"] == "AbortError"


async def test_an_upload_that_is_given_up_in_the_middle_of_a_piece(
    server: Server, tmp_path: Path
) -> None:
    """Nothing is left of a cancelled upload, even if the server was busy with it."""
    ada = await server.user("ada")
    before = incoming(server)
    (tmp_path / "file.bin").write_bytes(bytes(50_000_000))
    async with client_for(server) as hers:
        await log_in(hers, ada)
        uploading = asyncio.create_task(
            hers.do("upload_file", str(tmp_path / "file.bin"), "file.bin")
        )
        await hers.wait_for("progress")
        [name] = set(incoming(server)) - set(before)
        async with held(server, name):
            await hers.do("give_up")
            with pytest.raises(RequestFailed):
                await uploading
            await asyncio.sleep(0.3)
            assert name in incoming(server)
        async with asyncio.timeout(20):
            while incoming(server) != before:
                await asyncio.sleep(0.05)


async def test_small_uploads_and_refused_ones(server: Server, tmp_path: Path) -> None:
    """An empty file can be uploaded; a file that the server refuses is an error at once."""
    ada, bob = await server.user("ada"), await server.user("bob")
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "note.txt").write_bytes(b"hello")
    async with client_for(server) as hers:
        await log_in(hers, ada)
        await hers.do("upload_file", str(tmp_path / "empty.txt"), "empty.txt")
        done = await hers.do("upload_file", str(tmp_path / "note.txt"), "note.txt")
        entry = {"to_id": bob.id, "type": "file", "data": done["info"]["url"]}
        await hers.do("send", entry)
        message = await hers.wait_for("message")
        with pytest.raises(RequestFailed) as refused:
            await hers.do("upload_file", str(tmp_path / "note.txt"), "a\x00b")

        assert message["options"]["file"]["name"] == "note.txt"
        assert await hers.do("outbox") == []
        assert refused.value.fields["code"] == 2063


@asynccontextmanager
async def held(server: Server, name: str) -> AsyncIterator[None]:
    """Lock an upload as a worker does while it receives a piece."""
    with (server.data / "files" / "incoming" / name / "lock").open("w") as lock:
        async with asyncio.timeout(10):
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                await asyncio.sleep(0)
        yield


async def download(server: Server, url: str) -> bytes:
    """Return the content of a signed link."""
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.get(url.replace(url.split("/files", maxsplit=1)[0], server.url))).content
