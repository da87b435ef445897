"""Groups: creating them, their settings, and joining."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import Company
    from tests.browser.person import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def save_settings(someone: Person) -> None:
    """Save the settings of a group."""
    await someone.find("save-group").click()
    await expect(someone.find("dialog")).to_have_count(0)


async def number_of_group(someone: Person) -> str:
    """Read the number that others need to join, in the panel of the group."""
    if await someone.find("panel").count() == 0:
        await someone.open_info()
    return (await someone.find("group-number").inner_text()).removeprefix("Group ID ")


async def test_a_group_is_created_and_used(people: Company) -> None:
    """The members have a new group in their lists at once, and see the author of each message."""
    ada, grace, linus = await people("ada", "grace", "linus")

    await ada.make_group("Breakfast", grace, linus)
    await expect(ada.find("member-count")).to_have_text("3 members")
    await expect(ada.find("notice-line")).to_contain_text(["You created the group “Breakfast”"])
    await ada.say("Eggs?")
    await expect(grace.row("Breakfast")).to_contain_text("Ada: Eggs?")
    await grace.open_chat("Breakfast")
    await expect(grace.find("notice-line").first).to_have_text("Ada created the group “Breakfast”")
    await expect(grace.message("Eggs?").get_by_test_id("author")).to_have_text("Ada")
    await grace.find("composer").press_sequentially("Two")
    await expect(ada.find("typing")).to_have_text("Grace is typing…")
    await grace.find("composer").press("Enter")

    await linus.open_chat("Breakfast")
    await linus.sees("Eggs?", "Two")
    readers = ada.message("Eggs?").get_by_test_id("readers")
    await expect(readers).to_have_accessible_name("Read by 2")
    await readers.click()
    await expect(ada.find("reader-list").get_by_test_id("person-row")).to_have_count(2)
    await expect(ada.find("dialog")).to_contain_text("Read by 2 of 2")


async def test_selected_members_can_be_removed_again(people: Company) -> None:
    """Chips show the selected users; a click on a chip removes the user."""
    ada, grace, linus = await people("ada", "grace", "linus")

    await ada.begin("new-group")
    await expect(ada.find("create-group")).to_be_disabled()
    await ada.find("group-name").fill("Lunch")
    await ada.pick(grace, linus)
    await ada.page.get_by_title("Remove Grace").click()
    await ada.find("create-group").click()

    await expect(ada.find("member-count")).to_have_text("2 members")
    await expect(linus.row("Lunch")).to_be_visible()
    await expect(grace.find("conversation")).to_have_count(0)


async def test_the_name_and_the_notice_change_for_everybody(people: Company) -> None:
    """A new name is shown everywhere, and a notice is shown between the messages."""
    ada, grace = await people("ada", "grace")
    await ada.make_group("Breakfast", grace)
    await grace.open_chat("Breakfast")
    await grace.open_info()

    await ada.look_at("group-settings")
    await ada.find("group-name").fill("Brunch")
    await ada.find("group-notice-text").fill("At eleven\non Sunday")
    await ada.find("dialog").get_by_role("radio", name="🥚").check(force=True)
    await save_settings(ada)

    await expect(grace.find("chat-name")).to_have_text("Brunch")
    await expect(grace.row("Brunch")).to_be_visible()
    await expect(grace.find("group-title")).to_have_text("Brunch")
    await expect(grace.find("group-notice")).to_have_text("At eleven\non Sunday")
    lines = grace.find("notice-line")
    await expect(lines.filter(has_text="Ada named the group “Brunch”")).to_have_count(1)
    await expect(lines.filter(has_text="Ada posted a notice: At eleven")).to_have_count(1)
    await expect(grace.find("panel").locator(".avatar").first).to_have_text("🥚")


async def test_only_administrators_may_write_when_all_are_muted(people: Company) -> None:
    """In a muted group members see why they cannot write, and can again when it ends."""
    ada, grace = await people("ada", "grace")
    await ada.make_group("Breakfast", grace)
    await grace.open_chat("Breakfast")

    await ada.look_at("group-settings")
    await ada.find("mute-all").click()
    await expect(grace.find("closed")).to_have_text("Only admins can post in this group.")
    await expect(grace.find("composer")).to_have_count(0)
    await expect(ada.find("composer")).to_have_count(1)
    await ada.find("mute-all").click()

    await expect(grace.find("composer")).to_be_visible()
    lines = grace.find("notice-line")
    await expect(lines.last).to_have_text("Ada allowed everyone to post")


async def test_an_administrator_accepts_requests_to_join(people: Company) -> None:
    """A request to join carries a text; an accepted user has the group, a refused one is told."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await ada.make_group("Breakfast")
    await ada.look_at("group-settings")
    await ada.page.get_by_role("radio", name="Approve new members").check()
    await expect(ada.find("notice-line").last).to_have_text("You changed the group's settings")
    await ada.find("close").click()
    number = (await ada.find("group-number").inner_text()).removeprefix("Group ID ")

    for someone in (grace, linus):
        await someone.begin("join-group")
        await someone.find("group-id").fill(number)
        await someone.find("join-text").fill("I like eggs")
        await someone.find("join").click()
        await someone.is_told("You asked to join.")
    requests = ada.find("request")
    await expect(requests).to_have_count(2)
    await expect(requests.first).to_contain_text("I like eggs")
    await requests.filter(has_text="Grace").get_by_test_id("accept").click()
    await requests.filter(has_text="Linus").get_by_test_id("refuse").click()

    await grace.open_chat("Breakfast")
    await expect(grace.find("member-count")).to_have_text("2 members")
    await linus.is_told(f"Your request to join group {number} was declined.")
    await expect(linus.find("conversation")).to_have_count(0)
    await expect(ada.find("requests")).to_have_count(0)


