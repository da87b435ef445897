"""People with browsers, for the tests of the chat page."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.person import PASSWORD, Person
from tests.browser.visitors import add_person, chromium, login
from tests.browser.watching import Watch

if TYPE_CHECKING:
    from yolk.testing import Server

__all__ = ["PASSWORD", "Person"]

PATIENCE_MS = 15_000

People = Callable[..., Awaitable[Person]]
Company = Callable[..., Awaitable[list[Person]]]
Shoot = Callable[[Person, str], Awaitable[None]]


class Guests:
    """Those who have a browser in one test, and what went wrong in these."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self._browser = browser
        self._server = server
        self._watch = Watch()
        self._contexts: list[Any] = []
        expect.set_options(timeout=PATIENCE_MS)

    async def make(self, name: str, at: Server | None = None, **options: Any) -> Person:
        """Give somebody with an empty browser of their own."""
        url = (at or self._server).url
        context = await self._browser.new_context(**{"locale": "en-US", **options})
        self._contexts.append(context)
        await self._watch.add(context, url)
        return Person(context, await context.new_page(), url, name)

    async def leave(self) -> None:
        """Close all browsers; nothing may have gone wrong in them."""
        for context in self._contexts:
            await context.close()
        assert not self._watch.wrong


def unique(name: str) -> str:
    return f"{name}_{secrets.token_hex(4)}"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_browser() -> AsyncIterator[Browser]:
    """Give a Chromium that all tests with the session's event loop share."""
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def person(shared_browser: Browser, server: Server) -> AsyncIterator[People]:
    """Give people one by one, with an empty browser, and registered unless told otherwise."""
    guests = Guests(shared_browser, server)

    async def make(name: str, *, registered: bool = True, **options: Any) -> Person:
        someone = await guests.make(unique(name), **options)
        if registered:
            await someone.register()
        return someone

    yield make
    await guests.leave()


@pytest_asyncio.fixture(loop_scope="session")
async def people(shared_browser: Browser, server: Server) -> AsyncIterator[Company]:
    """
    Give several people at once, with accounts, at the page.

    They are logged in already, which is quicker than to register each of them. Those who are
    `away` have not opened the page.
    """
    guests = Guests(shared_browser, server)

    async def make(name: str, *, away: bool = False, **options: Any) -> Person:
        nickname = name.title()
        user = add_person(server, nickname)
        session = login(user, nickname)
        kept = [{"name": "yolk.session", "value": json.dumps(session)}]
        origins = [{"origin": server.url, "localStorage": kept}]
        options.setdefault("storage_state", {"cookies": [], "origins": origins})
        someone = await guests.make(user.username, **options)
        someone.nickname = nickname
        someone.login = session
        if not away:
            await someone.come()
        return someone

    async def make_all(*names: str, **options: Any) -> list[Person]:
        return await asyncio.gather(*(make(name, **options) for name in names))

    yield make_all
    await guests.leave()


@pytest.fixture
def shoot(tmp_path: Path) -> Shoot:
    """Take a screenshot for whoever wants to look."""

    async def take(someone: Person, name: str) -> None:
        named = os.environ.get("YOLK_SCREENSHOTS")
        for folder in [tmp_path, Path(named)] if named else [tmp_path]:
            folder.mkdir(parents=True, exist_ok=True)
            await someone.page.screenshot(path=folder / f"{name}.png", animations="disabled")

    return take
