"""The service worker: the page without a connection, and new versions of the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.service_worker import start_worker
from tests.browser.visitors import add_person, visitors
from tests.copies import copy_chat
from tests.javascript import WEB, imported_modules
from tests.prefix_proxy import below
from tests.servers import ChatServer

if TYPE_CHECKING:
    from yolk.testing import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

CACHED = """async () => {
    const found = {};
    for (const name of await caches.keys())
        found[name] = (await (await caches.open(name)).keys()).map(({ url }) => url);
    return found;
}"""
UPDATE = "async () => { await (await navigator.serviceWorker.ready).update(); }"
WORDS = Path("web/i18n/en.js")


@pytest_asyncio.fixture(loop_scope="session")
async def edited(tmp_path: Path) -> AsyncIterator[Server]:
    """Yield a chat of the test's own, because its page is edited."""
    server = ChatServer(copy_chat(tmp_path, {}), tmp_path / "data")
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


async def cached(page: Page) -> dict[str, list[str]]:
    """Return the addresses in each cache."""
    found: dict[str, list[str]] = await page.evaluate(CACHED)
    return found


def edit(server: Server, old: str, new: str) -> None:
    """Change a word of the page."""
    path = server.root / WORDS
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


async def test_the_page_opens_without_a_connection(browser: Browser, server: Server) -> None:
    """Below a path and without a connection the page opens, with dialogs that were never opened."""
    async with visitors(browser, server) as visit, below("/im", server.port) as url:
        ada, grace = add_person(server, "Ada"), add_person(server, "Grace")
        await ada.post("/chat/send", to_id=grace.id, type="text", data="Hello")
        visitor = await visit("Ada", url=url, user=ada, service_workers="allow")
        await start_worker(visitor.page)

        ((name, urls),) = (await cached(visitor.page)).items()
        await visitor.context.set_offline(True)
        await visitor.page.reload()
        await expect(visitor.find("banner")).to_contain_text("Connection lost.")
        await expect(visitor.find("me")).to_have_text("Ada")
        await visitor.choose("settings")
        await expect(visitor.find("dialog")).to_contain_text("Appearance")
        await visitor.context.set_offline(False)
        await expect(visitor.row("Grace")).to_be_visible()

    version = name.rpartition(" ")[2]
    paths = {each.removeprefix(url) for each in urls}
    assert name == f"yolk /im/ {version}"
    assert {each for each in paths if not each.startswith(f"web/{version}/")} == {""}
    modules: set[Path] = set()
    found = {WEB / "app.js", WEB / "load_chats.js"}
    while found:
        modules |= found
        found = set().union(*map(imported_modules, found)) - modules
    assert {f"web/{version}/{path.relative_to(WEB)}" for path in modules} <= paths


async def test_a_new_version_is_announced_and_never_mixed(browser: Browser, edited: Server) -> None:
    """
    An open page goes on with its own files, and says that there is a new version.

    The edit is seen at the next load, and the files of the old version are deleted when no page
    of it is open.
    """
    async with visitors(browser, edited) as visit:
        ada = await visit("Ada", service_workers="allow")
        await start_worker(ada.page)
        other = await ada.context.new_page()
        await other.goto(ada.url)
        await expect(other.get_by_test_id("me")).to_have_text("Ada")
        await start_worker(other)
        (old,) = await cached(ada.page)

        edit(edited, 'menu: "Menu"', 'menu: "Edited"')
        (edited.root / "web/dialogs/settings.js").write_text("not the same version")
        await asyncio.sleep(1.1)  # the server looks for changes of its files once a second
        await ada.page.evaluate(UPDATE)

        for page in (ada.page, other):
            banner = page.get_by_test_id("banner")
            await expect(banner).to_contain_text("A new version is available.")
            await expect(page.get_by_test_id("main-menu")).to_have_attribute("title", "Menu")
        await ada.choose("settings")
        await expect(ada.find("dialog")).to_contain_text("Appearance")
        await ada.page.keyboard.press("Escape")

        await ada.find("reload").click()
        await expect(ada.find("main-menu")).to_have_attribute("title", "Edited")
        await start_worker(ada.page)
        assert old in await cached(ada.page), "the other tab needs it"
        await other.get_by_test_id("reload").click()
        await expect(other.get_by_test_id("main-menu")).to_have_attribute("title", "Edited")
        await start_worker(other)
        async with asyncio.timeout(30):
            while old in await cached(other):
                await asyncio.sleep(0.05)
        assert len(await cached(other)) == 1
        await expect(other.get_by_test_id("banner")).to_have_text("")
