"""Group members: nicknames, roles, mentions, and leaving."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Locator, expect

if TYPE_CHECKING:
    from tests.browser.conftest import Company
    from tests.browser.person import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


def member(someone: Person, other: Person) -> Locator:
    """Return a member in the list that *someone* sees."""
    return someone.find("member").filter(has_text=f"@{other.name}")


async def do_with(someone: Person, other: Person, hook: str) -> None:
    """Choose from the menu of a member."""
    if await someone.find("panel").count() == 0:
        await someone.open_info()
    await member(someone, other).click()
    await someone.find("menu").get_by_test_id(hook).click()


async def test_roles_are_assigned_and_revoked(people: Company) -> None:
    """An administrator can do what the role allows, and everybody sees the role."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await ada.make_group("Breakfast", grace, linus)
    await grace.open_chat("Breakfast")
    await grace.open_info()
    await expect(member(grace, ada).get_by_test_id("role")).to_have_text("Owner")
    await expect(grace.find("group-settings")).to_have_count(0)

    await do_with(ada, grace, "make-administrator")
    await expect(member(grace, grace).get_by_test_id("role")).to_have_text("Admin")
    await expect(grace.find("group-settings")).to_be_visible()
    await expect(grace.find("notice-line").last).to_have_text("Ada made you an admin")
    await linus.open_chat("Breakfast")
    await expect(linus.find("notice-line").last).to_have_text("Ada made Grace an admin")
    await member(grace, ada).click()
    await expect(grace.find("menu").get_by_role("menuitem").first).to_be_focused()
    await expect(grace.find("menu").get_by_test_id("remove")).to_have_count(0)
    await grace.page.keyboard.press("Escape")
    await do_with(ada, grace, "make-member")

    await expect(member(grace, grace).get_by_test_id("role")).to_have_count(0)
    await expect(grace.find("group-settings")).to_have_count(0)


