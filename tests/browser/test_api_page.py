"""The page of the API, with its requests sent by the login of the user."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.person import PASSWORD
from tests.prefix_proxy import below

if TYPE_CHECKING:
    from tests.browser.conftest import People
    from tests.browser.visitors import Visit
    from yolk.testing import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

SEARCH = "Search paths and summaries"
LOAD_MS = 60_000
"""Generous: the viewer has 1.7 MB of script, which a busy machine parses slowly."""


async def open_docs(page: Page, url: str) -> None:
    """Open the page, and wait until its sections are shown."""
    await page.goto(f"{url.rstrip('/')}/docs")
    await expect(page.locator(".opblock-tag").first).to_be_visible(timeout=LOAD_MS)


async def try_out(page: Page, path: str) -> Locator:
    """Send the example request of a GET address, and return its operation with the answer."""
    await page.get_by_label(SEARCH).fill(f"get {path}")
    operation = page.locator(".opblock", has=page.locator(f'[data-path="{path}"]'))
    await operation.locator(".opblock-summary-control").click()
    await operation.get_by_role("button", name="Try it out").click()
    await operation.get_by_role("button", name="Execute").click()
    await expect(operation.locator(".live-responses-table")).to_be_visible()
    return operation


async def test_requests_use_the_login_of_the_chat_page(visit: Visit) -> None:
    """The menu of the chat leads to the page, on which the user is logged in."""
    ada = await visit("Ada")
    await ada.page.goto(ada.url)
    async with ada.context.expect_page() as opened:
        await ada.choose("api-docs")
    page = await opened.value
    await expect(page.locator(".opblock-tag").first).to_be_visible(timeout=LOAD_MS)

    await expect(page.locator("#login")).to_contain_text(f"Logged in as {ada.nickname}")
    operation = await try_out(page, "/account/profile")
    await expect(operation.locator(".live-responses-table")).to_contain_text(ada.name)
    await expect(operation.locator(".curl")).to_contain_text(f"{ada.url}/account/profile")
    await expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    await expect(page.get_by_role("heading", name="Groups")).to_have_count(0)

    # The chat page has not renewed its login for long.
    expired = "localStorage['yolk.session'] = JSON.stringify({ token: 'old', me: {} })"
    await page.evaluate(expired)
    await open_docs(page, ada.url)
    await try_out(page, "/account/profile")
    await expect(page.get_by_role("alert")).to_have_text("The login has expired. Log in again.")


async def test_a_user_logs_in_on_the_page_below_a_path(server: Server, person: People) -> None:
    """A wrong password is refused; requests go below the path; a logout is used at once."""
    async with below("/im", server.port) as url:
        at: Any = SimpleNamespace(url=url)
        ada = await person("ada", at=at, registered=False)
        await ada.register()
        await ada.page.evaluate("localStorage.clear()")
        await open_docs(ada.page, url)
        page, login = ada.page, ada.page.locator("#login")

        for password in ("a wrong password", PASSWORD):
            await page.get_by_label("Username").fill(ada.name)
            await page.get_by_label("Password").fill(password)
            await page.get_by_role("button", name="Log in").click()
            if password != PASSWORD:
                await expect(login.get_by_role("alert")).not_to_be_empty()
        await expect(login).to_contain_text("Logged in as Ada")
        operation = await try_out(page, "/account/profile")
        await expect(operation.locator(".live-responses-table")).to_contain_text(ada.name)
        await expect(operation.locator(".curl")).to_contain_text(f"{url}account/profile")

        await page.get_by_role("button", name="Log out").click()
        await expect(page.get_by_label("Username")).to_be_visible()
        await operation.get_by_role("button", name="Execute").click()
        await expect(operation.locator(".live-responses-table")).to_contain_text("401")

        await page.get_by_role("link", name="Frames").click()
        socket = url.replace("http", "ws", 1) + "ws"
        await expect(page.locator("[data-socket]")).to_have_text(socket)
        await page.get_by_role("link", name="Errors").click()
        await expect(page.get_by_role("cell", name="3001", exact=True)).to_be_visible()
        await page.get_by_role("link", name="HTTP API").click()
        await expect(page.locator(".opblock-tag").first).to_be_visible(timeout=LOAD_MS)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_pages_fit_a_phone(server: Server, person: People, scheme: str) -> None:
    """Nothing is wider than the window, in both themes."""
    ada = await person(
        "ada",
        registered=False,
        color_scheme=scheme,
        viewport={"width": 390, "height": 844},
    )
    for path in ("/docs/frames", "/docs/errors", "/docs"):
        await ada.page.goto(f"{server.url}{path}")
        await expect(ada.page.locator("h1, .opblock-tag").first).to_be_visible(timeout=LOAD_MS)
        assert await ada.page.evaluate("document.documentElement.scrollWidth") == 390
    is_dark = await ada.page.evaluate("document.documentElement.classList.contains('dark-mode')")
    assert is_dark == (scheme == "dark")
