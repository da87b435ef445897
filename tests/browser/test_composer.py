"""What is typed, pasted and dropped into the composer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Route, expect

from tests.browser.person import Person

if TYPE_CHECKING:
    from tests.browser.conftest import Company
    from yolk.testing import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASTE = """
(area, texts) => {
    const clipboardData = new DataTransfer();
    for (const [type, text] of Object.entries(texts)) clipboardData.setData(type, text);
    clipboardData.items.add(new File(["png"], "image.png", { type: "image/png" }));
    const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    return area.dispatchEvent(event);
}
"""
SAFARI_ENTER = """
field => field.dispatchEvent(new KeyboardEvent("keydown", {
    key: "Enter", keyCode: 229, isComposing: false, bubbles: true, cancelable: true,
}))
"""


async def mentions(page_of: Person) -> object:
    """Return whom the last message that this user sent mentions."""
    return await page_of.page.evaluate("""async () => {
        const { client } = await import(document.querySelector("script[src$='app.js']").src
            .replace("app.js", "state/session.js"));
        const { messages } = await client.history(decodeURIComponent(location.hash.slice(1)));
        return messages.at(-1).options?.mentions ?? null;
    }""")


async def test_whole_names_are_mentioned(people: Company) -> None:
    """A longer name or a word that begins with "all" mentions nobody else."""
    ada, ann, anna = await people("ada", "ann", "anna")
    await ada.make_group("Lunch", ann, anna)
    group = await ada.page.evaluate("location.hash")
    assert group.startswith("#g")
    ids = [one.login["me"]["id"] for one in (ann, anna)]

    for text, expected in (
        ("lunch with @allison", None),
        ("lunch with @all", None),
        ("@Anna, are you in?", [ids[1]]),
        ("ask (@Ann)", [ids[0]]),
        ("mail ada@Ann.example", None),
    ):
        await ada.say(text)
        assert await mentions(ada) == expected, text


async def test_everybody_is_mentioned_only_when_picked(people: Company) -> None:
    """Enter sends "@all" as it is typed; with the arrow key it is picked."""
    ada, ann = await people("ada", "ann")
    await ada.make_group("Lunch", ann)
    composer = ada.find("composer")

    await composer.press_sequentially("@all")
    await expect(ada.find("mention-picker").get_by_role("option")).to_have_count(1)
    await composer.press("ArrowDown")
    await composer.press("Enter")
    await ada.say(await composer.input_value() + "come")
    assert await mentions(ada) == "all"


async def test_enter_of_an_input_method_does_nothing_else(people: Company) -> None:
    """Safari's Enter at the end of a composition picks, sends and opens nothing."""
    ada, ann = await people("ada", "ann")
    await ada.make_group("Lunch", ann)
    composer = ada.find("composer")

    await composer.press_sequentially("@a")
    await expect(ada.find("mention-picker")).to_be_visible()
    await composer.evaluate(SAFARI_ENTER)
    await expect(composer).to_have_value("@a")
    await expect(ada.find("message")).to_have_count(0)
    await ada.look_for(ann.name)
    await expect(ada.find("found")).to_have_count(1)
    await ada.find("search").evaluate(SAFARI_ENTER)
    await expect(ada.find("chat-name")).to_have_text("Lunch")


@pytest.mark.parametrize(
    ("texts", "is_file"),
    [
        ({"text/plain": "1\t2", "text/html": "<table>"}, False),
        ({"text/plain": "words", "text/rtf": "{}"}, False),
        ({"text/plain": "image.png"}, True),
        ({"text/html": "<img>"}, True),
        ({}, True),
    ],
)
async def test_formatted_text_is_pasted_as_text(
    people: Company, texts: dict[str, str], is_file: bool
) -> None:
    """A picture that a spreadsheet adds to its text is ignored; copied pictures are offered."""
    ada, ann = await people("ada", "ann")
    await ada.open_chat_with(ann)

    is_left_to_browser = await ada.find("composer").evaluate(PASTE, texts)

    assert is_left_to_browser is not is_file
    await expect(ada.find("chosen-file")).to_have_count(int(is_file))


async def test_dropped_text_is_inserted(people: Company) -> None:
    """Text that is dropped is the composer's, as in any field."""
    ada, ann = await people("ada", "ann")
    await ada.open_chat_with(ann)

    is_left_to_browser = await ada.find("composer").evaluate("""area => {
        const dataTransfer = new DataTransfer();
        dataTransfer.setData("text/plain", "dropped");
        const options = { dataTransfer, bubbles: true, cancelable: true };
        return area.dispatchEvent(new DragEvent("drop", options));
    }""")

    assert is_left_to_browser
    await expect(ada.find("dialog")).to_have_count(0)


