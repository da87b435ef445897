"""The user's own profile and account on the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.browser.person import PASSWORD
from tests.browser.scenery import breakfast
from tests.browser.test_group_access import is_drawn
from tests.browser.visitors import file_of

if TYPE_CHECKING:
    from tests.browser.conftest import Company, People
    from tests.browser.visitors import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_profile_is_shown_to_others(people: Company) -> None:
    """A picture and a display name are shown at once to those who have a chat, and are kept."""
    ada, grace = await people("ada", "grace")
    await ada.send_over_http(grace, ["Hello"])
    await expect(grace.row("Ada")).to_be_visible()

    await ada.find("own-profile").click()
    async with ada.page.expect_file_chooser() as chooser:
        await ada.find("upload-avatar").click()
    picture: Any = file_of("me.jpg", breakfast((300, 200)), "image/jpeg")
    await (await chooser.value).set_files([picture])
    await is_drawn(ada.find("own-profile").locator("img"))
    await ada.find("display-name").fill("Ada Lovelace")
    await ada.find("save-profile").click()

    await expect(ada.find("me")).to_have_text("Ada Lovelace")
    await is_drawn(grace.row("Ada Lovelace").locator("img"))
    await ada.page.reload()
    await expect(ada.find("me")).to_have_text("Ada Lovelace")
    await is_drawn(ada.find("own-profile").locator("img"))
    await ada.find("own-profile").click()
    await ada.find("remove-avatar").click()
    await expect(grace.row("Ada Lovelace").locator("img")).to_have_count(0)


async def test_the_account_is_changed_and_deleted(person: People) -> None:
    """The password needs the current one; devices are listed; data is exported; all is deleted."""
    ada = await person("ada")
    await ada.find("own-profile").click()
    await ada.find("devices").click()
    await expect(ada.find("device")).to_contain_text("This device")
    await ada.find("close").click()

    await ada.find("own-profile").click()
    await ada.find("password").click()
    await ada.find("old-password").fill("not the password")
    await ada.find("new-password").fill("a better horse")
    await ada.find("save-password").click()
    alert = ada.find("dialog").get_by_role("alert")
    await expect(alert).to_have_text("The current password is wrong.")
    await ada.find("old-password").fill(PASSWORD)
    await ada.find("save-password").click()
    await ada.is_told("Your password was changed.")

    await ada.find("own-profile").click()
    async with ada.page.expect_download() as download:
        await ada.find("export").click()
    lines = Path(await (await download.value).path()).read_text().splitlines()
    assert json.loads(lines[-1])["record"] == "end"
    await ada.find("deleteAccount").click()
    await ada.find("delete-password").fill(PASSWORD)
    await ada.find("delete-account").click()
    await expect(alert).to_have_text("The current password is wrong.")
    await ada.find("delete-password").fill("a better horse")
    await ada.find("delete-account").click()

    await expect(ada.find("login-card")).to_be_visible()
    await ada.log_in("a better horse")
    await expect(ada.find("login-error")).to_have_text("Wrong username or password.")


async def test_a_removed_file_is_shown_as_removed(pair: tuple[Visitor, Visitor]) -> None:
    """A text takes its place, in the language of the page."""
    ada, grace = pair
    await ada.attach(file_of("notes.txt", b"Meet at seven.\n", "text/plain"))
    await expect(grace.find("file")).to_be_visible()
    low, high = sorted((ada.user.id, grace.user.id))
    page = await ada.user.get("/chat/history", conv=f"s:{low}:{high}")
    path = page["messages"][-1]["data"]

    await ada.user.server.ask("DELETE", path, token=ada.user.token)
    await grace.page.reload()

    await expect(grace.find("file-removed")).to_have_text("This file was deleted.")
    await grace.choose("language")
    await expect(grace.find("file-removed")).to_have_text("文件已被删除")
