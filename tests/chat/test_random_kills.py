"""Sockets and workers are killed at random: in the end clients have what was acknowledged."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from random import Random
from typing import Any

import httpx
import pytest

from models import Message
from tests.chat.test_crashes import workers
from tests.conftest import Serve
from tests.cuts import FailingNetwork
from tests.databases import Databases, open_orm
from tests.lossless import Client
from yolk.testing import Server, User

SEED = 20_260_731
pytestmark = pytest.mark.timeout(300)  # a busy machine takes its time

CONVERSATIONS = 200
AT_ONCE = 8
"""Requests that create groups at the same time."""
EACH = 1_200
"""Messages that each of the two writes."""

Place = tuple[int, str]
"""Whom or what to write to, and its `chat_type`."""


async def places(ada: User, bob: User) -> list[Place]:
    """Create 200 conversations of two users: groups, and the one between the two."""
    url = ada.server.url
    limits = httpx.Limits(max_connections=AT_ONCE)
    async with httpx.AsyncClient(base_url=url, limits=limits, trust_env=False, timeout=60) as http:

        async def make(number: int) -> Place:
            body: dict[str, Any] = {"name": f"Group {number}", "members": [bob.id]}
            made = await http.post("/chat/groups", json=body, headers={"token": ada.token})
            body = {"group_id": made.json()["data"]["id"]}
            path = "/chat/groups/invitations/accept"
            accepted = await http.post(path, json=body, headers={"token": bob.token})
            assert accepted.json()["msg"] == "ok"
            return body["group_id"], "group"

        return await asyncio.gather(*map(make, range(CONVERSATIONS - 1)))


async def write_much(client: Client, random: Random, groups: list[Place], peer: User) -> None:
    """Write here and there, with several messages in flight."""
    everywhere = [*groups, (peer.id, "single")]
    # Some conversations are livelier than others.
    weights = [1 / (1 + random.randrange(20)) for _ in everywhere]
    for number in range(EACH):
        [(to_id, chat_type)] = random.choices(everywhere, weights)
        text = f"{client.user.username} {number}"
        await client.write(to_id, chat_type, text, in_flight=random.randint(1, 20))


def texts(messages: list[Any], author: User) -> list[int]:
    """Return the numbers of the messages of *author*, in their order."""
    return [
        int(message["data"].rpartition(" ")[2])
        for message in messages
        if message["from_id"] == author.id and message["type"] == "text"
    ]


async def stored(server: Server, url: str) -> dict[str, list[dict[str, Any]]]:
    """Return the entries in the database, by conversation and seq."""
    found: dict[str, list[dict[str, Any]]] = {}
    async with open_orm(server.data, url):
        columns = ("id", "conv", "seq", "cid", "from_id", "type", "data")
        for row in await Message.all().order_by("conv", "seq").values(*columns):
            found.setdefault(row["conv"], []).append({**row, "id": str(row["id"])})
    return found


def check(clients: list[Client], database: dict[str, list[dict[str, Any]]]) -> None:
    """Check that clients and database have each acknowledged message once, in order."""
    assert len(database) == CONVERSATIONS
    for conv, entries in database.items():
        assert [entry["seq"] for entry in entries] == [*range(1, len(entries) + 1)], conv
        for client in clients:
            held = [{name: one[name] for name in entries[0]} for one in held_in(client, conv)]
            assert held == entries, (conv, client.user.username)
            for author in clients:
                numbers = texts(entries, author.user)
                assert numbers == sorted(set(numbers)), (conv, author.user.username)
    by_cid = {one["cid"]: one for entries in database.values() for one in entries if one["cid"]}
    acknowledged = {cid: one for client in clients for cid, one in client.acknowledged.items()}
    assert len(acknowledged) == len(clients) * EACH
    assert by_cid.keys() == acknowledged.keys()
    for cid, receipt in acknowledged.items():
        assert {name: by_cid[cid][name] for name in ("id", "conv", "seq")} == {
            name: receipt[name] for name in ("id", "conv", "seq")
        }


def held_in(client: Client, conv: str) -> list[Any]:
    """Return the entries that a client has of a conversation, each with a `cid`."""
    return [{"cid": None, **message} for message in client.held.get(conv, [])]


async def chat(server: Server, url: str, *, kill: bool = False) -> None:
    """Send messages between two users through a failing network, and check the outcome."""
    print(f"seed {SEED}")
    people = [await server.user(name) for name in ("ada", "bob")]
    groups = await places(*people)
    async with AsyncExitStack() as stack:
        networks, clients = [], []
        for user in people:
            network = FailingNetwork(server.port, Random(f"{SEED} network {user.username[:3]}"))
            networks.append(await stack.enter_async_context(network))
            clients.append(await stack.enter_async_context(Client(user, network.port)))
        async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
            for client, peer in zip(clients, reversed(people), strict=True):
                random = Random(f"{SEED} {client.user.username[:3]}")
                tasks.create_task(write_much(client, random, groups, peer))
            if kill:
                tasks.create_task(kill_workers(server, clients))
        for network in networks:
            network.restore()
        async with asyncio.timeout(90):
            for client in clients:
                await client.settle()
            for client in clients:
                await client.sync()
        assert [failure for client in clients for failure in client.failures] == []
        check(clients, await stored(server, url))
        told = {"cuts": [network.cuts for network in networks]}
        told["connections"] = [client.connections for client in clients]
        told["repetitions"] = [client.repetitions for client in clients]
        print(told)
        # It was as bad as it was meant to be.
        assert min(told["cuts"]) > 15
        assert sum(told["repetitions"]) > 0


async def kill_workers(server: Server, clients: list[Client]) -> None:
    """Kill one worker after the other, each when some messages were acknowledged since."""
    random = Random(f"{SEED} workers")
    killed: set[int] = set()
    for times in (1, 2):
        share = random.uniform(0.2, 0.4) * times
        while sum(len(client.acknowledged) for client in clients) < share * 2 * EACH:
            await asyncio.sleep(0.01)
        victim = random.choice([one for one in workers(server) if one not in killed])
        os.kill(victim, signal.SIGKILL)
        killed.add(victim)
        await asyncio.to_thread(server.wait_for_output, "Serving on ", 2 + times, 20)


async def test_sockets_die_at_random(serve: Serve) -> None:
    """Each client has everything, once and in order, in 200 conversations, as the database has."""
    server = serve()
    await chat(server, f"sqlite://{server.data}/yolk.sqlite3")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_workers_die_at_random(
    serve: Serve, kind: str, request: pytest.FixtureRequest
) -> None:
    """With two workers, each killed in the middle of its work, it is the same."""
    if kind == "sqlite":
        server = serve(WORKERS="2")
        url = f"sqlite://{server.data}/yolk.sqlite3"
    else:
        make: Databases = request.getfixturevalue(kind)
        url = make()
        server = serve(WORKERS="2", DATABASE_URL=url)
    await chat(server, url, kill=True)
