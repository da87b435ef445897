"""Finding people, chats and messages: the search, its shortcut, and the pickers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import Company
    from tests.browser.person import Person

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def rename(someone: Person, nickname: str) -> None:
    """Change a user's display name, as another device does."""
    own = someone.login or await someone.session()
    async with httpx.AsyncClient(base_url=someone.url, timeout=30) as client:
        answer = await client.post(
            "/account/profile", json={"nickname": nickname}, headers={"token": own["token"]}
        )
    assert answer.status_code == 200, answer.text
    someone.nickname = nickname


async def test_people_are_found_by_any_part_of_their_names(people: Company) -> None:
    """In the search and in every picker, which filter what they suggest; the hit is marked."""
    ada, grace, linus = await people("ada", "grace", "linus")
    tag = linus.name.split("-")[1]
    await rename(linus, f"李雷 {tag}")
    await rename(grace, "Grace")
    await linus.send_over_http(ada, ["你好", "report ＦＩＮＡＬ Straße"])
    await expect(ada.row(linus.nickname)).to_be_visible()

    await ada.page.keyboard.press("Control+K")
    await expect(ada.find("search")).to_be_focused()
    await ada.page.keyboard.type(f"雷 {tag.upper()}")
    await expect(ada.find("found").locator(".name mark")).to_have_text(f"雷 {tag}")
    await ada.look_for(f"LL{tag}")
    await expect(ada.find("found")).to_contain_text(linus.nickname)
    await ada.look_for(f"@{linus.name[2:]}")
    await expect(ada.find("found").locator(".snippet mark")).to_have_text(linus.name[2:])
    await ada.look_for("final STRASSE")
    await expect(ada.find("found-message").locator("mark")).to_have_text("ＦＩＮＡＬ Straße")

    for hook in ("new-chat", "new-group"):
        await ada.begin(hook)
        rows = ada.find("person-row")
        await expect(rows.filter(has_text=linus.nickname)).to_be_visible()
        await ada.find("find-people").fill(grace.name[2:])
        await expect(rows).to_have_count(1)
        await expect(rows.locator("mark")).to_have_text(grace.name[2:])
        await ada.find("find-people").fill(f"ll{tag}")
        await expect(rows).to_contain_text(linus.nickname)
        await ada.find("close").click()
    await ada.look_for("")
    await ada.open_chat(linus.nickname)
    await ada.menu("你好", "forward")
    await ada.find("find-chat").fill(grace.name[1:])
    await ada.find("forward-to").click()
    await expect(grace.row("Ada")).to_contain_text("你好")


async def test_a_hidden_chat_is_found_and_comes_back(people: Company) -> None:
    """Also a group, after the page was loaded again; opening it lists it."""
    ada, grace = await people("ada", "grace")
    await ada.make_group("Old choir", grace)
    await ada.row_menu("Old choir", "hide")
    await expect(ada.row("Old choir")).to_have_count(0)
    await ada.page.goto(ada.url)
    await ada.page.reload()
    await expect(ada.find("me")).to_have_text("Ada")

    await ada.look_for("CHOIR")
    await expect(ada.find("found-chat")).to_contain_text("archived")
    await expect(ada.row("Old choir")).to_have_count(0)
    await ada.find("found-chat").click()

    await expect(ada.find("chat-name")).to_have_text("Old choir")
    await expect(ada.row("Old choir")).to_be_visible()
    await ada.page.reload()
    await expect(ada.row("Old choir")).to_be_visible()
