"""Notifications from one of several tabs, the sound, and the number on the icon."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.browser.service_worker import start_worker
from tests.browser.visitors import conv_of

if TYPE_CHECKING:
    from tests.browser.visitors import Visit, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")

ELSEWHERE = """
window.isLookedAt = false;
document.hasFocus = () => window.isLookedAt;
window.notes = 0;
const { start } = OscillatorNode.prototype;
OscillatorNode.prototype.start = function (...when) { notes++; return start.apply(this, when); };
Object.defineProperty(navigator, "userActivation", { value: { hasBeenActive: true } });
"""
"""The user looks at something else, after a click on the page. Notes of the sound are counted."""
GRANTED = """
Object.defineProperty(Notification, "permission", { value: "granted" });
window.shown = [];
const Registration = globalThis.ServiceWorkerRegistration ?? class {}; // blank frames have none
Registration.prototype.getNotifications = async () => shown;
Registration.prototype.showNotification = async (title, { body, tag }) => {
    const close = () => (shown = shown.filter((each) => each.tag !== tag));
    close();
    shown.push({ title, body, tag, close });
};
"""
"""The headless Chromium has no notifications, so the last step to the system is imitated."""
ANDROID = """
window.tries = 0;
window.Notification = class {
    static permission = "granted";
    constructor() { tries++; throw new TypeError("Illegal constructor"); }
};
"""
CLICK = """conv => {
    const notification = { data: { conv }, close() {} };
    const waitUntil = (promise) => promise;
    dispatchEvent(Object.assign(new Event("notificationclick"), { notification, waitUntil }));
}"""
IN_TURN = """async () => {
    await import(new URL("state/alerts.js", document.querySelector("script[src*='/app.js']").src));
    await navigator.locks.request("yolk.alerting", () => {});
}"""
"""Wait until the tab has done what it does about the messages so far: tabs take turns."""
LOOK = "isIt => { window.isLookedAt = isIt; dispatchEvent(new Event(isIt ? 'focus' : 'blur')); }"
IS_LOOKED_AT = """async () => {
    const { held } = await navigator.locks.query();
    return held.some(({ name }) => name === "yolk.looking");
}"""
ICON = "document.querySelector('link[rel=icon]').href"


async def elsewhere(visit: Visit, name: str, *, script: str = GRANTED) -> Visitor:
    """Return a user who looks at another window, with the service worker."""
    someone = await visit(name, service_workers="allow")
    await someone.context.add_init_script(ELSEWHERE + script)
    await someone.page.reload()
    await expect(someone.find("me")).to_have_text(name)
    await start_worker(someone.page)
    return someone


async def heard(someone: Visitor, other: Visitor, text: str, unread: int) -> None:
    """Send a message, and wait until all tabs of a user have done what they do about it."""
    await other.tell(someone, "text", text)
    for page in someone.context.pages:
        await expect(page.get_by_test_id("row-name")).to_have_text(other.nickname)
        await expect(page.get_by_test_id("announcement")).to_have_text(f"{other.nickname}: {text}")
        await expect(page).to_have_title(f"({unread}) Yolk")
    for page in someone.context.pages:
        await page.evaluate(IN_TURN)


async def shown(someone: Visitor) -> list[Any]:
    """Return title, text and tag of the notifications of all tabs."""
    found = await of_all_tabs(someone, "shown.map(({ title, body, tag }) => [title, body, tag])")
    return list(itertools.chain.from_iterable(found))


async def of_all_tabs(someone: Visitor, expression: str) -> list[Any]:
    """Return what an expression is in each tab."""
    return [await page.evaluate(expression) for page in someone.context.pages]


async def test_one_tab_notifies_and_a_click_opens_the_chat(visit: Visit) -> None:
    """Of several tabs one shows the notification and plays the sound; a click opens the chat."""
    ada, grace = await elsewhere(visit, "Ada"), await visit("Grace")
    other = await ada.context.new_page()
    await other.goto(ada.url)
    await expect(other.get_by_test_id("me")).to_have_text("Ada")
    plain = await other.evaluate(ICON)

    await heard(ada, grace, "Lunch?", 1)
    assert await shown(ada) == [["Grace", "Lunch?", conv_of(ada, grace)]]
    assert sorted(await of_all_tabs(ada, "notes")) == [0, 2]

    # The user looks at one of the tabs, so no other one disturbs.
    await other.evaluate(LOOK, True)
    await ada.page.wait_for_function(IS_LOOKED_AT)
    await heard(ada, grace, "At noon?", 2)
    assert sorted(await of_all_tabs(ada, "notes")) == [0, 2]
    assert [body for _, body, _ in await shown(ada)] == ["Lunch?"]
    await other.wait_for_function(f"() => {ICON}.startsWith('data:image/png')")

    await other.evaluate(LOOK, False)
    await ada.context.service_workers[0].evaluate(CLICK, conv_of(ada, grace))
    names = [page.get_by_test_id("chat-name") for page in (ada.page, other)]
    async with asyncio.timeout(30):
        while not sum([await name.count() for name in names]):
            await asyncio.sleep(0.05)
    for page in (ada.page, other):
        await page.evaluate(LOOK, True)
    for page in (ada.page, other):
        await page.wait_for_function("() => shown.length === 0")
        await page.wait_for_function(f"plain => {ICON} === plain", arg=plain)


async def test_muted_chats_and_own_messages_are_silent(visit: Visit) -> None:
    """Nothing is shown or heard of muted chats, of one's own messages, and without the sound."""
    ada, grace = await elsewhere(visit, "Ada"), await visit("Grace")
    await ada.choose("settings")
    await ada.find("sound").uncheck()
    await ada.page.keyboard.press("Escape")
    await heard(ada, grace, "Hello", 1)
    assert await of_all_tabs(ada, "[shown.length, notes]") == [[1, 0]]

    await ada.row_menu("Grace", "quiet")
    await expect(ada.page).to_have_title("Yolk")
    await grace.tell(ada, "text", "Hello again")
    await expect(ada.row("Grace")).to_contain_text("Hello again")
    await ada.tell(grace, "text", "From my phone")
    await expect(ada.row("Grace")).to_contain_text("From my phone")
    await ada.page.evaluate(IN_TURN)
    assert [body for _, body, _ in await shown(ada)] == ["Hello"]
    assert await of_all_tabs(ada, "notes") == [0]


async def test_android_without_a_worker_is_no_error(visit: Visit) -> None:
    """Where the constructor throws and there is no service worker, the sound is what remains."""
    ada, grace = await visit("Ada"), await visit("Grace")
    await ada.context.add_init_script(ELSEWHERE + ANDROID)
    await ada.page.reload()
    await expect(ada.find("me")).to_have_text("Ada")

    await heard(ada, grace, "Hello", 1)

    assert await of_all_tabs(ada, "[tries, notes]") == [[1, 2]]
