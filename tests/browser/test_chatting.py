"""Messages of two users: replying, editing, recalling, forwarding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import Company

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_ticks_show_the_delivery_state(people: Company) -> None:
    """A message is sent, then delivered to an open page, then read in the open chat."""
    (ada,) = await people("ada")
    (grace,) = await people("grace", away=True)
    await ada.open_chat_with(grace)
    ticks = ada.message("Are you there?").get_by_role("img")

    await ada.say("Are you there?")
    await expect(ticks).to_have_accessible_name("Sent")
    await grace.come()
    await expect(ticks).to_have_accessible_name("Delivered")
    await grace.open_chat("Ada")
    await expect(ticks).to_have_accessible_name("Read")

    await ada.page.reload()
    await expect(ticks).to_have_accessible_name("Read")


async def test_presence_and_typing_are_shown(people: Company) -> None:
    """The header of the chat and the list show who is online and who is typing."""
    ada, grace = await people("ada", "grace")
    await ada.open_chat_with(grace)
    await ada.say("Hello")
    await grace.open_chat("Ada")
    await grace.say("Hello, Ada")
    await ada.say("How are you?")
    await expect(ada.find("presence")).to_have_text("online")

    await grace.find("composer").press_sequentially("Go")
    await expect(ada.find("typing")).to_have_text("typing…")
    await expect(ada.row("Grace")).to_contain_text("typing…")
    await grace.find("composer").press_sequentially("od morning")
    await grace.find("composer").press("Enter")
    await expect(ada.message("Good morning")).to_be_visible()
    await expect(ada.find("typing")).to_have_count(0)
    await expect(ada.find("presence")).to_have_text("online")

    await grace.go_away()
    await expect(ada.find("presence")).to_have_text("offline")
    await grace.come()
    await expect(ada.find("presence")).to_have_text("online")


async def test_a_reply_quotes_and_leads_back(people: Company) -> None:
    """A reply shows the quoted message; a click on the quote goes to it."""
    ada, grace = await people("ada", "grace", viewport={"width": 1200, "height": 500})
    await grace.send_over_http(ada, [f"number {n}" for n in range(30)])
    await ada.open_chat("Grace")
    await ada.message("number 3").scroll_into_view_if_needed()

    await ada.menu("number 3", "reply")
    await expect(ada.find("replying")).to_contain_text("Reply to Grace")
    await expect(ada.find("replying")).to_contain_text("number 3")
    await expect(ada.find("composer")).to_be_focused()
    await ada.say("I like this one")

    answer = ada.message("I like this one")
    await expect(ada.find("replying")).to_have_count(0)
    await expect(answer).to_be_in_viewport()
    await expect(ada.message("number 3")).not_to_be_in_viewport()
    await answer.get_by_test_id("quote").click()
    await expect(ada.message("number 3")).to_be_in_viewport()
    await expect(ada.message("number 3")).to_be_focused()

    await grace.open_chat("Ada")
    quote = grace.message("I like this one").get_by_test_id("quote")
    await expect(quote).to_contain_text("You")
    await expect(quote).to_contain_text("number 3")


async def test_escape_cancels_a_reply(people: Company) -> None:
    """Escape and the cross remove the quoted message; the text is kept."""
    ada, grace = await people("ada", "grace")
    await grace.send_over_http(ada, ["A question"])
    await ada.open_chat("Grace")

    await ada.menu("A question", "reply")
    await ada.find("composer").press_sequentially("An ans")
    await ada.find("composer").press("Escape")
    await expect(ada.find("replying")).to_have_count(0)
    await expect(ada.find("composer")).to_have_value("An ans")
    await ada.menu("A question", "reply")
    await ada.find("cancel-reference").click()
    await ada.find("send").click()

    await expect(ada.message("An ans").get_by_test_id("quote")).to_have_count(0)
    await expect(ada.message("An ans")).to_be_visible()


async def test_a_message_is_forwarded_to_another_chat(people: Company) -> None:
    """A message is forwarded to a chosen chat, and both users see that it was forwarded."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await linus.send_over_http(ada, ["What does Grace say?"])
    await grace.send_over_http(ada, ["Ship it"])
    await ada.open_chat("Grace")

    await ada.menu("Ship it", "forward")
    await ada.find("find-chat").fill(linus.name)
    await expect(ada.find("forward-to")).to_have_count(1)
    await ada.find("forward-to").click()
    await ada.is_told("Forwarded to Linus")
    await expect(ada.find("chat-name")).to_have_text("Grace")
    await ada.find("toasts").get_by_role("button", name="Open").click()

    await expect(ada.find("chat-name")).to_have_text("Linus")
    await expect(ada.message("Ship it")).to_contain_text("Forwarded")
    await linus.open_chat("Ada")
    await expect(linus.message("Ship it")).to_contain_text("Forwarded")


