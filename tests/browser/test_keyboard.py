"""The page without a mouse, on a phone, in the dark, and in another language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Locator, expect

if TYPE_CHECKING:
    from tests.browser.conftest import Company
    from tests.browser.person import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


async def press(someone: Person, *keys: str) -> None:
    """Press keys, one after the other."""
    for key in keys:
        await someone.page.keyboard.press(key)


async def press_long(someone: Person, what: Locator) -> None:
    """Press an element long enough to open a menu."""
    box = await what.bounding_box()
    assert box
    finger = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    devtools = await someone.context.new_cdp_session(someone.page)
    for kind, points in (("touchStart", [finger]), ("touchEnd", [])):
        await devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        await expect(someone.find("menu")).to_be_visible()


async def tab_to(someone: Person, hook: str, key: str = "Tab") -> None:
    """Press Tab until the element with that `data-testid` has the focus."""
    focused = "() => document.activeElement.dataset.testid"
    for _ in range(40):
        if await someone.page.evaluate(focused) == hook:
            return
        await someone.page.keyboard.press(key)
    raise AssertionError(f"Tab does not lead to {hook}")


async def test_a_chat_is_opened_and_written_in_by_keyboard(people: Company) -> None:
    """Search, reading, replying and changing the chat work without a mouse."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await linus.send_over_http(ada, ["Hello from Linus"])
    await expect(ada.row("Linus")).to_be_visible()

    await tab_to(ada, "search")
    await ada.page.keyboard.type(grace.name)
    await expect(ada.find("found")).to_contain_text("Grace")
    await press(ada, "ArrowDown")
    await expect(ada.find("found")).to_be_focused()
    await press(ada, "Enter")
    await expect(ada.find("chat-name")).to_have_text("Grace")
    await expect(ada.find("composer")).to_be_focused()
    await ada.page.keyboard.type("Hello")
    await press(ada, "Enter")
    await grace.open_chat("Ada")
    await grace.say("How are you?")
    await expect(ada.message("How are you?")).to_be_visible()

    await ada.page.get_by_role("region", name="Messages with Grace").focus()
    await press(ada, "ArrowUp")
    await expect(ada.message("How are you?")).to_be_focused()
    await press(ada, "Enter")
    await expect(ada.find("menu").get_by_test_id("reply")).to_be_focused()
    await press(ada, "ArrowDown", "ArrowDown")
    await expect(ada.find("menu").get_by_test_id("copy")).to_be_focused()
    await press(ada, "Escape")
    await expect(ada.message("How are you?")).to_be_focused()
    await press(ada, "Enter")
    await expect(ada.find("menu").get_by_test_id("reply")).to_be_focused()
    await press(ada, "Enter")
    await expect(ada.find("replying")).to_contain_text("How are you?")
    await expect(ada.find("composer")).to_be_focused()
    await ada.page.keyboard.type("Fine")
    await press(ada, "Enter")
    await expect(grace.message("Fine").get_by_test_id("quote")).to_be_visible()

    await tab_to(ada, "conversation", "Shift+Tab")
    await press(ada, "Home", "ArrowDown")
    await expect(ada.row("Linus")).to_be_focused()
    await press(ada, "Enter")
    await expect(ada.find("chat-name")).to_have_text("Linus")


async def test_the_focus_returns_from_where_it_was_taken(people: Company) -> None:
    """Closing a menu, a dialog or the panel returns the focus to where it came from."""
    ada, grace = await people("ada", "grace")
    await grace.send_over_http(ada, ["Hello"])
    await ada.open_chat("Grace")

    await ada.find("main-menu").press("Enter")
    await expect(ada.find("settings")).to_be_focused()
    await press(ada, "Escape")
    await expect(ada.find("main-menu")).to_be_focused()
    await press(ada, "Enter")
    await expect(ada.find("settings")).to_be_focused()
    await press(ada, "Enter")
    await expect(ada.find("dialog").get_by_role("heading").first).to_have_text("Settings")
    await press(ada, "Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Tab")
    inside = "() => Boolean(document.activeElement.closest('dialog'))"
    assert await ada.page.evaluate(f"{inside} || document.activeElement === document.body")
    await press(ada, "Escape")
    await expect(ada.find("dialog")).to_have_count(0)
    await expect(ada.find("main-menu")).to_be_focused()

    await ada.find("info").press("Enter")
    await expect(ada.find("close-panel")).to_be_focused()
    await press(ada, "Escape")
    await expect(ada.find("panel")).to_have_count(0)
    await expect(ada.find("info")).to_be_focused()


