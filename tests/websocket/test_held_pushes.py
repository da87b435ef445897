"""A handler that sends first: what is pushed meanwhile waits."""

from __future__ import annotations

import asyncio
from typing import Any

from websockets.exceptions import ConnectionClosed

from yolk import Application, sends_first

WAIT = 8


class Route:
    """A route whose chain registers a socket, and then waits."""

    def __init__(self) -> None:
        self.registered = asyncio.Event()
        self.may_go_on = asyncio.Event()

    def mount(self, app: Application) -> None:
        """Mount the route."""
        app.ws.use(self.register)
        app.ws.route("/ws", self.connect)

    async def register(self, ctx: Any, next: Any) -> None:
        """Register the socket; then messages arrive for it."""
        await ctx.app.ws.online(ctx.websocket, 7)
        await ctx.websocket.room.join("room")
        self.registered.set()
        await self.may_go_on.wait()
        await next()

    @sends_first
    async def connect(self, ctx: Any) -> None:
        """Send the first frame."""
        ctx.websocket.send("first")


async def test_what_the_handler_sends_comes_before_what_was_pushed_earlier(workers: Any) -> None:
    """Messages to the user, to a room and to all wait, and keep their order; droppable ones go."""
    route = Route()
    worker = await workers.start(route.mount)
    async with worker.client() as client, asyncio.timeout(WAIT):
        await route.registered.wait()
        worker.ws.send_to_user(7, "to the user")
        worker.ws.send_to_users([7, 8], "typing", droppable=True)
        worker.ws.send_to("room", "to the room")
        worker.ws.send_to_all("to all")

        route.may_go_on.set()

        received = [await client.recv() for _ in range(4)]
        worker.ws.send_to_user(7, "later")
        assert received == ["first", "to the user", "to the room", "to all"]
        assert await client.recv() == "later"


async def test_a_socket_that_is_refused_gets_only_its_notice(workers: Any) -> None:
    """What was pushed before a kick is not sent."""
    route = Route()
    worker = await workers.start(route.mount)
    async with worker.client() as client, asyncio.timeout(WAIT):
        await route.registered.wait()
        worker.ws.send_to_user(7, "pushed")
        worker.ws.kick(7, 4503, data="replaced")
        worker.ws.send_to_user(7, "pushed later")

        assert await client.recv() == "replaced"
        try:
            await client.recv()
        except ConnectionClosed:
            assert client.close_code == 4503
        route.may_go_on.set()


async def test_held_pushes_are_bounded(workers: Any) -> None:
    """A socket whose chain takes too long is closed as one that reads too slowly."""
    route = Route()
    worker = await workers.start(route.mount, write_buffer_limit=1000)
    async with worker.client() as client, asyncio.timeout(WAIT):
        await route.registered.wait()
        for _ in range(11):
            worker.ws.send_to_user(7, "x" * 100)

        await client.wait_closed()
        assert client.close_code == 4008
        route.may_go_on.set()
