"""Users with browsers, for the tests of the chat page."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.person import Person
from tests.browser.visitors import Guests, Visit, Visitor, add_person, chromium, login, visitors
from tests.groups import acquaint

if TYPE_CHECKING:
    from yolk.testing import Server, User

People = Callable[..., Awaitable[Person]]
Company = Callable[..., Awaitable[list[Person]]]
Shoot = Callable[[Person, str], Awaitable[None]]


def unique(name: str) -> str:
    """Return an unused username."""
    return f"{name}_{secrets.token_hex(4)}"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Yield a Chromium that all tests share."""
    async with chromium() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, server: Server) -> AsyncIterator[Visit]:
    """Yield a function that opens a page for a new user who is logged in."""
    async with visitors(browser, server) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def pair(visit: Visit) -> tuple[Visitor, Visitor]:
    """Yield two users who have their chat open."""
    ada, grace = await visit("Ada"), await visit("Grace")
    await asyncio.gather(ada.talk_to(grace), grace.talk_to(ada))
    return ada, grace


@pytest_asyncio.fixture(loop_scope="session")
async def person(browser: Browser, server: Server) -> AsyncIterator[People]:
    """Yield a function that adds a user with an empty browser, by default registered."""
    guests = Guests(browser)

    async def make(
        name: str, *, registered: bool = True, at: Server = server, **options: Any
    ) -> Person:
        context = await guests.open(at.url, **options)
        someone = Person(context, await context.new_page(), at.url, unique(name))
        if registered:
            await someone.register()
        return someone

    yield make
    await guests.leave()


@pytest_asyncio.fixture(loop_scope="session")
async def people(browser: Browser, server: Server) -> AsyncIterator[Company]:
    """
    Give several people at once, with accounts, at the page.

    They are logged in already, which is quicker than to register each of them. Those who are
    `away` have not opened the page. They know each other, unless they are `strangers`.
    """
    guests = Guests(browser)

    async def make(user: User, nickname: str, *, away: bool = False, **options: Any) -> Person:
        session = login(user, nickname)
        context = await guests.open(server.url, session, **options)
        someone = Person(context, await context.new_page(), server.url, user.username)
        someone.nickname = nickname
        someone.login = session
        if not away:
            await someone.come()
        return someone

    async def make_all(*names: str, strangers: bool = False, **options: Any) -> list[Person]:
        users = [add_person(server, name.title()) for name in names]
        for user in () if strangers else users:
            acquaint(user, *users)
        pairs = zip(users, names, strict=True)
        return await asyncio.gather(*(make(user, name.title(), **options) for user, name in pairs))

    yield make_all
    await guests.leave()


@pytest.fixture
def shoot(tmp_path: Path) -> Shoot:
    """Take a screenshot."""

    async def take(someone: Person, name: str) -> None:
        named = os.environ.get("YOLK_SCREENSHOTS")
        for folder in [tmp_path, Path(named)] if named else [tmp_path]:
            folder.mkdir(parents=True, exist_ok=True)
            await someone.page.screenshot(path=folder / f"{name}.png", animations="disabled")

    return take