async def test_enter_on_a_touch_screen_starts_a_line(people: Company) -> None:
    """A phone's keyboard has no Shift+Enter: the button sends."""
    ada, ann = await people("ada", "ann", has_touch=True, is_mobile=True)
    await ada.open_chat_with(ann)
    composer = ada.find("composer")

    await composer.press_sequentially("one")
    await composer.press("Enter")
    await composer.press_sequentially("two")
    await expect(composer).to_have_value("one\ntwo")
    await expect(composer).to_have_attribute("enterkeyhint", "enter")
    await ada.find("send").click()
    await expect(ada.message("one two")).to_be_visible()


async def test_a_slow_history_sends_a_text_once(people: Company, server: Server) -> None:
    """What is sent while older messages are shown leaves the composer at once."""
    ada, ann = await people("ada", "ann")
    await ann.send_over_http(ada, [f"old {number}" for number in range(120)])
    conv = await ada.row("Ann").get_attribute("data-conv")
    await ada.open_chat("Ann")
    await ada.page.evaluate(
        """async conv => {
        const { goToMessage } = await import(document.querySelector("script[src$='app.js']").src
            .replace("app.js", "state/history.js"));
        await goToMessage({ conv, seq: 5 });
    }""",
        conv,
    )
    await expect(ada.message("old 4")).to_be_visible()
    is_slow = asyncio.Event()

    async def wait(route: Route) -> None:
        await is_slow.wait()
        await route.continue_()

    await ada.page.route("**/chat/history?*", wait)
    composer = ada.find("composer")
    await composer.fill("Once")
    await composer.press("Enter")
    await composer.press("Enter")
    await composer.press_sequentially("more")
    is_slow.set()

    await expect(ada.message("Once")).to_have_count(1)
    await expect(composer).to_have_value("more")


async def test_a_link_to_a_chat_outlasts_the_login(people: Company) -> None:
    """Who is not logged in gets to the chat of the address after the login."""
    ada, grace = await people("ada", "grace")
    low, high = sorted((ada.login["me"]["id"], grace.login["me"]["id"]))
    session = await ada.page.evaluate("localStorage['yolk.session']")
    await ada.page.evaluate("localStorage.clear()")
    await ada.page.goto("about:blank")

    await ada.page.goto(f"{ada.url}/#s:{low}:{high}")
    await expect(ada.find("login-card")).to_be_visible()
    await ada.page.wait_for_function("""() => [...document.styleSheets].some(
        ({ href }) => href?.endsWith("overlay.css"))""")  # the chats are loaded behind the card
    await ada.page.evaluate("session => (localStorage['yolk.session'] = session)", session)
    await ada.page.evaluate("""async () => {
        const { client } = await import(document.querySelector("script[src$='app.js']").src
            .replace("app.js", "state/session.js"));
        client.connect();
    }""")

    await expect(ada.find("chat-name")).to_have_text("Grace")


@pytest.mark.parametrize(
    ("conv", "title", "text"),
    [
        ("s:{id}:999999999", "Unknown account", "This account does not exist."),
        (
            "g:999999999",
            "Unknown group",
            "This group does not exist, or you are not a member.",
        ),
    ],
)
async def test_a_link_to_nothing_says_so(people: Company, conv: str, title: str, text: str) -> None:
    """The page says what is wrong with an address."""
    (ada,) = await people("ada")

    await ada.page.goto(f"{ada.url}/#{conv.format(id=ada.login['me']['id'])}")

    await expect(ada.find("closed")).to_have_text(text)
    await expect(ada.find("chat-name")).to_have_text(title)


async def test_today_becomes_yesterday_at_midnight(people: Company) -> None:
    """A page that is open over midnight shows the right day."""
    (ada,) = await people("ada")
    (grace,) = await people("grace", away=True)
    await ada.context.clock.install()
    await ada.page.reload()
    await ada.open_chat_with(grace)
    await ada.say("before midnight")
    await expect(ada.page.locator(".day")).to_have_text("Today")

    await ada.context.clock.fast_forward("24:00:00")

    await expect(ada.page.locator(".day")).to_have_text("Yesterday")


async def test_text_is_copied_over_plain_http(people: Company) -> None:
    """Without `navigator.clipboard`, which plain HTTP on another host lacks, copying works."""
    ada, grace = await people("ada", "grace")
    await ada.open_chat_with(grace)
    await ada.say("copy me")
    await ada.page.evaluate("""() => {
        Object.defineProperty(navigator, "clipboard", { value: undefined });
        document.addEventListener("copy", () => (window.copied = String(document.getSelection())
            || document.activeElement.value));
    }""")

    await ada.menu("copy me", "copy")

    await ada.is_told("Copied")
    assert await ada.page.evaluate("window.copied") == "copy me"
