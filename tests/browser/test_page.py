"""The chat page in Chromium: what people type, click and see."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import People, Shoot

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORED = re.compile("sent|delivered|read")
HOSTILE = [
    "<img src=x onerror=\"window.pwned='img'\">",
    "<script>window.pwned='script'</script>",
    "<a href=\"javascript:window.pwned='link'\">free eggs</a>",
    "javascript:window.pwned='scheme'",
    "&lt;b&gt; {{constructor.constructor('window.pwned=1')()}} ${window.pwned=1}",
    "https://example.org/\"onmouseover=\"window.pwned='quote'",
]


async def test_two_people_find_each_other_and_chat(person: People, shoot: Shoot) -> None:
    """New users can find each other, and both see messages as they arrive."""
    ada, grace = await person("ada"), await person("grace")

    await ada.open_chat_with(grace)
    await ada.write("Hello Grace")
    await expect(ada.message("Hello Grace")).to_have_attribute("data-state", STORED)
    await expect(grace.find("conversation")).to_contain_text("Hello Grace")
    await expect(grace.find("unread")).to_have_text("1")
    await grace.find("conversation").click()
    await grace.write("你好，Ada")

    await ada.sees("Hello Grace", "你好，Ada")
    await grace.sees("Hello Grace", "你好，Ada")
    await expect(grace.find("unread")).to_have_count(0)
    await expect(ada.find("presence")).to_have_text("online")
    await shoot(ada, "chat")
    await ada.page.emulate_media(color_scheme="dark")
    await shoot(ada, "chat-dark")


async def test_missed_messages_are_shown(person: People) -> None:
    """A closed tab misses nothing: the login is kept, and every message is there in order."""
    ada, grace = await person("ada"), await person("grace")
    await ada.open_chat_with(grace)
    await ada.write("one")
    await expect(grace.find("conversation")).to_be_visible()
    await grace.page.close()
    await expect(ada.find("presence")).to_have_text("offline")

    for text in ("two", "three", "four"):
        await ada.write(text)
    await expect(ada.message("four")).to_have_attribute("data-state", STORED)
    grace.page = await grace.context.new_page()
    await grace.page.goto(grace.url)

    await expect(grace.find("unread")).to_have_text("4")
    await grace.find("conversation").click()
    await grace.sees("one", "two", "three", "four")
    await expect(ada.find("presence")).to_have_text("online")


async def test_hostile_texts_do_nothing(person: People) -> None:
    """A text is shown as it was written, even if it looks like HTML."""
    ada, grace = await person("ada"), await person("grace")
    await ada.open_chat_with(grace)

    for text in HOSTILE:
        await ada.write(text)
    await expect(grace.find("conversation")).to_contain_text("onmouseover")
    await grace.find("conversation").click()

    for someone in (ada, grace):
        await someone.sees(*HOSTILE)
        assert await someone.page.locator(".messages :is(img, script, iframe)").count() == 0
        links = await someone.page.locator(".text a").evaluate_all("all => all.map(a => a.href)")
        assert links == ["https://example.org/"]
        assert await someone.page.evaluate("window.pwned") is None


async def test_addresses_become_links(person: People) -> None:
    """An http or https address is a link, which tells its site nothing about the page."""
    ada = await person("ada")
    await ada.find("search").fill(ada.name)
    await ada.find("found").click()

    await ada.write(
        "见https://example.org/a_(b)。And (http://example.org/c?d=e#f), ftp://example.org http://["
    )

    links = ada.page.locator(".text a")
    await expect(links).to_have_text(["https://example.org/a_(b)", "http://example.org/c?d=e#f"])
    await expect(links.first).to_have_attribute("rel", "noopener noreferrer")


async def test_the_login_survives_a_reload_and_ends_with_log_out(person: People) -> None:
    """A reload shows the same chat; a logout ends the login in every tab."""
    ada, grace = await person("ada"), await person("grace")
    await ada.open_chat_with(grace)
    await ada.write("still here")
    await expect(ada.message("still here")).to_have_attribute("data-state", STORED)

    await ada.page.reload()
    await ada.sees("still here")
    second = await ada.context.new_page()
    await second.goto(ada.url)
    await expect(second.get_by_test_id("conversation")).to_be_visible()
    await ada.choose("logout")

    await expect(ada.find("login-card")).to_be_visible()
    await expect(second.get_by_test_id("login-card")).to_be_visible()
    await ada.page.reload()
    await expect(ada.find("login-card")).to_be_visible()


async def test_two_tabs_renew_the_token_at_once(person: People) -> None:
    """A refresh token can be used once; two tabs that need it at the same time both continue."""
    ada = await person("ada")
    tabs = [ada.page, await ada.context.new_page()]
    await tabs[1].goto(ada.url)
    await expect(tabs[1].get_by_test_id("me")).to_be_visible()
    await ada.page.evaluate(
        "s => localStorage['yolk.session'] = JSON.stringify({...JSON.parse(s), token: 'old'})",
        json.dumps(await ada.session()),
    )

    await asyncio.gather(*(tab.get_by_test_id("search").fill(ada.name) for tab in tabs))

    for tab in tabs:
        await expect(tab.get_by_test_id("found")).to_contain_text(f"@{ada.name}")
    assert (await ada.session())["token"] != "old"


async def test_a_wrong_password_is_reported(person: People, shoot: Shoot) -> None:
    """A wrong password is reported in the language of the page, and the right one then works."""
    ada = await person("ada")
    await ada.choose("logout")

    await ada.log_in("not the password")
    await expect(ada.find("login-error")).to_have_text("Wrong username or password.")
    await shoot(ada, "login")
    await ada.log_in()

    await expect(ada.find("me")).to_have_text(ada.nickname)


async def test_a_recalled_message_says_so(person: People) -> None:
    """The text of a recalled message disappears from the open chat and from the list."""
    ada, grace = await person("ada"), await person("grace")
    await ada.open_chat_with(grace)
    await grace.open_chat_with(ada)
    await ada.write("not for you")
    await grace.sees("not for you")

    token = (await ada.session())["token"]
    url, headers = ada.url, {"token": token}
    listed = await ada.context.request.get(f"{url}/chat/conversations", headers=headers)
    last = (await listed.json())["data"][0]["last"]
    await ada.context.request.post(f"{url}/chat/recall", headers=headers, data={"id": last["id"]})

    await expect(grace.page.get_by_text("not for you")).to_have_count(0)
    await expect(grace.find("messages")).to_contain_text("This message was recalled.")
    await expect(grace.find("conversation")).to_contain_text("This message was recalled.")


async def test_edits_and_recalls_do_not_count_as_unread(person: People) -> None:
    """A message that was edited and recalled counts as one unread message, as on the server."""
    ada, grace = await person("ada"), await person("grace")
    await ada.open_chat_with(grace)
    await ada.write("hello")
    await expect(grace.find("unread")).to_have_text("1")

    headers = {"token": (await ada.session())["token"]}
    ask = ada.context.request
    listed = await ask.get(f"{ada.url}/chat/conversations", headers=headers)
    last = (await listed.json())["data"][0]["last"]
    edit = {"id": last["id"], "data": "hello there"}
    await ask.post(f"{ada.url}/chat/edit", headers=headers, data=edit)
    await expect(grace.find("conversation")).to_contain_text("hello there")
    await expect(grace.find("unread")).to_have_text("1")
    await ask.post(f"{ada.url}/chat/recall", headers=headers, data={"id": last["id"]})
    await expect(grace.find("conversation")).to_contain_text("This message was recalled.")
    await expect(grace.find("unread")).to_have_text("1")


async def test_an_edited_message_shows_its_new_text(person: People) -> None:
    """An edited message shows its new text in its place, and once."""
    ada, grace = await person("ada"), await person("grace")
    await ada.open_chat_with(grace)
    await grace.open_chat_with(ada)
    await ada.write("teh text")
    await grace.sees("teh text")

    headers = {"token": (await ada.session())["token"]}
    ask = ada.context.request
    listed = await ask.get(f"{ada.url}/chat/conversations", headers=headers)
    last = (await listed.json())["data"][0]["last"]
    edit = {"id": last["id"], "data": "the text"}
    await ask.post(f"{ada.url}/chat/edit", headers=headers, data=edit)

    await expect(grace.message("the text")).to_have_count(1)
    await expect(grace.page.get_by_text("teh text")).to_have_count(0)
    await ada.page.reload()
    await expect(ada.message("the text")).to_have_count(1)
    await expect(ada.find("conversation")).to_have_count(1)


async def test_older_messages_are_loaded_without_a_jump(person: People, shoot: Shoot) -> None:
    """Scrolling up loads older messages and moves nothing; a button announces new messages."""
    ada, grace = await person("ada"), await person("grace")
    await grace.send_over_http(ada, [f"number {n}" for n in range(120)])
    await ada.find("conversation").click()
    await expect(ada.message("number 119")).to_be_in_viewport()
    assert await ada.find("message").count() < 120

    top = "m => m.getBoundingClientRect().top"
    seventy_five = ada.message("number 75")
    before = await seventy_five.evaluate(
        f"m => {{ document.querySelector('.messages').scrollTop = 400; return ({top})(m) }}"
    )
    await expect(ada.message("number 60")).to_be_attached()
    assert abs(await seventy_five.evaluate(top) - before) < 2

    await grace.send_over_http(ada, ["newest"])
    await expect(ada.find("new-messages")).to_contain_text("1 new")
    assert abs(await seventy_five.evaluate(top) - before) < 2
    await shoot(ada, "pill")
    await ada.find("new-messages").click()
    await expect(ada.message("newest")).to_be_in_viewport()
    await expect(ada.find("new-messages")).to_have_count(0)
    await expect(ada.find("unread")).to_have_count(0)


async def test_an_input_method_may_use_enter(person: People) -> None:
    """Enter in an input method sends nothing; Shift+Enter starts a new line."""
    ada, grace = await person("ada"), await person("grace")
    await ada.open_chat_with(grace)
    composer = ada.find("composer")

    await composer.fill("你好")
    await composer.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    await expect(composer).to_have_value("你好")
    await composer.press("Shift+Enter")
    await composer.press_sequentially("Grace")
    await composer.press("Enter")

    await ada.sees("你好\nGrace")


async def test_a_phone_shows_one_pane(person: People, shoot: Shoot) -> None:
    """On a narrow screen a chat replaces the list, and Back shows the list again."""
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    ada, grace = await person("ada", **phone), await person("grace")

    await ada.open_chat_with(grace)
    await ada.write("From my phone")
    await expect(ada.page.get_by_role("navigation")).to_be_hidden()
    await shoot(ada, "phone")
    await ada.page.get_by_role("button", name="Back").click()

    await expect(ada.find("conversation")).to_contain_text("You: From my phone")
    await expect(ada.find("composer")).to_have_count(0)
    width = await ada.page.evaluate("document.documentElement.scrollWidth")
    assert width == 390


async def test_speaks_the_language_of_the_browser(person: People, shoot: Shoot) -> None:
    """A Chinese browser gets Chinese texts; the switch changes the language and is remembered."""
    ada = await person("ada", registered=False, locale="zh-CN")
    await ada.page.goto(ada.url)
    await expect(ada.page.get_by_role("button", name="登录")).to_be_visible()
    await shoot(ada, "login-chinese")

    await ada.find("language").click()
    await expect(ada.page.get_by_role("button", name="Log in")).to_be_visible()
    await ada.page.reload()

    await expect(ada.page.locator("html")).to_have_attribute("lang", "en")
    await expect(ada.page.get_by_role("button", name="Log in")).to_be_visible()
