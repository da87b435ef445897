"""Somebody with a browser: what people do on the chat page, and what they see."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
from playwright.async_api import BrowserContext, Locator, Page, expect

PASSWORD = "correct horse battery"
STORED = re.compile("sent|delivered|read")


class Person:
    """
    Somebody at the chat page.

    Args:
        context: their browser, which shares nothing with that of others.
        page: their tab.
        url: of the server.
        name: their username. What is before its first "_" is what others call them.
    """

    def __init__(self, context: BrowserContext, page: Page, url: str, name: str) -> None:
        self.context = context
        self.page = page
        self.url = url
        self.name = name
        self.nickname = name.split("_", maxsplit=1)[0].title()
        self.login: Any = None
        """The login that the browser had from the start."""

    # ---- What they see

    def find(self, hook: str) -> Locator:
        """The element with that `data-testid`."""
        return self.page.get_by_test_id(hook)

    def message(self, text: str) -> Locator:
        """The message with that text."""
        words = r"\s+".join(re.escape(word) for word in text.split())
        said = self.page.locator(".text", has_text=re.compile(rf"^\s*{words}\s*$"))
        return self.find("message").filter(has=said)

    def row(self, title: str) -> Locator:
        """The chat of that name in the list."""
        name = self.page.get_by_test_id("row-name").get_by_text(title, exact=True)
        return self.find("conversation").filter(has=name)

    async def sees(self, *texts: str) -> None:
        """Wait until the chat holds these messages, in this order, and nothing else."""
        await expect(self.page.locator(".text")).to_have_text(list(texts))

    async def is_told(self, text: str) -> None:
        """Wait for a line at the bottom of the page."""
        await expect(self.find("toasts")).to_contain_text(text)

    # ---- Coming and going

    async def come(self) -> None:
        """Open the page, as somebody who is logged in already."""
        await self.page.goto(self.url)
        await expect(self.find("me")).to_have_text(self.nickname)

    async def go_away(self) -> None:
        """Close the tab; `come` opens another one."""
        await self.page.close()
        self.page = await self.context.new_page()

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

    # ---- The list, and what is opened from it

    async def choose(self, *hooks: str) -> None:
        """Choose from the main menu: the item with that `data-testid`."""
        await self.find("main-menu").click()
        for hook in hooks:
            await self.find(hook).click()

    async def begin(self, hook: str) -> None:
        """Choose from the menu of what is new: a chat, a group, joining one."""
        await self.find("new").click()
        await self.find(hook).click()

    async def look_for(self, text: str) -> None:
        await self.find("search").fill(text)

    async def open_chat_with(self, other: Person) -> None:
        """Find somebody by their username, and open the chat with them."""
        await self.look_for(other.name)
        await self.find("found").filter(has_text=f"@{other.name}").click()
        await expect(self.find("chat-name")).to_have_text(other.nickname)

    async def open_chat(self, title: str) -> None:
        """Open a chat of the list."""
        await self.row(title).click()
        await expect(self.find("chat-name")).to_have_text(title)

    async def row_menu(self, title: str, hook: str) -> None:
        """Choose from what a right click on a chat of the list offers."""
        await self.row(title).click(button="right")
        await self.find("menu").get_by_test_id(hook).click()

    async def open_info(self) -> None:
        """Open what stands beside the chat: who one writes to, or the group."""
        await self.find("info").click()
        await expect(self.find("panel").get_by_role("heading").first).to_be_visible()

    async def look_at(self, hook: str) -> None:
        """Open what stands beside the chat, and a dialog from there."""
        if await self.find("panel").count() == 0:
            await self.open_info()
        await self.find(hook).click()

    async def pick(self, *others: Person) -> None:
        """Find people in a dialog, and tick them."""
        for other in others:
            await self.find("find-people").fill(other.name)
            await self.find("person-row").filter(has_text=f"@{other.name}").click()

    async def make_group(self, name: str, *others: Person) -> None:
        """Make a group, which is open then."""
        await self.begin("new-group")
        await self.find("group-name").fill(name)
        await self.pick(*others)
        await self.find("create-group").click()
        await expect(self.find("chat-name")).to_have_text(name)

    # ---- Writing, and what is done with messages

    async def write(self, text: str) -> None:
        """Write a message, whether it can be sent now or not."""
        await self.find("composer").fill(text)
        await self.find("composer").press("Enter")
        await expect(self.find("composer")).to_have_value("")

    async def say(self, *texts: str) -> None:
        """Write messages, and wait until the server has them."""
        for text in texts:
            await self.write(text)
        await expect(self.message(texts[-1]).last).to_have_attribute("data-state", STORED)

    async def menu(self, text: str, hook: str) -> None:
        """Choose from what a right click on a message offers."""
        await self.message(text).locator(".bubble").click(button="right")
        await self.find("menu").get_by_test_id(hook).click()

    # ---- What others of their devices do

    async def session(self) -> Any:
        """The login that the page keeps."""
        return json.loads(await self.page.evaluate("localStorage['yolk.session']"))

    async def send_over_http(self, to: Person, texts: list[str]) -> None:
        """Write without the page, as another device of this user would."""
        own, other = self.login or await self.session(), to.login or await to.session()
        headers, to_id = {"token": own["token"]}, other["me"]["id"]
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30) as client:
            for text in texts:
                said = {"to_id": to_id, "chat_type": "single", "type": "text", "data": text}
                answer = await client.post("/chat/send", json=said)
                assert answer.status_code == 200, answer.text
