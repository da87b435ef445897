"""The chat as it is, and beside its own socket what the benchmark needs behind the same chain."""

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
    """Send everything back."""
    websocket = ctx.websocket

    def answer(message: str | bytes) -> None:
        websocket.send(message)

    websocket.on("message", answer)
    websocket.send(CONNECTED)


async def room(ctx: Context) -> None:
    """Give everything to everyone in a room."""
    websocket, name = ctx.websocket, ctx.params["room"]

    def pass_on(message: str | bytes) -> None:
        websocket.room.send_to(name, message)

    await websocket.room.join(name)
    websocket.on("message", pass_on)
    websocket.send(CONNECTED)


async def stats(ctx: Context) -> None:
    """Name the process that serves, after it has collected its garbage."""
    gc.collect()
    ctx.api_success({"pid": os.getpid(), "sockets": len(ctx.app.ws.clients)})


async def census(ctx: Context) -> None:
    """Count what is there; from the first time on, Python collects no cyclic garbage."""
    gc.disable()
    tasks = len(asyncio.all_tasks())
    ctx.api_success({"pid": os.getpid(), "sockets": len(ctx.app.ws.clients), "tasks": tasks})


def create_app(_: object = None) -> Application:
    """Make the application."""
    app = chat.create_app()
    app.ws.route("/echo", echo)
    app.ws.route("/room/:room", room)
    app.http.get("/stats", stats)
    app.http.get("/census", census)
    return app


if __name__ == "__main__":
    serve(create_app)
