"""The list of chats: its order, its marks, and its drafts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import Company

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_pinned_chat_stays_on_top(people: Company) -> None:
    """The latest chats are first, pinned ones before them, in every tab."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await grace.send_over_http(ada, ["first"])
    await linus.send_over_http(ada, ["second"])
    names = ada.find("row-name")
    await expect(names).to_have_text(["Linus", "Grace"])

    await ada.row_menu("Grace", "pin")
    await expect(names).to_have_text(["Grace", "Linus"])
    await linus.send_over_http(ada, ["third"])
    await expect(ada.row("Linus")).to_contain_text("third")
    await expect(names).to_have_text(["Grace", "Linus"])
    await ada.page.reload()
    await expect(names).to_have_text(["Grace", "Linus"])

    await ada.open_chat("Grace")
    await ada.open_info()
    await expect(ada.page.get_by_role("switch", name="Pinned")).to_be_checked()
    await ada.page.get_by_role("switch", name="Pinned").click()
    await expect(names).to_have_text(["Linus", "Grace"])


async def test_a_muted_chat_is_quiet(people: Company) -> None:
    """A muted chat counts its messages, but the title and the live region ignore them."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await grace.send_over_http(ada, ["first"])
    await expect(ada.page).to_have_title("(1) Yolk")

    await ada.row_menu("Grace", "quiet")
    await expect(ada.page).to_have_title("Yolk")
    await expect(ada.row("Grace").locator(".icon-bellOff")).to_be_visible()
    await grace.send_over_http(ada, ["second"])
    await expect(ada.row("Grace").get_by_test_id("unread")).to_have_text("2")
    await linus.send_over_http(ada, ["loud"])
    await expect(ada.find("announcement")).to_have_text("Linus: loud")
    await expect(ada.page).to_have_title("(1) Yolk")

    await ada.row_menu("Grace", "quiet")
    await expect(ada.page).to_have_title("(3) Yolk")


async def test_a_hidden_chat_comes_back_with_a_message(people: Company) -> None:
    """A hidden chat is removed from the list and closed, until a message arrives in it."""
    ada, grace = await people("ada", "grace")
    await grace.send_over_http(ada, ["first"])
    await ada.open_chat("Grace")

    await ada.row_menu("Grace", "hide")
    await expect(ada.find("conversation")).to_have_count(0)
    await expect(ada.find("composer")).to_have_count(0)
    await ada.page.reload()
    await expect(ada.page.get_by_text("No chats yet")).to_be_visible()
    await grace.send_over_http(ada, ["second"])

    await expect(ada.row("Grace")).to_contain_text("second")
    await ada.open_chat("Grace")
    await ada.sees("first", "second")


async def test_unsent_texts_are_kept_as_drafts(people: Company) -> None:
    """A draft is shown in the list and in its chat, and survives a reload."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await grace.send_over_http(ada, ["Coming?"])
    await linus.send_over_http(ada, ["Hi"])
    await ada.open_chat("Grace")
    await ada.menu("Coming?", "reply")
    await ada.find("composer").fill("Let me see")

    await ada.open_chat("Linus")
    await expect(ada.find("composer")).to_have_value("")
    await expect(ada.row("Grace")).to_contain_text("Draft: Let me see")
    await ada.page.reload()
    await expect(ada.row("Grace")).to_contain_text("Draft: Let me see")
    await ada.open_chat("Grace")
    await expect(ada.find("composer")).to_have_value("Let me see")
    await expect(ada.find("replying")).to_contain_text("Coming?")
    await ada.find("composer").press("Enter")
    await expect(ada.message("Let me see").get_by_test_id("quote")).to_be_visible()
    await ada.open_chat("Linus")

    await expect(ada.row("Grace")).to_contain_text("You: Let me see")
    await expect(ada.row("Grace")).not_to_contain_text("Draft:")