async def test_an_open_group_is_joined_at_once(people: Company) -> None:
    """A group can be joined by its number; a wrong number is reported in the dialog."""
    ada, grace = await people("ada", "grace")
    await ada.make_group("Breakfast")
    await ada.look_at("group-settings")
    await ada.page.get_by_role("radio", name="Anyone").check()
    await expect(ada.find("notice-line").last).to_have_text("You changed the group's settings")
    await ada.find("close").click()
    number = await number_of_group(ada)

    await grace.begin("join-group")
    await grace.find("group-id").fill("999999999")
    await grace.find("join").click()
    await expect(grace.find("dialog").get_by_role("alert")).to_have_text("There is no such group.")
    await grace.find("group-id").fill(number)
    await grace.find("join").click()

    await expect(grace.find("chat-name")).to_have_text("Breakfast")
    await grace.say("Hello")
    await expect(ada.find("notice-line").last).to_have_text("Grace joined the group")
    await ada.sees("Hello")


async def test_new_members_see_the_history_unless_the_owner_forbids_it(
    people: Company,
) -> None:
    """Without history for new members, their history begins when they joined."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await ada.make_group("Breakfast")
    await ada.say("Long before")
    await ada.look_at("invite")
    await ada.pick(grace)
    await ada.find("send-invite").click()
    await expect(ada.find("notice-line").last).to_have_text("You added Grace")
    await grace.open_chat("Breakfast")
    await expect(grace.find("notice-line").last).to_have_text("Ada added you")
    await grace.sees("Long before")

    await ada.look_at("group-settings")
    await ada.find("history").click()
    await expect(ada.find("notice-line").last).to_have_text("You changed the group's settings")
    await ada.find("close").click()
    await ada.look_at("invite")
    await ada.pick(linus)
    await ada.find("send-invite").click()
    await linus.open_chat("Breakfast")
    await ada.say("After that")

    await linus.sees("After that")
    await expect(linus.find("notice-line")).to_have_text("Ada added you")
    await expect(ada.find("member-count")).to_have_text("3 members")


async def test_the_owner_decides_who_invites(people: Company) -> None:
    """Members who may not invite have no button for it."""
    ada, grace = await people("ada", "grace")
    await ada.make_group("Breakfast", grace)
    await grace.open_chat("Breakfast")
    await grace.open_info()
    await expect(grace.find("invite")).to_be_visible()
    await expect(grace.find("group-settings")).to_have_count(0)

    await ada.look_at("group-settings")
    inviters = ada.page.get_by_role("group", name="Who can invite")
    await inviters.get_by_role("radio", name="Admins").check()
    await expect(grace.find("invite")).to_have_count(0)
    await inviters.get_by_role("radio", name="All", exact=True).check()

    await expect(grace.find("invite")).to_be_visible()


async def test_a_stranger_invites(people: Company) -> None:
    """A user who does not know the inviter joins by accepting, or declines and is left alone."""
    ada, grace, linus = await people("ada", "grace", "linus", strangers=True)

    await ada.make_group("Breakfast", grace, linus)
    await ada.is_told("2 people were invited.")
    await expect(ada.find("member-count")).not_to_contain_text("3")
    for someone in (grace, linus):
        invitation = someone.find("invitation")
        await expect(invitation).to_contain_text("Ada invites you to “Breakfast”")
        await expect(someone.find("conversation")).to_have_count(0)
    await linus.find("decline-invitation").click()
    await expect(linus.find("invitation")).to_have_count(0)
    await grace.find("accept-invitation").click()

    await expect(grace.find("chat-name")).to_have_text("Breakfast")
    await expect(grace.find("invitations")).to_have_count(0)
    await expect(ada.find("notice-line").last).to_have_text("Grace joined the group")
    await grace.say("Hello")
    await ada.sees("Hello")
    await linus.page.reload()
    await expect(linus.find("me")).to_have_text("Linus")
    await expect(linus.find("invitation")).to_have_count(0)


async def test_a_link_leads_into_a_closed_group(people: Company) -> None:
    """A link that was created over HTTP can be pasted; a wrong one is reported in the dialog."""
    ada, grace = await people("ada", "grace", strangers=True)
    await ada.make_group("Breakfast")
    number = await number_of_group(ada)
    token = await ada.link_to(number)

    await grace.begin("join-group")
    await grace.find("group-id").fill("https://chat.example/#join=wrong")
    await grace.find("join").click()
    alert = grace.find("dialog").get_by_role("alert")
    await expect(alert).to_have_text("This link is invalid or has expired.")
    await grace.find("group-id").fill(f"https://chat.example/#join={token}")
    await grace.find("join").click()

    await expect(grace.find("chat-name")).to_have_text("Breakfast")
    await expect(ada.find("notice-line").last).to_have_text("Grace joined the group")
