"""The login card: registering, logging in, and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from models import User
from services.account.reset_tokens import issue_reset
from tests.browser.person import PASSWORD
from tests.copies import copy_chat
from tests.databases import open_orm
from yolk.testing import Server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import People

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_name_can_be_taken_only_once(person: People) -> None:
    """The card reports an error, keeps the input, and allows another attempt."""
    ada, other = await person("ada"), await person("ada", registered=False)
    await other.page.goto(other.url)
    await other.page.get_by_label("Username").fill(ada.name)
    await other.page.get_by_label("Password", exact=True).fill("short")
    await other.find("submit").click()
    await expect(other.find("login-error")).to_contain_text("a password 6 to 128")

    await other.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await other.find("submit").click()
    await expect(other.find("login-error")).to_have_text("This username is taken.")
    await expect(other.page.get_by_label("Username")).to_have_value(ada.name)
    await other.page.get_by_label("Username").fill(other.name)
    await other.page.get_by_label("Password", exact=True).press("Enter")

    await expect(other.find("me")).to_have_text(other.name)
    await expect(other.page.get_by_text("No chats yet")).to_be_visible()


async def test_a_first_visitor_creates_an_account(person: People) -> None:
    """The card offers to create one; after a logout, and in another visit, it offers to log in."""
    ada = await person("ada", registered=False)
    await ada.page.goto(ada.url)
    await expect(ada.find("submit")).to_have_text("Create account")
    await ada.find("other-way").click()
    await expect(ada.find("submit")).to_have_text("Log in")
    await ada.register()

    await ada.choose("logout")

    await expect(ada.find("submit")).to_have_text("Log in")
    await ada.page.reload()
    await expect(ada.find("submit")).to_have_text("Log in")


async def test_a_password_can_be_shown(person: People) -> None:
    """The eye shows and hides the password; Enter logs in."""
    ada = await person("ada")
    await ada.choose("logout")
    await expect(ada.page).to_have_title("Yolk")
    password = ada.page.get_by_label("Password", exact=True)

    await ada.page.get_by_label("Username").fill(ada.name)
    await password.fill(PASSWORD)
    await expect(password).to_have_attribute("type", "password")
    await ada.page.get_by_role("button", name="Show password").click()
    await expect(password).to_have_attribute("type", "text")
    await ada.page.get_by_role("button", name="Hide password").click()
    await expect(password).to_have_attribute("type", "password")
    await password.press("Enter")

    await expect(ada.find("me")).to_have_text(ada.nickname)


async def test_a_link_sets_a_forgotten_password(person: People, server: Server) -> None:
    """The card asks for a new password, takes the token once, and then logs in."""
    ada = await person("ada")
    await ada.choose("logout")
    url = f"sqlite://{server.data}/yolk.sqlite3"
    async with open_orm(server.data, url) as host:
        user = await User.get(username=ada.name)
        token = await issue_reset(host.orm, user.id, 3600)
    await ada.page.goto(f"{ada.url}/#reset={token}")
    await expect(ada.find("submit")).to_have_text("Change password")
    assert token not in ada.page.url

    await ada.find("password").fill("battery staple")
    await ada.find("submit").click()
    await expect(ada.page.get_by_text("Your password was changed.")).to_be_visible()
    await ada.page.get_by_label("Username").fill(ada.name)
    await ada.find("password").fill("battery staple")
    await ada.find("submit").click()
    await expect(ada.find("me")).to_have_text(ada.nickname)

    other = await person("grace", registered=False)
    await other.page.goto(f"{other.url}/#reset={token}")
    await other.find("password").fill("battery staple")
    await other.find("submit").click()
    await expect(other.find("login-error")).to_contain_text("used or has expired")


async def test_the_page_solves_the_proof_of_work(person: People, tmp_path: Path) -> None:
    """Where the server asks for one before it registers an account, without a word to the user."""
    root = copy_chat(tmp_path, {"config/config_local.py": "auth = {'proof_of_work': 200}\n"})
    async with Server(root, tmp_path / "data") as server:
        ada = await person("ada", at=server)
        await expect(ada.find("me")).to_have_text(ada.nickname)
        await ada.page.close()
