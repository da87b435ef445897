"""Two pages while network, server or login fail: in the end both show what is stored."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.person import STORED
from tests.browser.visitors import (
    Visit,
    Visitor,
    conv_of,
    in_order,
    visitors,
)
from tests.conftest import ROOT
from tests.copies import copy_chat
from tests.cuts import FailingNetwork
from tests.proxy import Proxy
from tests.servers import ChatServer
from yolk.testing import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

ONE_DEVICE = 'websocket = {"devices": "one"}\n'
RECORD_BANNER = """
window.said = [];
new MutationObserver(() => {
    const text = document.querySelector("[data-testid=banner]")?.textContent.trim();
    if (text && said.at(-1) !== text) said.push(text);
}).observe(document.documentElement, { subtree: true, childList: true, characterData: true });
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat that tests may stop, if it runs again afterwards."""
    running = ChatServer(ROOT, tmp_path_factory.mktemp("faults")).start()
    yield running
    running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def network(server: Server) -> AsyncIterator[Proxy]:
    """Yield the network between the pages and the server."""
    async with Proxy(server.port) as found:
        yield found


async def meet(visit: Visit, network: Proxy | FailingNetwork, **options: Any) -> list[Visitor]:
    """Yield two users behind that network who have their chat open."""
    url = f"http://127.0.0.1:{network.port}"
    ada, grace = await visit("Ada", url=url, **options), await visit("Grace", url=url, **options)
    await asyncio.gather(ada.talk_to(grace), grace.talk_to(ada))
    return [ada, grace]


async def alike(server: Server, ada: Visitor, grace: Visitor, *written: str) -> None:
    """Wait until both show what is stored, which is everything that was written, once each."""
    told = await in_order(server, conv_of(ada, grace), ada, grace)
    assert sorted(told) == sorted(written)


async def try_now(someone: Visitor) -> None:
    """Press the "try now" button, unless the page has reconnected by itself meanwhile."""
    await someone.page.evaluate(
        "() => document.querySelector('[data-testid=banner] button')?.click()"
    )


async def test_a_cut_network(visit: Visit, network: Proxy, server: Server) -> None:
    """Messages from before, during and after an interruption are there, in one order."""
    ada, grace = await meet(visit, network)
    await ada.write("before")
    await grace.sees("before")

    network.cut()
    for number in range(3):
        await ada.write(f"Ada {number}")
        await grace.write(f"Grace {number}")
    for someone in (ada, grace):
        await expect(someone.find("banner")).to_contain_text("Connection lost.")
        await expect(someone.page.locator("[data-state=sending]")).to_have_count(3)
        await expect(someone.find("composer")).to_be_enabled()
    network.restore()
    await try_now(ada)
    await ada.write("after")

    many = [f"{name} {number}" for number in range(3) for name in ("Ada", "Grace")]
    await alike(server, ada, grace, "before", *many, "after")
    told = await ada.page.locator(".text").all_text_contents()
    assert [text for text in told if text.startswith("Ada")] == [f"Ada {n}" for n in range(3)]
    for someone in (ada, grace):
        await expect(someone.find("banner")).to_have_text("")
        await expect(someone.find("presence")).to_have_text("online")


async def test_a_network_that_cuts_every_connection(visit: Visit, server: Server) -> None:
    """Nothing is lost when the connection is cut within frames while both write."""
    async with FailingNetwork(server.port, Random(5)) as network:
        network.spare = True
        ada, grace = await meet(visit, network)
        network.spare = False
        network.end()
        written = []
        for number in range(12):
            for someone in (ada, grace):
                text = f"{someone.nickname} {number}"
                await someone.write(text)
                written.append(text)
        polls = 0
        async with asyncio.timeout(60):
            while network.cuts < 6:
                await asyncio.gather(try_now(ada), try_now(grace))
                await asyncio.sleep(0.05)
                polls += 1
                if polls % 40 == 0:
                    network.end()  # what may pass much on would never be cut within a frame
        network.restore()

        await alike(server, ada, grace, *written)


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_a_server_that_stops(visit: Visit, network: Proxy, server: Server, how: str) -> None:
    """After a stop or a kill of the server pages reconnect, and send waiting messages once."""
    ada, grace = await meet(visit, network)
    await ada.write("before")
    await grace.sees("before")
    # While these messages are in flight, stored or not.
    await asyncio.gather(ada.write("amid Ada"), grace.write("amid Grace"))
    try:
        await asyncio.to_thread(server.stop if how == "stopped" else server.kill)
        await ada.write("meanwhile Ada")
        await grace.write("meanwhile Grace")
        for someone in (ada, grace):
            await expect(someone.find("banner")).to_contain_text("Connection lost.")
    finally:
        await asyncio.to_thread(server.start)
    texts = [f"{when} {who}" for when in ("amid", "meanwhile") for who in ("Ada", "Grace")]

    await alike(server, ada, grace, "before", *texts)
    for someone in (ada, grace):
        await expect(someone.find("message").last).not_to_have_attribute("data-state", "failed")


async def test_an_offline_page(visit: Visit, network: Proxy, server: Server) -> None:
    """An offline page keeps what is written, also through a reload."""
    ada, grace = await meet(visit, network)
    await ada.context.set_offline(True)
    for number in range(3):
        await ada.write(f"tunnel {number}")
    await grace.write("where are you?")
    await expect(ada.page.locator("[data-state=sending]")).to_have_count(3)
    await expect(ada.find("banner")).to_contain_text("Connection lost.")
    await ada.context.set_offline(False)
    await alike(server, ada, grace, *(f"tunnel {n}" for n in range(3)), "where are you?")

    network.cut()
    await ada.write("and then the battery died")
    await expect(ada.page.locator("[data-state=sending]")).to_have_count(1)
    await ada.page.close()
    network.restore()
    ada.page = await ada.context.new_page()
    await ada.page.goto(f"http://127.0.0.1:{network.port}/#{conv_of(ada, grace)}")
    texts = [*(f"tunnel {n}" for n in range(3)), "where are you?", "and then the battery died"]
    await alike(server, ada, grace, *texts)


async def test_a_short_interruption_is_not_shown(visit: Visit, network: Proxy) -> None:
    """A connection that is restored within two seconds is not mentioned."""
    ada, grace = await meet(visit, network, has_clock=True)
    await ada.page.evaluate(RECORD_BANNER)
    now = await ada.page.evaluate("Date.now()")
    await ada.context.clock.pause_at(now + 1000)

    network.cut()
    await expect(ada.find("presence")).to_have_text("")
    network.restore()
    await ada.context.clock.run_for(1100)  # the first attempt is due after one second at most

    await ada.write("still here")
    await expect(ada.message("still here")).to_have_attribute("data-state", STORED)
    await grace.sees("still here")
    assert await ada.page.evaluate("said") == []


async def test_a_minute_without_connection(visit: Visit, network: Proxy, server: Server) -> None:
    """The page reports a lost connection, the next attempt, and offers to try now."""
    ada, grace = await meet(visit, network, has_clock=True)
    await ada.page.evaluate(RECORD_BANNER)
    await ada.context.clock.pause_at(await ada.page.evaluate("Date.now()") + 1000)
    network.cut()
    await expect(ada.find("presence")).to_have_text("")
    for _ in range(30):
        await ada.context.clock.run_for(2000)
    await expect(ada.find("banner")).to_contain_text("Connection lost.")
    await expect(ada.find("banner")).to_contain_text(
        re.compile(r"Trying again in \d+ s|Connecting…")
    )
    height = await ada.find("banner").evaluate("banner => banner.offsetHeight")
    assert height < 60
    await ada.write("from the cellar")
    network.restore()
    await grace.write("hello?")
    await expect(ada.find("presence")).to_have_text("")
    await ada.find("banner").get_by_role("button", name="Try now").click()
    await expect(ada.find("presence")).not_to_have_text("")

    await alike(server, ada, grace, "from the cellar", "hello?")
    await ada.context.clock.run_for(3000)
    await expect(ada.find("banner")).to_have_text("")
    said = await ada.page.evaluate("said")
    assert said[-1] == "Back online"
    waits = [int(found[1]) for text in said if (found := re.search(r"in (\d+) s", text))]
    assert max(waits) <= 15


async def test_a_token_that_expires(visit: Visit, network: Proxy, server: Server) -> None:
    """The token is renewed silently: for a request, for a new socket, and when the page opens."""
    people = [await server.user(name) for name in ("ada", "grace")]
    url = f"http://127.0.0.1:{network.port}"
    ada, grace = [await visit(user.username, url=url, user=user) for user in people]
    await asyncio.gather(ada.talk_to(grace), grace.talk_to(ada))
    await ada.page.evaluate(RECORD_BANNER)

    await expire(ada)
    await ada.find("search").fill(people[1].username)
    await expect(ada.find("found")).to_contain_text(people[1].username)
    renewed = [await ada.session()]
    await expire(ada)
    network.cut()
    await ada.write("after a while")
    network.restore()
    await expect(ada.message("after a while")).to_have_attribute("data-state", STORED)
    renewed.append(await ada.session())
    await expire(ada)
    await ada.page.reload()
    await ada.write("and another one")
    await expect(ada.message("and another one")).to_have_attribute("data-state", STORED)
    renewed.append(await ada.session())

    await alike(server, ada, grace, "after a while", "and another one")
    # Tokens that are issued within one second are equal.
    assert len({each["refresh_token"] for each in renewed}) == 3


async def expire(someone: Visitor) -> None:
    """Replace the token of a page by an invalid one."""
    login = await someone.session()
    login["token"] = someone.user.server.token(id=someone.user.id, exp=1)
    keep = "login => { localStorage['yolk.session'] = login; }"
    await someone.page.evaluate(keep, json.dumps(login))


async def test_a_login_that_ends_elsewhere(browser: Browser, tmp_path: Path) -> None:
    """After a login elsewhere the page offers to return; an ended login needs the password."""
    root = copy_chat(tmp_path, {"config/config_local.py": ONE_DEVICE})
    server = await asyncio.to_thread(ChatServer(root, tmp_path / "data").start)
    try:
        async with visitors(browser, server) as visit:
            user = await server.user("ada")
            ada = await visit("Ada", user=user)
            again = await server.post("/auth/login", username=user.username, password=user.password)
            other = await visit("Ada", user=type(user)(**{**vars(user), **tokens_of(again)}))

            await expect(ada.find("notice")).to_contain_text("You logged in somewhere else.")
            await ada.page.get_by_role("button", name="Use Yolk here").click()
            await expect(ada.find("me")).to_have_text("Ada")
            await expect(other.find("notice")).to_contain_text("You logged in somewhere else.")

            await server.post("/auth/logout", refresh_token=user.refresh_token, token=user.token)
            await expect(ada.find("login-card")).to_be_visible()
            await expect(ada.find("notice")).to_be_visible()
            await ada.page.get_by_label("Username").fill(user.username)
            await ada.page.get_by_label("Password", exact=True).fill(user.password)
            await ada.page.get_by_role("button", name="Log in").click()
            await expect(ada.find("me")).to_have_text(user.username)
    finally:
        await asyncio.to_thread(server.stop)


def tokens_of(answer: Any) -> dict[str, str]:
    """Return the tokens of an answer."""
    return {key: answer[key] for key in ("token", "refresh_token")}
