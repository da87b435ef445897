"""Blocking users, messages from strangers, and what others see of a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import Company

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_blocked_user_cannot_write(people: Company) -> None:
    """A blocked user gets an error; after being unblocked in the settings they can write again."""
    ada, grace = await people("ada", "grace")
    await grace.open_chat_with(ada)
    await grace.say("Buy my eggs")
    await ada.open_chat("Grace")
    await ada.look_at("block")
    await expect(ada.find("block")).to_have_text("Unblock")

    await grace.write("Buy them now")
    failed = grace.message("Buy them now")
    await expect(failed).to_have_attribute("data-state", "failed")
    await expect(failed.get_by_role("alert")).to_contain_text("They have blocked you.")
    await ada.choose("settings", "privacy")
    await expect(ada.find("blocked")).to_contain_text("Grace")
    await ada.find("blocked").get_by_role("button", name="Unblock").click()
    await expect(ada.find("dialog")).to_contain_text("No one.")
    await ada.find("close").click()
    await expect(ada.find("block")).to_have_text("Block")
    await failed.get_by_test_id("retry").click()

    await expect(ada.message("Buy them now")).to_be_visible()
    await expect(grace.message("Buy them now")).not_to_have_attribute("data-state", "failed")


async def test_messages_of_strangers_can_be_limited(people: Company) -> None:
    """Strangers can send nothing, or one message until they get an answer."""
    ada, grace, linus = await people("ada", "grace", "linus", strangers=True)
    await ada.choose("settings", "privacy")
    await expect(ada.page.get_by_role("radio", name="Allow")).to_be_checked()
    await ada.page.get_by_role("radio", name="None").check()

    await grace.open_chat_with(ada)
    await grace.write("May I?")
    refused = grace.message("May I?")
    await expect(refused.get_by_role("alert")).to_contain_text(
        "This person only accepts messages from contacts."
    )
    await ada.page.get_by_role("radio", name="Only one").check()
    await refused.get_by_test_id("retry").click()
    await expect(ada.row("Grace")).to_contain_text("May I?")
    await grace.write("And this?")
    await expect(grace.message("And this?").get_by_role("alert")).to_contain_text(
        "This person accepts one message until they answer."
    )
    await ada.find("close").click()
    await ada.open_chat("Grace")
    await ada.say("You may")
    await grace.message("And this?").get_by_test_id("retry").click()

    await ada.sees("May I?", "You may", "And this?")
    await expect(linus.find("conversation")).to_have_count(0)


async def test_what_others_see_can_be_limited(people: Company) -> None:
    """The settings hide the presence and read receipts at once, and are kept."""
    ada, grace = await people("ada", "grace")
    await grace.open_chat_with(ada)
    await expect(grace.find("presence")).to_have_text("online")
    await ada.choose("settings", "privacy")
    await expect(ada.page.get_by_role("radio", name="Everyone")).to_be_checked()

    await ada.page.get_by_role("radio", name="Nobody").check()
    await ada.page.get_by_role("radio", name="By my exact username").check()
    receipts = ada.page.get_by_role("switch", name="Read receipts")
    await expect(receipts).to_be_checked()
    await receipts.uncheck()

    await expect(grace.find("presence")).not_to_have_text("online")
    await ada.find("close").click()
    await ada.choose("settings", "privacy")
    for chosen in ("Nobody", "By my exact username"):
        await expect(ada.page.get_by_role("radio", name=chosen)).to_be_checked()
    await expect(ada.page.get_by_role("switch", name="Read receipts")).not_to_be_checked()


async def test_a_profile_is_opened_from_a_group(people: Company) -> None:
    """A click on an author opens their profile, from which a private chat can be opened."""
    ada, grace = await people("ada", "grace")
    await ada.make_group("Breakfast", grace)
    await grace.open_chat("Breakfast")
    await grace.say("Good morning")

    await ada.message("Good morning").get_by_test_id("author").click()
    await expect(ada.find("dialog")).to_contain_text(f"@{grace.name}")
    await expect(ada.find("dialog").locator(".status")).to_have_text("online")
    await ada.find("write-to").click()

    await expect(ada.find("dialog")).to_have_count(0)
    await expect(ada.find("chat-name")).to_have_text("Grace")
