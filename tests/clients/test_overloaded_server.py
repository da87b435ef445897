"""The Python client, and a server that is overloaded: it returns when it is asked to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import time
from typing import Any

import pytest
from yolk_client import Client, State
from yolk_client.backoff import MAX_RETRY_AFTER, Backoff

RETRY_AFTER = 7
PERSON = {"id": 1, "username": "ada", "nickname": "Ada", "avatar": ""}
TOKEN = "e30.eyJpZCI6MX0."


@asynccontextmanager
async def overloaded(refused: str) -> AsyncIterator[str]:
    """Yield the address of a server that answers 503 at one path."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split()[1].decode()
        status, data = "200 OK", {"ticket": "t"} if path == "/auth/ticket" else PERSON
        body: dict[str, Any] = {"msg": "ok", "data": data}
        if path.startswith(refused):
            status = "503 Service Unavailable"
            body = {"msg": "fail", "data": "busy", "code": 5120, "temporary": True}
        text = json.dumps(body).encode()
        writer.write(
            f"HTTP/1.1 {status}\r\nRetry-After: {RETRY_AFTER}\r\nConnection: close\r\n"
            f"Content-Length: {len(text)}\r\n\r\n".encode()
            + text
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("path", ["/auth/ticket", "/ws"])
async def test_the_client_waits_as_long_as_the_server_asks(path: str) -> None:
    """Whether the ticket or the upgrade was refused."""
    async with overloaded(path) as url, Client(url, token=lambda: TOKEN) as client:
        offline: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        def note(state: State) -> None:
            if state.name == "offline" and not offline.done():
                offline.set_result(state.retry_at)

        client.on("state", note)
        await client.start()
        async with asyncio.timeout(30):
            retry_at = await offline

        assert RETRY_AFTER - 1 < retry_at - time() <= RETRY_AFTER * 2


def test_not_all_clients_return_at_once() -> None:
    """The wait has a random part, and a server cannot ask for more than a few minutes."""
    backoff = Backoff(0.5, 15)
    waits = {backoff.jittered(1, RETRY_AFTER) for _ in range(50)}

    assert len(waits) > 10
    assert min(waits) >= RETRY_AFTER
    assert max(waits) <= RETRY_AFTER * 2
    assert backoff.jittered(1, 86_400) <= MAX_RETRY_AFTER * 2
