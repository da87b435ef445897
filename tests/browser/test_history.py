"""The history: days, the unread line, and scrolling up."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Locator, Route, expect

from tests.rows import make_old

if TYPE_CHECKING:
    from tests.browser.conftest import Company
    from yolk.testing import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

AT_REST = """
async message => {
    const top = () => message.getBoundingClientRect().top;
    for (let [before, still] = [top(), 0]; still < 5; still = top() === before ? still + 1 : 0) {
        before = top();
        await new Promise(requestAnimationFrame);
    }
    return top();
}
"""


async def at_rest(message: Locator) -> float:
    """Wait until nothing moves, and return the offset of a message."""
    return float(await message.evaluate(AT_REST))


async def test_days_are_separated(people: Company, server: Server) -> None:
    """Yesterday's messages are below "Yesterday", today's below "Today"."""
    ada, grace = await people("ada", "grace")
    await grace.send_over_http(ada, ["long ago"])
    conv = await ada.find("conversation").get_attribute("data-conv")
    assert conv
    for _ in range(3):
        make_old(server, conv)
    await grace.send_over_http(ada, ["one", "two"])
    make_old(server, conv)
    await ada.page.reload()
    await ada.open_chat("Grace")
    await ada.say("three")

    lines = ada.find("messages").locator("li:is(.day, [data-key])")
    days = lines.filter(has_not=ada.page.locator(".bubble"))
    await expect(days).to_have_text([re.compile(r"^\w+day"), "Yesterday", "Today"])
    told = [text.split("\n")[0] for text in await lines.all_inner_texts()]
    assert told[1:] == ["long ago", "Yesterday", "one", "two", "Today", "three"]


async def test_a_button_goes_to_the_first_unread_message(people: Company) -> None:
    """A line marks the first unread message, and a button leads there when it is not visible."""
    ada, grace = await people("ada", "grace")
    await grace.send_over_http(ada, ["old one", "old two"])
    await ada.open_chat("Grace")
    await ada.sees("old one", "old two")
    await grace.open_chat("Ada")
    await expect(grace.message("old two")).to_have_attribute("data-state", "read")
    await ada.go_away()
    await grace.send_over_http(ada, [f"number {n}" for n in range(120)])
    await ada.come()

    await expect(ada.find("unread")).to_have_text("99+")
    await ada.open_chat("Grace")
    await expect(ada.message("number 119")).to_be_in_viewport()
    await expect(ada.find("to-unread")).to_have_text("120 unread")
    await ada.find("to-unread").click()

    await expect(ada.find("unread-line")).to_be_in_viewport()
    await expect(ada.message("old two")).to_be_in_viewport()
    await expect(ada.message("number 0")).to_be_in_viewport()
    await expect(ada.find("to-unread")).to_have_count(0)
    await ada.find("new-messages").click()
    await expect(ada.message("number 119")).to_be_in_viewport()


async def test_few_unread_messages_have_no_button(people: Company) -> None:
    """Few unread messages have the line and no button; after returning there is neither."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await grace.send_over_http(ada, ["one", "two"])
    await linus.send_over_http(ada, ["hi"])

    await ada.open_chat("Grace")
    await expect(ada.find("unread-line")).to_have_text("New messages")
    await expect(ada.find("to-unread")).to_have_count(0)
    await expect(ada.row("Grace").get_by_test_id("unread")).to_have_count(0)
    await ada.open_chat("Linus")
    await ada.open_chat("Grace")

    await ada.sees("one", "two")
    await expect(ada.find("unread-line")).to_have_count(0)


async def test_going_up_through_a_long_history_moves_nothing(people: Company) -> None:
    """When an older page is loaded, the visible messages stay in place, to the pixel."""
    ada, grace = await people("ada", "grace")
    texts = [f"number {n}{' and more words' * (n * 7 % 40)}" for n in range(230)]
    await grace.send_over_http(ada, texts)
    may_come = asyncio.Event()

    async def hold(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await ada.page.route(re.compile("/chat/history.*before="), hold)
    await ada.open_chat("Grace")
    await expect(ada.message(texts[-1])).to_be_in_viewport()
    await ada.page.locator(".messages").hover()

    for oldest in (180, 130, 80, 30):
        message = ada.message(texts[oldest])
        while not (await message.count() and await at_rest(message) > 0):
            await ada.page.mouse.wheel(0, -1_500)
        before = await at_rest(message)
        may_come.set()
        await expect(ada.message(texts[oldest - 1])).to_be_attached()
        assert abs(await at_rest(message) - before) < 1
        may_come.clear()
    may_come.set()

    first = ada.message(texts[0])
    while not await first.count():
        await ada.page.mouse.wheel(0, -1_500)
    await ada.find("new-messages").click()
    await expect(ada.message(texts[-1])).to_be_in_viewport()


async def test_the_keys_go_through_the_history(people: Company) -> None:
    """Arrow keys move from message to message, Escape returns to the composer."""
    ada, grace = await people("ada", "grace")
    await grace.send_over_http(ada, [f"number {n}" for n in range(60)])
    await ada.open_chat("Grace")
    await expect(ada.message("number 59")).to_be_in_viewport()

    await ada.page.get_by_role("region", name="Messages with Grace").focus()
    await ada.page.keyboard.press("ArrowUp")
    await expect(ada.message("number 59")).to_be_focused()
    for _ in range(5):
        await ada.page.keyboard.press("ArrowUp")
    await expect(ada.message("number 54")).to_be_focused()
    await ada.page.keyboard.press("ArrowDown")
    await expect(ada.message("number 55")).to_be_focused()
    await ada.page.keyboard.press("Escape")
    await expect(ada.find("composer")).to_be_focused()
