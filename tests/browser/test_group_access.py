"""Who may join a group: invitation links with QR codes, and bans; and pictures of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.browser.scenery import breakfast

if TYPE_CHECKING:
    from playwright.async_api import Locator

    from tests.browser.conftest import Company, People
    from tests.browser.person import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

PICTURE: Any = {"name": "eggs.jpg", "mimeType": "image/jpeg", "buffer": breakfast((300, 200))}


async def is_drawn(image: Locator) -> None:
    """Wait until an image is loaded."""
    await expect(image).to_be_visible()
    await expect(image).to_have_js_property("complete", value=True)
    assert await image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


async def create_link(someone: Person) -> str:
    """Create an invitation link in the dialog, and return its address."""
    await someone.find("create-link").click()
    await is_drawn(someone.find("qr"))
    return await someone.find("link-address").input_value()


async def test_a_link_is_opened_by_a_new_user(people: Company, person: People) -> None:
    """The page asks to log in or to register, shows the group, and lets the user join."""
    (ada,) = await people("ada")
    grace = await person("grace", registered=False)
    await ada.make_group("Breakfast")
    await ada.look_at("group-links")
    await ada.page.get_by_role("radio", name="1 day").check()
    await ada.page.get_by_role("radio", name="1", exact=True).check()
    address = await create_link(ada)
    await ada.find("copy-link").click()
    await ada.is_told("Copied")
    await expect(ada.find("link")).to_contain_text("0 of 1 uses")

    await grace.page.goto(address)
    await expect(grace.find("login-card")).to_contain_text("You have been invited to a group.")
    await grace.register(at=address)
    await expect(grace.find("linked-group")).to_contain_text("Breakfast")
    assert "join=" not in grace.page.url
    await grace.find("join-linked").click()
    await expect(grace.find("chat-name")).to_have_text("Breakfast")
    await grace.say("Hello")

    # A member goes straight to the group; for others the link is used up.
    await grace.page.goto(address)
    await expect(grace.find("chat-name")).to_have_text("Breakfast")
    (linus,) = await people("linus")
    await linus.page.goto(address)
    await expect(linus.find("link-state")).to_have_text("This link is invalid or has expired.")


async def test_a_link_is_revoked(people: Company) -> None:
    """A revoked link disappears; ordinary members create links if the owner allows it."""
    ada, grace = await people("ada", "grace")
    await ada.make_group("Breakfast", grace)
    await grace.open_chat("Breakfast")
    await grace.open_info()
    await expect(grace.find("group-links")).to_have_count(0)
    await ada.look_at("group-settings")
    await ada.page.get_by_role("group", name="links").get_by_role("radio", name="All").check()
    await expect(grace.find("group-links")).to_be_visible()
    await ada.find("close").click()

    await grace.find("group-links").click()
    await create_link(grace)
    await ada.look_at("group-links")
    await expect(ada.find("link")).to_contain_text("by Grace")
    await create_link(ada)
    await expect(ada.find("link")).to_have_count(2)
    await ada.find("links").get_by_test_id("revoke").last.click()
    await expect(ada.find("link")).to_have_count(1)
    await ada.find("revoke-new").click()

    await expect(ada.find("link")).to_have_count(0)
    await expect(ada.find("new-link")).to_have_count(0)


async def test_a_banned_user_is_unbanned(people: Company) -> None:
    """A question names the user; the list of banned users lifts the ban."""
    ada, grace = await people("ada", "grace")
    await ada.make_group("Breakfast", grace)
    await grace.open_chat("Breakfast")
    await ada.open_info()

    await ada.find("member").filter(has_text="Grace").click()
    await ada.find("menu").get_by_test_id("ban").click()
    await expect(ada.find("dialog")).to_contain_text("Ban Grace from the group?")
    await ada.find("confirm").click()
    await expect(grace.find("closed")).to_have_text("You were removed from this group.")
    await ada.look_at("group-bans")
    await expect(ada.find("banned")).to_contain_text("Banned by Ada")
    await ada.find("unban").click()

    await expect(ada.find("banned")).to_have_count(0)
    await expect(ada.find("dialog")).to_contain_text("No banned users.")


async def test_a_group_has_an_uploaded_picture(people: Company) -> None:
    """The picture is cropped to a square, and members see it."""
    ada, grace = await people("ada", "grace")
    await ada.make_group("Breakfast", grace)
    await ada.look_at("group-settings")

    async with ada.page.expect_file_chooser() as chooser:
        await ada.find("upload-group-picture").click()
    await (await chooser.value).set_files([PICTURE])
    await expect(ada.page.get_by_role("radio", name="Uploaded picture")).to_be_checked()
    await ada.find("save-group").click()

    shown = grace.row("Breakfast").locator(".avatar img")
    await is_drawn(shown)
    assert (
        await shown.evaluate("({ naturalWidth, naturalHeight }) => naturalWidth / naturalHeight")
        == 1
    )


async def test_changes_are_not_lost_unasked(people: Company) -> None:
    """Escape, a click outside and the close button ask before they discard a typed text."""
    (ada,) = await people("ada")
    await ada.make_group("Breakfast")
    await ada.look_at("group-settings")
    await ada.find("group-notice-text").fill("At eleven")
    question = ada.find("discard-question")

    for way in ("Escape", "outside", "button"):
        if way == "Escape":
            await ada.page.keyboard.press("Escape")
        elif way == "outside":
            await ada.page.mouse.click(4, 4)
        else:
            await ada.find("close").click()
        await expect(question).to_be_visible()
        await ada.page.keyboard.press("Escape")
        await expect(question).to_have_count(0)
        await expect(ada.find("group-notice-text")).to_have_value("At eleven")
    await ada.page.keyboard.press("Escape")
    await ada.find("discard").click()
    await expect(ada.find("dialog")).to_have_count(0)
    await expect(ada.find("group-settings")).to_be_focused()

    await ada.find("group-settings").click()
    await expect(ada.find("group-notice-text")).to_have_value("")
    await ada.page.keyboard.press("Escape")
    await expect(ada.find("dialog")).to_have_count(0)
