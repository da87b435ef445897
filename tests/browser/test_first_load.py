"""The first load of the page, and its security policy."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.javascript import WEB, static_imports

if TYPE_CHECKING:
    from yolk.testing import Server

MAX_BYTES = 150_000


def needed_modules(path: str, named: dict[str, str], found: list[str]) -> list[str]:
    """Return the files that a module needs before it can run, itself among them."""
    if path in found:
        return found
    found.append(path)
    for name in static_imports(WEB / path):
        inner = named.get(name) or str((WEB / path).parent.joinpath(name).resolve())
        needed_modules(
            str(Path(inner).relative_to(WEB)) if name not in named else inner, named, found
        )
    return found


def opened_page() -> tuple[str, dict[str, str]]:
    """Return the text of index.html, and the files of its import map by their names."""
    text = (WEB / "index.html").read_text()
    found = re.findall(r'"([\w@/-]+)": "\./web/(vendor/[\w.-]+)"', text)
    return text, dict(found)


def test_modules_are_loaded_in_parallel() -> None:
    """The page names every module that it needs, so that they are loaded in parallel."""
    text, named = opened_page()
    first, later = text.split('<template id="deferred">')

    needed = needed_modules("app.js", named, [])
    later_modules = [path for path in needed_modules("chats.js", named, []) if path not in needed]

    preload = r'rel="modulepreload" href="\./web/([^"]+)"'
    assert sorted(re.findall(preload, first)) == sorted(set(needed) - {"app.js"})
    assert sorted(re.findall(preload, later)) == sorted(later_modules)


def test_the_first_load_is_small() -> None:
    """Everything that is loaded before a click is less than 150 KB on the wire."""
    text, _ = opened_page()
    paths = [WEB / path for path in re.findall(r'(?:href|src)="\./web/([^"]+)"', text)]

    sizes = [len(gzip.compress(path.read_bytes())) for path in {WEB / "index.html", *paths}]

    assert len(sizes) > 20
    assert sum(sizes) < MAX_BYTES


async def test_files_are_compressed_and_kept(server: Server) -> None:
    """A versioned file is never requested again, and any other file only for changes."""
    async with httpx.AsyncClient(base_url=server.url) as client:
        opened = await client.get("/")
        path = re.findall(r'src="\.(/web/v-[0-9a-f]+/app\.js)"', opened.text)[0]
        named = await client.get(path)
        plain = await client.get("/web/app.js")
        again = await client.get("/web/app.js", headers={"If-None-Match": plain.headers["etag"]})
        old = await client.get(re.sub("v-[0-9a-f]+", "v-000000000000", path))
        outside = await client.get("/web/..%2fapp.py")

    assert opened.headers["cache-control"] == "no-cache"
    assert named.headers["content-encoding"] == "gzip"
    assert "immutable" in named.headers["cache-control"]
    assert named.text == plain.text == old.text == (WEB / "app.js").read_text()
    assert plain.headers["cache-control"] == old.headers["cache-control"] == "no-cache"
    assert again.status_code == 304
    assert outside.status_code == 404


@pytest.mark.asyncio(loop_scope="session")
async def test_the_security_policy(browser: Browser, server: Server) -> None:
    """The policy allows no inline script and no foreign address, and the page needs none."""
    context = await browser.new_context(locale="en-US")
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    response: Any = await page.goto(server.url)
    await expect(page.get_by_label("Username")).to_be_visible()

    policy = response.headers["content-security-policy"]
    await page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.append("window.pwned = 1");
            document.body.append(script);
        }"""
    )

    assert "unsafe" not in policy
    assert "connect-src 'self';" in policy
    own = (server.url, server.url.replace("http", "ws", 1), "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []
    assert await page.evaluate("window.pwned") is None
    await context.close()
