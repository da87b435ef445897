"""Who is pushed the presence of whom, while rules change and databases are unavailable."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from models import Block, Privacy
from services.push import presence
from services.push.presence import PresenceWatch
from tests.databases import open_orm

VIEWER, OWNER = 1, 2


class FakeRoom:
    """The rooms of one socket."""

    def __init__(self) -> None:
        self.joined: set[str] = set()
        self.while_joining: Callable[[], Awaitable[None]] | None = None

    async def join(self, rooms: str | Iterable[str]) -> None:
        """Join rooms; meanwhile something else may happen."""
        meanwhile, self.while_joining = self.while_joining, None
        if meanwhile is not None:
            await meanwhile()
        self.joined |= {rooms} if isinstance(rooms, str) else {*rooms}

    async def leave(self, rooms: str | Iterable[str]) -> None:
        """Leave rooms."""
        self.joined -= {rooms} if isinstance(rooms, str) else {*rooms}


class FakeSocket:
    """The context of a socket of the viewer, and the socket itself."""

    def __init__(self) -> None:
        self.user = SimpleNamespace(id=VIEWER)
        self.watched: frozenset[int] = frozenset()
        self.hidden: frozenset[int] = frozenset()
        self.websocket = self
        self.open = True
        self.room = FakeRoom()
        self.sent: list[Any] = []

    def send(self, frame: str) -> None:
        """Keep a frame."""
        self.sent.append(json.loads(frame)["data"])


class FakeServer:
    """All sockets, and who is online."""

    def __init__(self) -> None:
        self.clients = [FakeSocket()]
        self.online: set[int] | ConnectionError = {OWNER}
        self.watch: PresenceWatch | None = None

    def send_to(self, room: str, message: str) -> None:
        """Pass a message to the workers, of which there is one."""
        assert self.watch is not None
        self.watch.check({"room": room, "message": message})

    async def is_online(self, user_ids: Collection[int]) -> set[int]:
        """Return who is online, if Redis answers."""
        if isinstance(self.online, ConnectionError):
            raise self.online
        return self.online & {*user_ids}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[FakeServer]:
    """Yield a server with one socket."""
    async with open_orm(tmp_path) as host:
        found = FakeServer()
        found.watch = PresenceWatch(
            cast(Any, host.orm), cast(Any, found), logging.getLogger("tests")
        )
        yield found
        await found.watch.close()


async def watch(server: FakeServer) -> set[int]:
    """Let the socket watch the owner, and return who is online."""
    assert server.watch is not None
    return await server.watch.watch(cast(Any, server.clients[0]), frozenset({OWNER}))


async def block(server: FakeServer) -> None:
    """Let the owner block the viewer."""
    assert server.watch is not None
    await Block.create(user_id=OWNER, blocked_id=VIEWER)
    server.watch.rules_changed(OWNER, VIEWER)


async def wait_until(condition: Callable[[], object]) -> None:
    """Wait until a condition is true."""
    async with asyncio.timeout(8):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_block_during_a_request_takes_effect(server: FakeServer) -> None:
    """The answer may still say online; the push that follows corrects it."""
    [socket] = server.clients

    async def meanwhile() -> None:
        await block(server)
        await wait_until(lambda: socket.sent)
        socket.sent.clear()

    socket.room.while_joining = meanwhile
    await watch(server)
    await wait_until(lambda: socket.sent)

    assert socket.sent == [{"user_id": OWNER, "online": False}]
    assert not socket.room.joined


async def test_a_failed_request_leaves_nothing(server: FakeServer) -> None:
    """What a socket does not watch is in no room either, so no rule is passed by."""
    [socket] = server.clients
    server.online = ConnectionError("Redis is unavailable")

    with pytest.raises(ConnectionError):
        await watch(server)

    assert not socket.room.joined
    assert not socket.watched


async def test_a_failed_check_is_repeated(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it takes; then the socket gets the push."""
    [socket] = server.clients
    monkeypatch.setattr(presence, "RETRY_SECONDS", 0.01)
    assert await watch(server) == {OWNER}
    server.online = ConnectionError("Redis is unavailable")
    await block(server)
    await wait_until(lambda: not socket.room.joined)
    assert socket.sent == []

    server.online = {OWNER}
    await wait_until(lambda: socket.sent)

    assert socket.sent == [{"user_id": OWNER, "online": False}]


async def test_lost_messages_between_workers_lead_to_a_check(server: FakeServer) -> None:
    """A rule that changed unnoticed takes effect, in both directions."""
    [socket] = server.clients
    assert server.watch is not None
    await watch(server)

    for shown in ("nobody", "everyone"):
        await Privacy.update_or_create({"presence": shown}, user_id=OWNER)
        server.watch.check_all()
        await wait_until(lambda: socket.sent)
        assert socket.sent.pop() == {"user_id": OWNER, "online": shown == "everyone"}
        assert bool(socket.room.joined) == (shown == "everyone")


async def test_a_check_without_a_change_pushes_nothing(server: FakeServer) -> None:
    """However often it is made."""
    [socket] = server.clients
    assert server.watch is not None
    await watch(server)
    for _ in range(3):
        server.watch.check_all()
    await block(server)
    await wait_until(lambda: socket.sent)

    assert socket.sent == [{"user_id": OWNER, "online": False}]