async def test_unread_messages_are_counted(people: Company) -> None:
    """Each chat and the title show the unread count; opening a chat reads it, in all tabs."""
    ada, grace, linus = await people("ada", "grace", "linus")
    other_tab = await ada.context.new_page()
    await other_tab.goto(ada.url)
    await grace.send_over_http(ada, ["one", "two", "three"])
    await linus.send_over_http(ada, ["four"])
    await expect(ada.row("Grace").get_by_test_id("unread")).to_have_text("3")
    await expect(ada.row("Grace").get_by_test_id("unread")).to_have_accessible_name("3 unread")
    await expect(ada.page).to_have_title("(4) Yolk")
    await expect(other_tab).to_have_title("(4) Yolk")

    await ada.open_chat("Grace")
    await expect(ada.row("Grace").get_by_test_id("unread")).to_have_count(0)
    for tab in (ada.page, other_tab):
        await expect(tab).to_have_title("(1) Yolk")
    await grace.send_over_http(ada, ["five"])
    await expect(ada.message("five")).to_be_visible()

    await expect(ada.page).to_have_title("(1) Yolk")
    await ada.open_chat("Linus")
    await expect(ada.page).to_have_title("Yolk")


async def test_people_chats_and_messages_are_found(people: Company) -> None:
    """One box finds users, chats and messages; Enter opens a result, Escape ends the search."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await grace.send_over_http(ada, ["Bring the blue umbrella"])
    await linus.send_over_http(ada, ["Hello"])

    await ada.look_for(linus.name)
    await expect(ada.find("found-chat")).to_contain_text("Linus")
    await expect(ada.find("found")).to_contain_text(f"@{linus.name}")
    await expect(ada.find("found-message")).to_have_count(0)
    await ada.look_for("umbrella")
    await expect(ada.find("found-message")).to_contain_text("Bring the blue umbrella")
    await expect(ada.find("found-message").locator("mark")).to_have_text("umbrella")
    await expect(ada.find("found")).to_have_count(0)
    await ada.look_for("nothing like this")
    await expect(ada.page.get_by_text("Nothing found.")).to_be_visible()
    await ada.find("search").press("Escape")
    await expect(ada.find("search")).to_have_value("")
    await expect(ada.find("conversation")).to_have_count(2)
    await ada.look_for("grac")
    await expect(ada.find("found-chat")).to_contain_text("Grace")
    await ada.find("search").press("Enter")

    await expect(ada.find("chat-name")).to_have_text("Grace")
    await expect(ada.find("search")).to_have_value("")


async def test_a_found_message_is_shown_in_its_place(people: Company) -> None:
    """A found message is shown between its neighbours, however old it is, and one can scroll on."""
    ada, grace = await people("ada", "grace")
    texts = [f"number {n}" for n in range(240)]
    texts[20] = "a needle"
    await grace.send_over_http(ada, texts)
    await ada.open_chat("Grace")
    await expect(ada.message("number 239")).to_be_in_viewport()

    await ada.look_for("needle")
    await ada.find("found-message").click()
    await expect(ada.message("a needle")).to_be_in_viewport(ratio=1)
    await expect(ada.message("a needle")).to_have_class(re.compile(r"\bhighlighted\b"))
    await expect(ada.message("number 19")).to_be_in_viewport()
    await expect(ada.message("number 21")).to_be_in_viewport()
    await expect(ada.message("number 239")).to_have_count(0)
    await ada.find("search").press("Escape")

    await grace.send_over_http(ada, ["meanwhile"])
    await expect(ada.row("Grace")).to_contain_text("meanwhile")
    await expect(ada.message("a needle")).to_be_in_viewport()
    await ada.find("new-messages").click()
    await expect(ada.message("meanwhile")).to_be_in_viewport()
    await expect(ada.message("number 239")).to_be_in_viewport()


async def test_one_chat_is_searched_by_itself(people: Company) -> None:
    """The search in the header finds messages of this chat only."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await grace.send_over_http(ada, ["eggs for breakfast", *(f"number {n}" for n in range(60))])
    await linus.send_over_http(ada, ["eggs for dinner"])
    await ada.open_chat("Grace")

    await ada.find("search-here").click()
    await expect(ada.find("search-here-text")).to_be_focused()
    await ada.find("search-here-text").fill("e")
    await expect(ada.find("panel")).to_contain_text("Type two characters or more.")
    await ada.find("search-here-text").fill("eggs")
    await expect(ada.find("found-message")).to_have_count(1)
    await ada.find("found-message").click()

    await expect(ada.message("eggs for breakfast")).to_be_in_viewport()
    await ada.find("close-panel").click()
    await expect(ada.find("panel")).to_have_count(0)
