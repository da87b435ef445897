"""The chat, with additional routes for the benchmark behind the same middleware chain."""

from __future__ import annotations

import asyncio
import gc
import os

import app as chat
from extend.application import Application
from extend.context import Context
from yolk import serve

CONNECTED = '{"type":"connected"}'


async def echo(ctx: Context) -> None:
    """Echo every message."""
    websocket = ctx.websocket

    def answer(message: str | bytes) -> None:
        websocket.send(message)

    websocket.on("message", answer)
    websocket.send(CONNECTED)


async def room(ctx: Context) -> None:
    """Send every message to the members of a room."""
    websocket, name = ctx.websocket, ctx.params["room"]

    def pass_on(message: str | bytes) -> None:
        websocket.room.send_to(name, message)

    await websocket.room.join(name)
    websocket.on("message", pass_on)
    websocket.send(CONNECTED)


async def stats(ctx: Context) -> None:
    """Return the id of the serving process, after a garbage collection."""
    gc.collect()
    ctx.api_success({"pid": os.getpid(), "sockets": len(ctx.app.ws.clients)})


async def census(ctx: Context) -> None:
    """Count the resources. The first call turns off the collection of cyclic garbage."""
    gc.disable()
    tasks = len(asyncio.all_tasks())
    ctx.api_success({"pid": os.getpid(), "sockets": len(ctx.app.ws.clients), "tasks": tasks})


def create_app(_: object = None) -> Application:
    """Create the application."""
    app = chat.create_app()
    app.ws.route("/echo", echo)
    app.ws.route("/room/:room", room)
    app.http.get("/stats", stats)
    app.http.get("/census", census)
    return app


if __name__ == "__main__":
    serve(create_app)
