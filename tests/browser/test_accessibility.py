"""The page has no accessibility violations that axe can find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.browser.conftest import Company
    from tests.browser.person import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = ROOT / "tests" / "node" / "node_modules" / "axe-core" / "axe.min.js"
# All rules in the light theme; in the dark theme only those about colours.
RUN = """
async only => {
    const options = only ? { runOnly: { type: "rule", values: only } } : {};
    const { violations } = await axe.run(document, options);
    return violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`));
}
"""
CALM = {"reduced_motion": "reduce"}


@pytest.fixture(scope="module")
def axe() -> str:
    """Return the source of axe, or skip if it is not installed."""
    if not AXE.is_file():
        pytest.skip("axe is not installed; `make test` does it")
    return AXE.read_text()


async def is_fine(axe: str, someone: Person) -> None:
    """Check that axe finds no violation on the page, light and dark."""
    if not await someone.page.evaluate("'axe' in window"):
        await someone.page.evaluate(axe)
    found: list[Any] = []
    for scheme, only in (("light", None), ("dark", ["color-contrast"])):
        await someone.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        await expect(someone.page.locator("html")).to_have_attribute("data-theme", scheme)
        found += await someone.page.evaluate(RUN, only)
    assert found == []


async def test_the_login_card(people: Company, axe: str) -> None:
    """The login card has no accessibility violation, also with an error."""
    (ada,) = await people("ada", away=True, storage_state=None, **CALM)
    await ada.page.goto(ada.url)
    await expect(ada.find("login-card")).to_be_visible()
    await is_fine(axe, ada)

    await ada.find("username").fill("a")
    await ada.find("password").fill("short")
    await ada.find("submit").click()
    await expect(ada.find("login-error")).not_to_be_empty()

    await is_fine(axe, ada)


async def test_the_list_and_a_chat(people: Company, axe: str) -> None:
    """An empty list, a full chat, a menu, the picker and the search are accessible."""
    ada, grace = await people("ada", "grace", **CALM)
    await is_fine(axe, ada)

    await grace.send_over_http(ada, ["Look at https://example.org/", "🍳", "gone"])
    await ada.open_chat("Grace")
    await ada.menu("🍳", "reply")
    await ada.say("A reply")
    await ada.write("Changed")
    await ada.menu("Changed", "edit")
    await ada.write("Changed twice")
    await ada.say("Away with it")
    await ada.menu("Away with it", "recall")
    await ada.find("composer").fill("A draft")
    await is_fine(axe, ada)

    await ada.message("A reply").locator(".bubble").click(button="right")
    await expect(ada.find("menu")).to_be_visible()
    await is_fine(axe, ada)
    await ada.page.keyboard.press("Escape")
    await ada.find("emoji").click()
    await expect(ada.find("emoji-picker")).to_be_visible()
    await is_fine(axe, ada)
    await ada.page.keyboard.press("Escape")
    await ada.look_for("Chang")
    await expect(ada.find("found-message")).to_be_visible()
    await is_fine(axe, ada)
    await ada.page.keyboard.press("Escape")
    await ada.open_info()
    await is_fine(axe, ada)
    await ada.find("search-here").click()
    await ada.find("search-here-text").fill("Changed")
    await expect(ada.find("found-message")).to_be_visible()
    await is_fine(axe, ada)


async def test_a_group_and_its_panel(people: Company, axe: str) -> None:
    """A group with a mention, a notice, marks, requests and dialogs is accessible."""
    ada, grace, linus = await people("ada", "grace", "linus", **CALM)
    await ada.make_group("Breakfast", grace)
    await grace.open_chat("Breakfast")
    await grace.find("composer").press_sequentially("@ad")
    await expect(grace.find("mention-picker")).to_be_visible()
    await is_fine(axe, grace)
    await grace.find("composer").press("Enter")
    await grace.find("composer").press("Enter")
    await expect(ada.page.locator(".mention")).to_be_visible()

    await ada.look_at("group-settings")
    await expect(ada.find("save-group")).to_be_visible()
    await is_fine(axe, ada)
    await ada.find("group-notice-text").fill("At eleven")
    await ada.page.get_by_role("radio", name="Approve new members").check()
    await ada.find("save-group").click()
    await linus.begin("join-group")
    await linus.find("group-id").fill(
        (await ada.find("group-number").inner_text()).removeprefix("Group ID ")
    )
    await linus.find("join").click()
    await expect(ada.find("request")).to_be_visible()
    await expect(ada.find("group-notice")).to_be_visible()
    await is_fine(axe, ada)

    for hook in ("invite", "group-links", "group-bans", "nickname-in-group", "dissolve"):
        await ada.look_at(hook)
        await expect(ada.find("dialog").get_by_role("heading").first).to_be_visible()
        if hook == "group-links":
            await ada.find("create-link").click()
            await expect(ada.find("qr")).to_be_visible()
        await is_fine(axe, ada)
        await ada.find("close").click()
    await ada.say("Everybody?")
    await ada.find("readers").click()
    await expect(ada.find("reader-list")).to_be_visible()
    await is_fine(axe, ada)


async def test_the_dialogs(people: Company, axe: str) -> None:
    """No accessibility violation is in the dialogs and menus of the list and of messages."""
    ada, grace = await people("ada", "grace", **CALM)
    await grace.send_over_http(ada, ["Hello"])
    heading = ada.find("dialog").get_by_role("heading").first

    for hook in ("new-chat", "new-group", "join-group"):
        await ada.begin(hook)
        await expect(heading).to_be_visible()
        if hook == "new-group":
            await ada.pick(grace)
        await is_fine(axe, ada)
        await ada.find("close").click()
    await ada.choose("settings")
    await expect(heading).to_be_visible()
    await is_fine(axe, ada)
    await ada.find("close").click()
    for hook in ("", "password", "devices", "privacy", "deleteAccount"):
        await ada.find("own-profile").click()
        if hook:
            await ada.find(hook).click()
        await expect(heading).to_be_visible()
        await is_fine(axe, ada)
        await ada.find("close").click()
    await ada.open_chat("Grace")
    await ada.menu("Hello", "forward")
    await expect(heading).to_be_visible()

    await is_fine(axe, ada)
