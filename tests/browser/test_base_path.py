"""The page below a path, behind a proxy."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.prefix_proxy import below

if TYPE_CHECKING:
    from tests.browser.conftest import People
    from yolk.testing import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_page_works_below_a_path(server: Server, person: People, tmp_path: Path) -> None:
    """Everything is asked for below the path: modules, requests, the socket, files."""
    (tmp_path / "note.txt").write_text("below a path")
    async with below("/im", server.port) as url:
        at: Any = SimpleNamespace(url=url)
        ada, grace = await person("ada", at=at), await person("grace")
        await ada.open_chat_with(grace)
        await ada.say("Hello from below")
        await grace.open_chat("Ada")
        await grace.say("Hello")
        await expect(ada.message("Hello")).to_be_visible()

        async with ada.page.expect_file_chooser() as chooser:
            await ada.find("attach").click()
        await (await chooser.value).set_files(tmp_path / "note.txt")
        await ada.find("send-files").click()
        async with ada.page.expect_download() as download:
            await ada.find("file").click()
        assert Path(await (await download.value).path()).read_text() == "below a path"
        await ada.page.reload()
        await expect(ada.message("Hello")).to_be_visible()
