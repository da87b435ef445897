"""Texts and names that try to inject code or markup."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import Company
    from tests.browser.person import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = [
    "<img src=x onerror=\"window.pwned='img'\">",
    "<script>window.pwned='script'</script>",
    "<svg onload=\"window.pwned='svg'\"><animate onbegin=alert(1) attributeName=x>",
    "<iframe srcdoc=\"<script>parent.pwned='frame'</script>\"></iframe>",
    "<style>*{display:none}</style><base href=https://example.org/>",
    "<link rel=stylesheet href=https://example.org/a.css>",
    "</textarea></span></div><input autofocus onfocus=alert(1)>",
    "<a href=\"javascript:window.pwned='link'\">free eggs</a>",
    "[click](javascript:alert(1)) ![x](https://example.org/spy.png)",
    "javascript:window.pwned='scheme' data:text/html,<script>alert(1)</script>",
    "https://example.org/\"onmouseover=\"window.pwned='quote'",
    "https://user:password@example.org@evil.example/ http://[::1 http://%00",
    "&lt;b&gt; &#60;b&#62; {{constructor.constructor('window.pwned=1')()}} ${window.pwned=1}",
    "%3Cscript%3Ealert(1)%3C/script%3E \\u003cscript\\u003e \\x3cscript\\x3e",
    "\u202egnp.egg\u202c and \u2067back\u2069 and \u200fon",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324a\u0342\u0308\u0345l\u0363g\u0324o",
    "\ufeff\u200b\u200d\ufffd \U000e0041 \u0007\u001b[31mred",
    "null",
    "undefined",
    "[object Object]",
    "NaN",
    "true",
    "0",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    '{"type":"recall","data":"1"}',
    "'; DROP TABLE message; --",
    "%s %d %n {0} {name} $& $1 $`",
    "👨‍👩‍👧‍👦🏴‍☠️🇨🇭👍🏿" * 20,
]
NAMES = [
    "<img src=x onerror=pwned=1>",
    "{n} $& null",
    "__proto__",
    "<b>{who}</b>&lt;",
]
HEARD = """
window.notified = [];
window.Notification = class {
    static permission = "granted";
    static requestPermission = async () => "granted";
    constructor(title, { body }) { window.notified.push([title, body]); }
    close() {}
};
document.hasFocus = () => false;
"""


async def unharmed(*people: Person) -> None:
    """Check that the input became text, and nothing that a browser runs or fetches."""
    for someone in people:
        assert await someone.page.evaluate("window.pwned") is None
        made = someone.page.locator(
            "#app :is(script, iframe, style, link, base, animate, [onerror])"
        )
        assert await made.count() == 0
        pictures = await someone.page.locator("img").evaluate_all("all => all.map(e => e.src)")
        assert all(src.startswith(someone.url) for src in pictures)
        links = await someone.page.locator("#app a").evaluate_all("all => all.map(e => e.href)")
        assert all(re.match("https?://(user:password@)?(example|evil)", link) for link in links)


async def test_hostile_texts_are_texts(people: Company) -> None:
    """Hostile texts are shown in bubbles and in the list character by character."""
    ada, grace = await people("ada", "grace")
    await ada.open_chat_with(grace)

    for text in HOSTILE[:6]:
        await ada.write(text)
        await expect(grace.row("Ada").locator(".snippet")).to_have_text(text)
    await ada.send_over_http(grace, HOSTILE[6:])
    await grace.open_chat("Ada")

    for someone in (ada, grace):
        await expect(someone.page.locator(".text")).to_have_count(len(HOSTILE))
        shown = await someone.page.locator(".text").evaluate_all(
            "all => all.map(e => e.textContent)"
        )
        assert shown == HOSTILE
    await unharmed(ada, grace)


async def test_hostile_texts_are_quoted_found_and_announced(people: Company) -> None:
    """Hostile texts are only text in quotes, drafts, results, notifications and the live region."""
    ada, grace = await people("ada", "grace", away=True)
    await ada.context.add_init_script(HEARD)
    await ada.come()
    await grace.come()
    hostile = [*HOSTILE[:3], "</title><script>pwned=1</script>"]
    await grace.open_chat_with(ada)

    for count, text in enumerate(hostile, 1):
        await grace.say(text)
        await expect(ada.find("announcement")).to_have_text(f"Grace: {text}")
        await expect(ada.page).to_have_title(f"({count}) Yolk")
    await ada.page.wait_for_function(f"() => notified.length === {len(hostile)}")
    told = await ada.page.evaluate("window.notified")
    assert told == [["Grace", text] for text in hostile]
    await ada.look_for("onerror=")
    await expect(ada.find("found-message").locator(".snippet")).to_contain_text(hostile[0])
    # The index follows the messages: search until it has the last one.
    async with asyncio.timeout(60):
        while await ada.find("found-message").count() != 2:
            await ada.look_for("")
            await ada.look_for("<script>")
            await ada.page.wait_for_timeout(1_000)
    await ada.find("search").press("Escape")
    await ada.open_chat("Grace")
    await ada.menu(hostile[0], "reply")
    await expect(ada.find("replying")).to_contain_text(hostile[0])
    await ada.find("composer").fill(hostile[1])
    await ada.find("send").click()
    await expect(grace.message(hostile[1]).get_by_test_id("quote")).to_contain_text(hostile[0])

    await unharmed(ada, grace)


async def test_invisible_names_are_refused(people: Company) -> None:
    """A group's name that changes the direction of text is refused, with the reason."""
    ada, _ = await people("ada", "grace")

    await ada.begin("new-group")
    await ada.find("group-name").fill("\u202egge\u202c")
    await ada.find("create-group").click()

    alert = ada.find("dialog").get_by_role("alert")
    await expect(alert).to_have_text("This name has characters that are not allowed.")