async def test_one_member_is_muted(people: Company) -> None:
    """A muted member sees until when, others can write, and the mute can be ended early."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await ada.make_group("Breakfast", grace, linus)
    await grace.open_chat("Breakfast")

    await do_with(ada, grace, "muteTenMinutes")
    await expect(grace.find("closed")).to_contain_text("You may not write in this group until")
    await expect(member(ada, grace)).to_contain_text("muted")
    await expect(ada.find("notice-line").last).to_have_text("You muted Grace")
    await linus.open_chat("Breakfast")
    await linus.say("I may")
    await do_with(ada, grace, "unmute")

    await expect(grace.find("composer")).to_be_visible()
    await grace.say("So may I")
    await ada.sees("I may", "So may I")


async def test_a_removed_member_cannot_write(people: Company) -> None:
    """Removal asks for confirmation; then the removed member sees why they cannot write."""
    ada, grace = await people("ada", "grace")
    await ada.make_group("Breakfast", grace)
    await grace.open_chat("Breakfast")
    await ada.say("Bye")
    await grace.sees("Bye")

    await do_with(ada, grace, "remove")
    await expect(ada.find("dialog")).to_contain_text("Remove Grace from the group?")
    await ada.find("dialog").get_by_role("button", name="Cancel").click()
    await expect(member(ada, grace)).to_be_visible()
    await do_with(ada, grace, "remove")
    await ada.find("confirm").click()

    await expect(grace.find("closed")).to_have_text("You were removed from this group.")
    await expect(grace.find("conversation")).to_have_count(0)
    await expect(member(ada, grace)).to_have_count(0)
    await expect(ada.find("notice-line").last).to_have_text("You removed Grace")
    await ada.say("Alone")
    await expect(ada.find("member-count")).to_have_text("1 member")
    await grace.sees("Bye")


async def test_a_nickname_in_a_group(people: Company) -> None:
    """A nickname is shown to others when they open the group again, and only there."""
    ada, grace = await people("ada", "grace")
    await ada.make_group("Breakfast", grace)
    await grace.open_chat("Breakfast")

    await grace.look_at("nickname-in-group")
    await grace.find("nickname-text").fill("Egg Queen")
    await grace.find("nickname-text").press("Enter")
    await expect(grace.find("dialog")).to_have_count(0)
    await grace.say("Long live me")

    await ada.open_chat_with(grace)
    await expect(ada.find("chat-name")).to_have_text("Grace")
    await ada.open_chat("Breakfast")

    await expect(ada.message("Long live me").get_by_test_id("author")).to_have_text("Egg Queen")
    await expect(ada.row("Breakfast")).to_contain_text("Egg Queen: Long live me")


async def test_the_ownership_is_transferred(people: Company) -> None:
    """After a transfer the new owner owns the group, and the old one can leave it."""
    ada, grace = await people("ada", "grace")
    await ada.make_group("Breakfast", grace)
    await grace.open_chat("Breakfast")
    await grace.open_info()
    await ada.open_info()
    await expect(ada.find("leave")).to_have_count(0)

    await do_with(ada, grace, "hand-over")
    await ada.find("confirm").click()
    await expect(member(grace, grace).get_by_test_id("role")).to_have_text("Owner")
    await expect(grace.find("dissolve")).to_be_visible()
    lines = grace.find("notice-line")
    await expect(lines.last).to_have_text("Ownership was transferred to you")
    await ada.find("leave").click()
    await expect(ada.find("dialog")).to_contain_text("Leave “Breakfast”?")
    await ada.find("confirm").click()

    await expect(ada.page.get_by_text("Pick a chat")).to_be_visible()
    await expect(ada.find("panel")).to_have_count(0)
    await expect(ada.find("conversation")).to_have_count(0)
    await expect(lines.last).to_have_text("Ada left the group")
    await expect(grace.find("member-count")).to_have_text("1 member")


async def test_a_dissolved_group_is_gone_for_all(people: Company) -> None:
    """A dissolved group is shown as such where others have it open, and is in no list."""
    ada, grace = await people("ada", "grace")
    await ada.make_group("Breakfast", grace)
    await grace.open_chat("Breakfast")

    await ada.look_at("dissolve")
    await expect(ada.find("dialog")).to_contain_text("Dissolve “Breakfast” for everyone?")
    await ada.find("confirm").click()

    await expect(grace.find("closed")).to_have_text("This group was dissolved.")
    await expect(ada.page.get_by_text("Pick a chat")).to_be_visible()
    for someone in (ada, grace):
        await expect(someone.find("conversation")).to_have_count(0)
        await someone.page.reload()
        await expect(someone.find("me")).to_be_visible()
        await expect(someone.find("conversation")).to_have_count(0)


async def test_a_member_is_mentioned(people: Company) -> None:
    """The picker suggests members; only a mentioned member sees the mark, in list and message."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await ada.make_group("Breakfast", grace, linus)
    composer, picker = ada.find("composer"), ada.find("mention-picker")

    await composer.press_sequentially("Who cooks? @")
    await expect(picker.get_by_role("option")).to_have_count(3)
    await composer.press_sequentially("gr")
    await expect(picker.get_by_role("option")).to_have_text([re.compile("Grace")])
    await composer.press("Enter")
    await expect(composer).to_have_value("Who cooks? @Grace ")
    await expect(picker).to_have_count(0)
    await composer.press_sequentially("maybe")
    await composer.press("Enter")

    await expect(grace.row("Breakfast").get_by_test_id("mentioned")).to_be_visible()
    await grace.page.reload()
    await expect(grace.row("Breakfast").get_by_test_id("mentioned")).to_be_visible()
    await expect(linus.row("Breakfast").get_by_test_id("unread")).to_be_visible()
    await expect(linus.find("mentioned")).to_have_count(0)
    for someone, is_called in ((grace, True), (linus, False)):
        await someone.open_chat("Breakfast")
        said = someone.message("Who cooks? @Grace maybe")
        await expect(said.locator(".mention")).to_have_text("@Grace")
        await expect(said.locator(".mention.me")).to_have_count(int(is_called))
        classes = await said.get_attribute("class") or ""
        assert ("mentions-me" in classes.split()) is is_called
        await expect(someone.find("mentioned")).to_have_count(0)


async def test_the_owner_mentions_everybody(people: Company) -> None:
    """An administrator can mention "@all" from the same list; members cannot."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await ada.make_group("Breakfast", grace, linus)

    await ada.find("composer").press_sequentially("@al")
    await ada.find("mention-picker").get_by_role("option").first.click()
    await ada.find("composer").press_sequentially("it is served")
    await ada.find("composer").press("Enter")
    for someone in (grace, linus):
        await expect(someone.find("mentioned")).to_have_accessible_name("You were mentioned")
    await grace.open_chat("Breakfast")
    await expect(grace.page.locator(".mention.me")).to_have_text("@all")
    await grace.find("composer").press_sequentially("@")

    await expect(grace.find("mention-picker").get_by_role("option")).to_have_count(2)
