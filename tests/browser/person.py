"""A user with a browser: what they do on the chat page, and what they see."""

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
        """The login with which the browser was opened."""

    # ---- What the page shows

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
        """Wait for a toast."""
        await expect(self.find("toasts")).to_contain_text(text)

    # ---- Logging in and out

    async def come(self) -> None:
        """Open the page as a user who is logged in."""
        await self.page.goto(self.url)
        await expect(self.find("me")).to_have_text(self.nickname)

    async def go_away(self) -> None:
        """Close the tab; `come` opens another."""
        await self.page.close()
        self.page = await self.context.new_page()

    async def register(self, at: str = "") -> None:
        """Create an account, at the page or at another address of it."""
        await self.page.goto(at or self.url)
        await self.page.get_by_label("Username").fill(self.name)
        await self.page.get_by_label("Display name").fill(self.nickname)
        await self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        await self.page.get_by_role("button", name="Create account").click()
        await expect(self.find("me")).to_have_text(self.nickname)

    async def log_in(self, password: str = PASSWORD) -> None:
        await self.page.get_by_label("Username").fill(self.name)
        await self.page.get_by_label("Password", exact=True).fill(password)
        await self.page.get_by_role("button", name="Log in").click()

    # ---- The list, menus and dialogs

    async def choose(self, *hooks: str) -> None:
        """Choose from the main menu: the item with that `data-testid`."""
        await self.find("main-menu").click()
        for hook in hooks:
            await self.find(hook).click()

    async def begin(self, hook: str) -> None:
        """Choose from the "new" menu: a chat, a group, joining one."""
        await self.find("new").click()
        await self.find(hook).click()

    async def look_for(self, text: str) -> None:
        await self.find("search").fill(text)

    async def open_chat_with(self, other: Person) -> None:
        """Find a user by username, and open the chat with them."""
        await self.look_for(other.name)
        await self.find("found").filter(has_text=f"@{other.name}").click()
        await expect(self.find("chat-name")).to_have_text(other.nickname)

    async def open_chat(self, title: str) -> None:
        """Open a chat in the list."""
        await self.row(title).click()
        await expect(self.find("chat-name")).to_have_text(title)

    async def row_menu(self, title: str, hook: str) -> None:
        """Choose from the menu of a chat in the list."""
        await self.row(title).click(button="right")
        await self.find("menu").get_by_test_id(hook).click()

    async def open_info(self) -> None:
        """Open the panel about the other user or the group."""
        await self.find("info").click()
        await expect(self.find("panel").get_by_role("heading").first).to_be_visible()

    async def look_at(self, hook: str) -> None:
        """Open the panel beside the chat, and a dialog from there."""
        if await self.find("panel").count() == 0:
            await self.open_info()
        await self.find(hook).click()

    async def pick(self, *others: Person) -> None:
        """Find users in a dialog, and select them."""
        for other in others:
            await self.find("find-people").fill(other.name)
            await self.find("person-row").filter(has_text=f"@{other.name}").click()

    async def make_group(self, name: str, *others: Person) -> None:
        """Create a group, which is then open."""
        await self.begin("new-group")
        await self.find("group-name").fill(name)
        await self.pick(*others)
        await self.find("create-group").click()
        await expect(self.find("chat-name")).to_have_text(name)

    # ---- Messages

    async def write(self, text: str) -> None:
        """Write a message, online or offline."""
        composer = self.find("composer")
        await composer.fill(text)
        if await composer.get_attribute("enterkeyhint") == "send":
            await composer.press("Enter")
        else:
            await self.find("send").click()
        await expect(self.find("composer")).to_have_value("")

    async def say(self, *texts: str) -> None:
        """Write messages, and wait until the server has them."""
        for text in texts:
            await self.write(text)
        await expect(self.message(texts[-1]).last).to_have_attribute("data-state", STORED)

    async def menu(self, text: str, hook: str) -> None:
        """Choose from the menu of a message."""
        await self.message(text).locator(".bubble").click(button="right")
        await self.find("menu").get_by_test_id(hook).click()

    # ---- Other devices of the user

    async def link_to(self, number: str) -> str:
        """Create an invitation link to a group, and return its token."""
        own = self.login or await self.session()
        headers = {"token": own["token"]}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30) as client:
            answer = await client.post(f"/chat/groups/{number}/links", json={})
        return str(answer.json()["data"]["link_token"])

    async def session(self) -> Any:
        """The login that the page stores."""
        return json.loads(await self.page.evaluate("localStorage['yolk.session']"))

    async def send_over_http(self, to: Person, texts: list[str]) -> None:
        """Send a message as another device of this user."""
        own, other = self.login or await self.session(), to.login or await to.session()
        headers, to_id = {"token": own["token"]}, other["me"]["id"]
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30) as client:
            for text in texts:
                said = {"to_id": to_id, "chat_type": "single", "type": "text", "data": text}
                answer = await client.post("/chat/send", json=said)
                assert answer.status_code == 200, answer.text