@pytest.mark.parametrize("name", NAMES)
async def test_hostile_names_are_names(people: Company, name: str) -> None:
    """Hostile names are text in the list, the header, the panel and the dialogs."""
    ada, grace = await people("ada", "grace")

    await ada.make_group(name, grace)
    await expect(ada.find("notice-line").first).to_contain_text(f"“{name}”")
    await ada.look_at("nickname-in-group")
    await ada.find("nickname-text").fill(name)
    await ada.find("nickname-text").press("Enter")
    await expect(ada.find("dialog")).to_have_count(0)
    await ada.find("group-settings").click()
    await ada.find("group-notice-text").fill(name)
    await ada.find("save-group").click()
    await expect(ada.find("group-notice")).to_have_text(name)
    await ada.say(f"@{name}")
    await expect(grace.row(name)).to_contain_text(f"@{name}")
    await grace.open_chat(name)

    await expect(grace.message(f"@{name}").get_by_test_id("author")).to_have_text(name)
    await expect(grace.find("notice-line").first).to_contain_text(f"{name} created the group")
    await grace.look_at("leave")
    await expect(grace.find("dialog")).to_contain_text(f"Leave “{name}”?")
    await unharmed(ada, grace)


async def test_what_is_very_long_breaks_nothing(people: Company) -> None:
    """A very long word is wrapped; a text that is too long is refused with the reason."""
    ada, grace = await people("ada", "grace")
    await ada.open_chat_with(grace)
    long = "egg" * 333_333
    await ada.say("m" * 10_000)
    # A browser lays out a million characters for each of these: a busy machine takes its time.
    await ada.find("composer").fill(long, timeout=60_000)
    await ada.find("composer").press("Enter")
    await expect(grace.row("Ada").locator(".snippet")).to_contain_text("eggegg")
    await grace.open_chat("Ada")

    await expect(grace.page.locator(".text").last).to_have_text(long)
    for someone in (ada, grace):
        wide = await someone.page.locator(".messages").evaluate(
            "e => e.scrollWidth - e.clientWidth"
        )
        assert wide == 0
        assert await someone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await ada.find("composer").fill("m" * 1_048_576, timeout=60_000)
    await ada.find("composer").press("Enter")
    await expect(ada.find("message").last.get_by_role("alert")).to_contain_text(
        "This message is too long."
    )
    await ada.find("discard").click()
    await ada.say("Still here")
    await expect(grace.message("Still here")).to_be_visible()