async def test_new_messages_are_announced(people: Company) -> None:
    """The live region announces author and text, in the open chat and in others."""
    ada, grace, linus = await people("ada", "grace", "linus")
    await grace.send_over_http(ada, ["Good morning"])
    heard = ada.page.locator("[aria-live=polite]")
    await expect(heard).to_have_text("Grace: Good morning")

    await ada.open_chat("Grace")
    await grace.send_over_http(ada, ["Are you up?"])
    await expect(heard).to_have_text("Grace: Are you up?")
    await linus.send_over_http(ada, ["Me too"])

    await expect(heard).to_have_text("Linus: Me too")


async def test_a_phone_shows_one_thing_at_a_time(people: Company) -> None:
    """On a phone list, chat and panel replace each other; a long press opens the menu."""
    (ada,) = await people("ada", **PHONE)
    (grace,) = await people("grace")
    await grace.send_over_http(ada, ["Good morning"])
    sidebar, composer = ada.find("sidebar"), ada.find("composer")

    await ada.row("Grace").tap()
    await expect(composer).to_be_visible()
    await expect(sidebar).to_be_hidden()
    await press_long(ada, ada.message("Good morning").locator(".text"))
    await ada.find("menu").get_by_test_id("reply").tap()
    await expect(ada.find("replying")).to_contain_text("Good morning")
    await composer.fill("And to you")
    await ada.find("send").tap()
    await expect(grace.row("Ada")).to_contain_text("And to you")

    await ada.find("open-info").tap()
    await expect(ada.find("panel")).to_be_visible()
    shown = await ada.find("panel").bounding_box()
    assert shown
    assert round(shown["width"]) == 390
    await ada.find("close-panel").tap()
    await ada.page.get_by_role("button", name="Back").tap()
    await expect(sidebar).to_be_visible()
    await expect(composer).to_have_count(0)
    width = await ada.page.evaluate("document.documentElement.scrollWidth")
    assert width == 390


async def test_the_theme_can_be_chosen(people: Company) -> None:
    """The theme follows the system until the user chooses; the choice survives a reload."""
    (ada,) = await people("ada", color_scheme="dark")
    root = ada.page.locator("html")
    await expect(root).to_have_attribute("data-theme", "dark")
    dark = await ada.find("sidebar").evaluate("e => getComputedStyle(e).backgroundColor")

    await ada.choose("theme")
    await expect(root).to_have_attribute("data-theme", "light")
    light = await ada.find("sidebar").evaluate("e => getComputedStyle(e).backgroundColor")
    assert light != dark
    await ada.page.reload()
    await expect(root).to_have_attribute("data-theme", "light")
    await ada.choose("settings")
    await ada.page.get_by_role("radio", name="System").check()
    await expect(root).to_have_attribute("data-theme", "dark")
    await ada.page.emulate_media(color_scheme="light")

    await expect(root).to_have_attribute("data-theme", "light")


async def test_the_language_is_switched_in_the_middle(people: Company) -> None:
    """All texts change at once: the list, the chat, the notices and the dialogs."""
    ada, grace = await people("ada", "grace")
    await ada.make_group("Breakfast", grace)
    await expect(ada.find("notice-line")).to_contain_text(["You created the group"])

    await ada.choose("language")
    await expect(ada.page.locator("html")).to_have_attribute("lang", "zh")
    await expect(ada.find("search")).to_have_attribute("placeholder", "搜索")
    await expect(ada.find("notice-line").first).not_to_contain_text("You")
    await expect(ada.find("member-count")).not_to_contain_text("members")
    await ada.choose("settings")
    await expect(ada.find("dialog").get_by_role("heading").first).to_have_text("设置")
    await ada.page.get_by_role("radio", name="English").check()

    await expect(ada.find("dialog").get_by_role("heading").first).to_have_text("Settings")
    await expect(ada.page.locator("html")).to_have_attribute("lang", "en")
