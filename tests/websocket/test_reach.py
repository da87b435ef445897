"""The cost of a message depends on its recipients, not on other sockets."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any

import pytest

from yolk import Application

WAIT = 8
MEMBERS = 3
OTHERS = 50


@pytest.mark.parametrize("way", ["room", "user"])
async def test_a_message_reaches_its_recipients_and_no_other_socket(workers: Any, way: str) -> None:
    """
    No handler of 50 others, joined elsewhere, is called for it, and nothing is sent to them.

    The original asks every joined socket of the process whether the message is for its room.
    """
    visits: Counter[str] = Counter()

    async def connect(ctx: Any) -> None:
        place, socket = ctx.params.place, ctx.websocket

        def visit(event: dict[str, Any]) -> None:
            visits[place] += 1
            socket.send(event["message"])

        await socket.room.join(place, visit)
        await ctx.app.ws.online(socket, 1 if place == "here" else 2)
        socket.send("in")

    def mount(app: Application) -> None:
        app.ws.route("/ws/:place", connect)

    worker = await workers.start(mount)
    async with AsyncExitStack() as stack, asyncio.timeout(WAIT):
        places = ["here"] * MEMBERS + ["elsewhere"] * OTHERS
        clients = [await stack.enter_async_context(worker.client(f"/ws/{it}")) for it in places]
        assert [await client.recv() for client in clients] == ["in"] * len(places)
        here = clients[:MEMBERS]
        sockets = list(worker.engine.sockets.values())
        before = [socket.sent for socket in sockets]

        if way == "room":
            worker.ws.send_to("here", "hello")
        else:
            worker.ws.send_to_user(1, "hello")

        assert [await client.recv() for client in here] == ["hello"] * MEMBERS
        assert visits == ({"here": MEMBERS} if way == "room" else {})
        sent = [socket.sent - then for socket, then in zip(sockets, before, strict=True)]
        assert sent == [1] * MEMBERS + [0] * OTHERS
