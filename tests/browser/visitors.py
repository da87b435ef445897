"""Logged-in users, each with their own browser."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    async_playwright,
    expect,
)

from tests.browser.person import Person
from tests.browser.watching import Watch
from tests.browsers import find_browser
from tests.rows import database, rows
from yolk.testing import Server, User

PATIENCE_MS = 15_000
"""A factor for the load of other programs."""

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # A microphone with a hum, and videos that play without a click.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)


class Guests:
    """The browsers of one test; none of them may report an error."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._watch = Watch()
        self._contexts: list[BrowserContext] = []

    async def open(self, url: str, session: Any = None, **options: Any) -> BrowserContext:
        """
        Open a browser that shares nothing with others.

        Args:
            url: of the only server that it may ask.
            session: what its page keeps of a login, for somebody who is logged in already.
            options: of playwright's `new_context`.
        """
        if session is not None:
            kept = [{"name": "yolk.session", "value": json.dumps(session)}]
            origins = [{"origin": url, "localStorage": kept}]
            options.setdefault("storage_state", {"cookies": [], "origins": origins})
        # A service worker would load the page's files again in the background of every test.
        defaults = {"locale": "en-US", "service_workers": "block"}
        context = await self._browser.new_context(**{**defaults, **options})
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        await self._watch.add(context, url)
        return context

    async def leave(self) -> None:
        """Close all browsers."""
        for context in self._contexts:
            await context.close()
        assert not self._watch.wrong, self._watch.wrong


class Visitor(Person):
    """
    Somebody whose account was made for them, with a page of the chat open.

    Args:
        context: their browser, logged in.
        page: their tab.
        user: who they are.
        nickname: what others call them.
    """

    def __init__(self, context: BrowserContext, page: Page, user: User, nickname: str) -> None:
        super().__init__(context, page, user.server.url, user.username)
        self.user = user
        self.nickname = nickname

    async def talk_to(self, other: Visitor) -> None:
        """Open the chat with a user by its address."""
        low, high = sorted((self.user.id, other.user.id))
        await self.go(f"s:{low}:{high}")
        await expect(self.find("chat-name")).to_have_text(other.nickname)
        await expect(self.find("presence")).to_have_text(re.compile("online|offline"))

    async def go(self, conv: str) -> None:
        """Open the chat of that name."""
        if self.page.url.startswith("http"):
            await self.page.evaluate("conv => { location.hash = conv; }", conv)
        else:
            await self.page.goto(f"{self.user.server.url}/#{conv}")
        await expect(self.find("composer")).to_be_visible()

    async def tell(self, other: Visitor, kind: str, data: str, **options: Any) -> Any:
        """Send a message without the page, as another device does."""
        body = {"to_id": other.user.id, "type": kind, "data": data}
        return await self.user.post(
            "/chat/send", **body, **({"options": options} if options else {})
        )

    async def choose_files(self, *files: Any) -> None:
        """Choose files with the button: paths, or name, type and content."""
        async with self.page.expect_file_chooser() as chooser:
            await self.find("attach").click()
        await (await chooser.value).set_files(list(files))

    async def attach(self, *files: Any) -> None:
        """Choose files, and send them."""
        await self.choose_files(*files)
        await self.find("send-files").click()
        await expect(self.find("dialog")).to_have_count(0)

    async def save(self, button: Locator) -> tuple[str, bytes]:
        """Click a download, and return the name and content of the file."""
        async with self.page.expect_download() as download:
            await button.click()
        found = await download.value
        return found.suggested_filename, Path(await found.path()).read_bytes()


Visit = Callable[..., Awaitable[Visitor]]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run a Chromium, or skip if there is none."""
    path = find_browser()
    if path is None:
        pytest.skip("there is no Chromium; `make test` says how to have one")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield browser
        await browser.close()


@asynccontextmanager
async def visitors(browser: Browser, server: Server) -> AsyncIterator[Visit]:
    """Yield a function that opens a browser for a new user."""
    guests = Guests(browser)

    async def visit(
        nickname: str,
        *,
        url: str = server.url,
        user: User | None = None,
        has_clock: bool = False,
        stopped_at: datetime | None = None,
        **options: Any,
    ) -> Visitor:
        someone = user or add_person(server, nickname)
        context = await guests.open(url, login(someone, nickname), **options)
        if has_clock:
            await context.clock.install()
        if stopped_at:
            await context.clock.set_fixed_time(stopped_at)
        visitor = Visitor(context, await context.new_page(), someone, nickname)
        await visitor.page.goto(url)
        await expect(visitor.find("me")).to_have_text(nickname)
        return visitor

    yield visit
    await guests.leave()


def login(user: User, nickname: str) -> dict[str, Any]:
    """Return the login as a page stores it."""
    me = {"id": user.id, "username": user.username, "nickname": nickname, "avatar": ""}
    tokens = {"token": user.token, "refresh_token": user.refresh_token}
    return {"key": secrets.token_hex(8), "me": me, **tokens}


def add_person(server: Server, nickname: str, avatar: str = "", name: str = "") -> User:
    """Add a user with a token that names no login, which is much faster than registering."""
    username = name or f"{re.sub('[^a-z]', '', nickname.lower())}-{secrets.token_hex(4)}"
    with database(server) as connection:
        added = connection.execute(
            "INSERT INTO user (username, password, nickname, avatar) VALUES (?, '', ?, ?)",
            (username, nickname, avatar),
        )
    user_id = added.lastrowid or 0
    return User(server, user_id, username, "", server.token(id=user_id), "")


async def in_order(server: Server, conv: str, *people: Visitor) -> list[str]:
    """Wait until all show the messages of a conversation as stored, and return these."""
    query = "SELECT data FROM message WHERE conv = ? AND type = 'text' ORDER BY seq"
    async with asyncio.timeout(60):
        while True:
            told = [data for (data,) in rows(server, query, conv)]
            shown = [await one.page.locator(".text").all_text_contents() for one in people]
            waiting = [await one.page.locator("[data-state=sending]").count() for one in people]
            if not any(waiting) and all(texts == told for texts in shown):
                return told
            await asyncio.sleep(0.1)


def conv_of(one: Visitor, other: Visitor) -> str:
    """Return the conv of two users."""
    return "s:{}:{}".format(*sorted((one.user.id, other.user.id)))


def file_of(name: str, content: bytes, kind: str = "") -> Mapping[str, Any]:
    """Return a file in the form that a browser takes, under any name."""
    return {"name": name, "mimeType": kind or "application/octet-stream", "buffer": content}
