"""Clients that others wrote."""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.raw import RawClient
from yolk.testing import Server, User

NODE = ROOT / "tests" / "node"


async def run_node(script: str, *arguments: str) -> list[Any]:
    """Run a script of tests/node, and return its output, decoded; skip where it cannot run."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node.js")
    if not (NODE / "node_modules" / "ws").is_dir():
        pytest.skip("the Node clients are not installed; `make test` does it")
    process = await asyncio.create_subprocess_exec(
        node, str(NODE / script), *arguments, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    return [json.loads(line) for line in printed.splitlines()]


async def test_node_chats_with_a_token_of_jsonwebtoken(
    server: Server, ada: User, bob: User
) -> None:
    """A token and a socket made by an Egg team's own libraries work, fragments and all."""
    his = await bob.connect()

    lines = await run_node(
        "chat.mjs", f"ws://127.0.0.1:{server.port}", server.secret, str(ada.id), str(bob.id)
    )

    kinds = [kind for kind, _ in lines]
    assert kinds == ["message", "pong", "message", "close"]
    assert lines[0][1]["type"] == "connected"
    assert lines[1][1] == "between"
    assert lines[2][1]["msg"] == "ok"
    assert not lines[2][1]["isBinary"]
    assert lines[3][1] == 4321
    assert (await his.wait_for(type="message"))["data"]["data"] == "你好, from Node"


@pytest.mark.parametrize(
    "connection", ["keep-alive, Upgrade", "Upgrade", "upgrade", "Upgrade, HTTP2-Settings"]
)
async def test_any_list_that_holds_upgrade_will_do(
    server: Server, ada: User, connection: str
) -> None:
    """Firefox asks with `Connection: keep-alive, Upgrade`; proxies have forms of their own."""
    client = await RawClient.open(server.port, f"/ws?token={ada.token}", connection=connection)

    assert (await client.handshake()).startswith(b"HTTP/1.1 101 ")
    assert (await client.receive())["type"] == "connected"
    client.abort()
