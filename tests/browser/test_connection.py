"""The page when the connection, an answer or the login is lost."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import WebSocketRoute, expect

if TYPE_CHECKING:
    from tests.browser.conftest import People, Shoot
    from tests.conftest import Serve

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOCKET = re.compile(r"/ws\b")
STORED = re.compile("sent|delivered|read")


async def test_a_lost_network_is_reported(person: People, shoot: Shoot) -> None:
    """Messages from while one user was offline are there once after the reconnection."""
    ada, grace = await person("ada"), await person("grace")
    await ada.open_chat_with(grace)
    await ada.write("before")
    await grace.find("conversation").click()

    await ada.context.set_offline(True)
    await expect(ada.find("banner")).to_contain_text("Connection lost.")
    await ada.write("from the tunnel")
    await grace.write("are you there?")
    await expect(ada.message("from the tunnel")).to_have_attribute("data-state", "sending")
    await shoot(ada, "lost")
    await ada.context.set_offline(False)

    await expect(ada.find("banner")).to_have_text("Back online")
    await expect(ada.find("banner")).to_have_text("")
    for someone in (ada, grace):
        await expect(someone.page.locator(".text")).to_have_count(3)
        for text in ("before", "are you there?", "from the tunnel"):
            await expect(someone.message(text)).to_have_count(1)
    await expect(ada.find("message").last).to_have_attribute("data-state", STORED)


async def test_survives_a_restart_of_the_server(person: People, serve: Serve) -> None:
    """The page reconnects after a restart of the server, and sends what was waiting."""
    server = await asyncio.to_thread(serve)
    ada, grace = await person("ada", at=server), await person("grace", at=server)
    await ada.open_chat_with(grace)
    await ada.write("before")
    await grace.find("conversation").click()

    await asyncio.to_thread(server.stop)
    await expect(ada.find("banner")).to_contain_text("Connection lost.")
    await ada.write("meanwhile")
    await asyncio.to_thread(server.start)

    await expect(ada.message("meanwhile")).to_have_attribute("data-state", STORED, timeout=30_000)
    await expect(grace.message("meanwhile")).to_be_visible(timeout=30_000)
    await ada.sees("before", "meanwhile")
    await grace.sees("before", "meanwhile")


async def test_a_lost_answer_doubles_nothing(person: People) -> None:
    """A message whose answer was lost is sent again, and stored once."""
    ada, grace = await person("ada", registered=False), await person("grace")
    lost: list[str] = []

    def lose_first_answer(socket: WebSocketRoute) -> None:
        onward = socket.connect_to_server()

        async def on_frame(text: str | bytes) -> None:
            frame = json.loads(text)
            if lost:
                socket.send(text)
            elif "dup" in frame.get("data", {}):
                lost.append(frame["data"]["id"])
                await socket.close(code=1011)
            elif frame.get("type") != "message":
                socket.send(text)

        onward.on_message(on_frame)

    await ada.page.route_web_socket(SOCKET, lose_first_answer)
    await ada.register()
    await ada.open_chat_with(grace)

    await ada.write("once")

    await expect(ada.message("once")).to_have_attribute("data-state", STORED)
    assert lost
    await ada.sees("once")
    await grace.find("conversation").click()
    await grace.sees("once")


async def test_a_refused_message_says_why(person: People, shoot: Shoot) -> None:
    """A refused message stays with the reason, and can be retried or deleted."""
    ada, grace = await person("ada", registered=False), await person("grace")

    def refuse(socket: WebSocketRoute) -> None:
        onward = socket.connect_to_server()

        def on_request(frame: str | bytes) -> None:
            request = json.loads(frame)
            if request["type"] == "send" and "please" not in request["data"]["data"]:
                answer = {"id": request["id"], "msg": "fail", "data": "Say please.", "code": 2050}
                socket.send(json.dumps(answer | {"temporary": False}))
            else:
                onward.send(frame)

        socket.on_message(on_request)

    await ada.page.route_web_socket(SOCKET, refuse)
    await ada.register()
    await ada.open_chat_with(grace)

    await ada.write("an egg")
    await ada.write("an egg, please")

    await expect(ada.message("an egg")).to_have_attribute("data-state", "failed")
    await expect(ada.message("an egg")).to_contain_text("Say please.")
    await expect(ada.message("an egg, please")).to_have_attribute("data-state", STORED)
    await shoot(ada, "refused-message")
    await ada.find("retry").click()
    await expect(ada.message("an egg")).to_have_attribute("data-state", "failed")
    await ada.find("discard").click()
    await ada.sees("an egg, please")


async def test_logged_in_elsewhere_can_come_back(person: People, shoot: Shoot) -> None:
    """After a close code from 4500 on the page does not reconnect; it says why, and offers to."""
    ada = await person("ada", registered=False)
    sockets: list[WebSocketRoute] = []

    def listen(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    await ada.page.route_web_socket(SOCKET, listen)
    await ada.register()
    await expect(ada.page.get_by_text("No chats yet")).to_be_visible()

    sockets[-1].send(json.dumps({"msg": "fail", "data": "你的账号在其他设备登录"}))
    await sockets[-1].close(code=4503)

    await expect(ada.find("notice")).to_contain_text("你的账号在其他设备登录")
    await shoot(ada, "elsewhere")
    assert len(sockets) == 1
    await ada.page.get_by_role("button", name="Use Yolk here").click()
    await expect(ada.find("me")).to_have_text(ada.nickname)