async def test_a_recalled_text_can_be_edited_again(people: Company) -> None:
    """A recall removes a message for both users; its author can edit the text again."""
    ada, grace = await people("ada", "grace")
    await ada.open_chat_with(grace)
    await ada.say("Dinner at eight?")
    await grace.open_chat("Ada")
    await expect(grace.message("Dinner at eight?")).to_be_visible()

    await ada.menu("Dinner at eight?", "recall")
    for someone in (ada, grace):
        await someone.sees("This message was recalled.")
    await expect(grace.row("Ada")).to_contain_text("This message was recalled.")
    await expect(grace.page.get_by_role("button", name="Edit again")).to_have_count(0)
    await ada.page.get_by_role("button", name="Edit again").click()
    await expect(ada.find("composer")).to_have_value("Dinner at eight?")
    await ada.find("composer").press("End")
    await ada.find("composer").press_sequentially(" Or nine?")
    await ada.find("composer").press("Enter")

    await grace.sees("This message was recalled.", "Dinner at eight? Or nine?")


async def test_an_edit_is_shown_as_one(people: Company) -> None:
    """The menu or the arrow key edits a message; both see the new text and the mark."""
    ada, grace = await people("ada", "grace")
    await ada.open_chat_with(grace)
    await ada.say("teh first", "the second")
    await grace.open_chat("Ada")

    await ada.menu("teh first", "edit")
    await expect(ada.find("editing")).to_contain_text("teh first")
    await expect(ada.find("composer")).to_have_value("teh first")
    await ada.write("the first")
    for someone in (ada, grace):
        await someone.sees("the first", "the second")
        await expect(someone.message("the first")).to_contain_text("edited")
        await expect(someone.message("the second")).not_to_contain_text("edited")

    await ada.find("composer").press("ArrowUp")
    await expect(ada.find("composer")).to_have_value("the second")
    await ada.find("composer").press("Escape")
    await expect(ada.find("editing")).to_have_count(0)
    await expect(ada.find("composer")).to_have_value("")
    await grace.message("the first").locator(".bubble").click(button="right")
    await expect(grace.find("menu").get_by_test_id("copy")).to_be_visible()
    await expect(grace.find("menu").get_by_test_id("edit")).to_have_count(0)
    await expect(grace.find("menu").get_by_test_id("recall")).to_have_count(0)


async def test_a_copied_text_can_be_pasted(people: Company) -> None:
    """Copying returns the text as it was written, with its line breaks."""
    text = "第一行\nand <b>the second</b>"
    ada, grace = await people("ada", "grace", permissions=["clipboard-read", "clipboard-write"])
    await grace.send_over_http(ada, [text])
    await ada.open_chat("Grace")

    await ada.find("message").locator(".bubble").click(button="right")
    await ada.find("copy").click()
    await ada.is_told("Copied")
    await ada.find("composer").press("ControlOrMeta+v")

    await expect(ada.find("composer")).to_have_value(text)


async def test_emoji_are_picked(people: Company) -> None:
    """Emoji are inserted at the caret, with the pointer or the keyboard; recent ones are first."""
    ada, grace = await people("ada", "grace")
    await ada.open_chat_with(grace)
    composer, picker = ada.find("composer"), ada.find("emoji-picker")

    await composer.fill("Good morning")
    await composer.press("Home")
    await ada.find("emoji").click()
    await picker.get_by_role("button", name="🍳").click()
    await expect(composer).to_have_value("🍳Good morning")
    await ada.page.keyboard.press("Escape")
    await expect(picker).to_have_count(0)
    await expect(composer).to_be_focused()
    await composer.press("Enter")
    await expect(ada.message("🍳Good morning")).to_be_visible()

    await ada.find("emoji").press("Enter")
    await expect(picker.get_by_role("heading").first).to_have_text("Recent")
    await expect(picker.get_by_role("button").first).to_be_focused()
    await ada.page.keyboard.press("Enter")
    await expect(composer).to_have_value("🍳")
    await composer.press("Enter")
    await expect(ada.message("🍳").locator(".text")).to_have_class(re.compile("big"))
    await grace.open_chat("Ada")
    await grace.sees("🍳Good morning", "🍳")
