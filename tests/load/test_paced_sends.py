"""Sockets that send faster than messages are stored have to wait, before the queue is full."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

from controllers.api.chat import requests
from extend.context import Context
from services.errors import Busy
from services.message.draft import Draft
from yolk.concurrency import Batcher


async def test_a_socket_waits_when_many_messages_wait() -> None:
    """The next frame is read after its message is stored, so nobody fills the queue alone."""
    may_store = asyncio.Event()

    async def store(drafts: Sequence[Draft]) -> list[BaseException]:
        await may_store.wait()
        return [Busy() for _ in drafts]

    answers: list[Any] = []
    socket = SimpleNamespace(send=answers.append, send_json=answers.append)
    ctx = SimpleNamespace(
        app=SimpleNamespace(writer=Batcher(store, max_batch=4, max_waiting=40)),
        service=SimpleNamespace(message=SimpleNamespace(check=lambda _: None)),
        user=SimpleNamespace(id=1),
        websocket=socket,
        locale="en",
    )

    def send() -> Any:
        data = {"to_id": 2, "data": "x", "cid": "1"}
        frame = json.dumps({"id": 1, "type": "send", "data": data})
        return requests.receive(cast("Context", ctx), frame)

    assert [send() for _ in range(9)] == [None] * 9
    waiting = [asyncio.ensure_future(send()) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(one.done() for one in waiting)
    may_store.set()
    await asyncio.gather(*waiting)

    assert send() is None
    await ctx.app.writer.close()
    assert len(answers) == 12
