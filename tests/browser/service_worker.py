"""The service worker of the page, which pages start some seconds after they have loaded."""

from __future__ import annotations

from playwright.async_api import Page

START = """async () => {
    const script = document.querySelector("script[src*='/app.js']").src;
    const { start } = await import(new URL("state/service_worker.js", script));
    await start();
    await navigator.serviceWorker.ready;
}"""


async def start_worker(page: Page) -> None:
    """Start the service worker now, and wait until it is active."""
    await page.evaluate(START)
