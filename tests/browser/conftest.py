"""People with browsers, for the tests of the chat page."""

import json
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from yolk.testing import Server

PASSWORD = "correct horse battery"


class Person:
    """Someone with a browser, by what they do and see."""

    def __init__(self, context: BrowserContext, page: Page, url: str, name: str) -> None:
        self.context = context
        self.page = page
        self.url = url
        self.name = name
        self.nickname = name.split("_", maxsplit=1)[0].title()

    def find(self, hook: str) -> Locator:
        """The element with that `data-testid`."""
        return self.page.get_by_test_id(hook)

    def message(self, text: str) -> Locator:
        """The message with that text."""
        return self.find("message").filter(has=self.page.get_by_text(text, exact=True))

    async def register(self) -> None:
        await self.page.goto(self.url)
        await self.page.get_by_role("button", name="Create account").click()
        await self.page.get_by_label("Username").fill(self.name)
        await self.page.get_by_label("Display name").fill(self.nickname)
        await self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        await self.page.get_by_role("button", name="Create account").click()
        await expect(self.find("me")).to_have_text(self.nickname)

    async def log_in(self, password: str = PASSWORD) -> None:
        await self.page.get_by_label("Username").fill(self.name)
        await self.page.get_by_label("Password", exact=True).fill(password)
        await self.page.get_by_role("button", name="Log in").click()

    async def open_chat_with(self, other: "Person") -> None:
        await self.find("search").fill(other.name)
        await self.find("found").filter(has_text=f"@{other.name}").click()
        await expect(self.find("chat-name")).to_have_text(other.nickname)

    async def write(self, text: str) -> None:
        await self.find("composer").fill(text)
        await self.find("composer").press("Enter")
        await expect(self.find("composer")).to_have_value("")

    async def sees(self, *texts: str) -> None:
        """Wait until the chat holds these messages, in this order, and nothing else."""
        await expect(self.page.locator(".text")).to_have_text(list(texts))

    async def send_over_http(self, to: "Person", texts: list[str]) -> None:
        """Write without the page, as another device of this user would."""
        token = (await self.session())["token"]
        to_id = (await to.session())["me"]["id"]
        for text in texts:
            answer = await self.context.request.post(
                f"{self.url}/chat/send",
                headers={"token": token},
                data={"to_id": to_id, "chat_type": "single", "type": "text", "data": text},
            )
            assert answer.ok, await answer.text()

    async def session(self) -> Any:
        return json.loads(await self.page.evaluate("localStorage['yolk.session']"))


People = Callable[..., Awaitable[Person]]
Shoot = Callable[[Person, str], Awaitable[None]]


@pytest.fixture
async def person(browser: Browser, server: Server) -> AsyncIterator[People]:
    """Give people, each with a browser of their own and registered unless told otherwise."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    async def make(
        name: str, *, at: Server = server, registered: bool = True, **options: Any
    ) -> Person:
        context = await browser.new_context(**{"locale": "en-US", **options})
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "console",
            lambda line: wrong.append(line.text) if "Content Security" in line.text else None,
        )
        someone = Person(context, page, at.url, f"{name}_{secrets.token_hex(4)}")
        if registered:
            await someone.register()
        return someone

    yield make
    for context in contexts:
        await context.close()
    assert not wrong


@pytest.fixture
async def shoot(tmp_path: Path) -> Shoot:
    """Take a screenshot for whoever wants to look."""

    async def take(someone: Person, name: str) -> None:
        named = os.environ.get("YOLK_SCREENSHOTS")
        for folder in [tmp_path, Path(named)] if named else [tmp_path]:
            folder.mkdir(parents=True, exist_ok=True)
            await someone.page.screenshot(path=folder / f"{name}.png", animations="disabled")

    return take
