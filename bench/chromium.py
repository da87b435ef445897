"""What a browser reports about the chat page: bytes, times, and long tasks."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, NamedTuple

from playwright.async_api import Browser, BrowserContext, Page

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LONG_MS = 50
"""A task that takes longer is noticeable."""

_NOTE_READY = """
if (self === top) {
    const look = () => {
        const field = document.querySelector("[data-testid=composer], [autocomplete=username]");
        if (!field || field.disabled) return requestAnimationFrame(look);
        field.focus();
        window.readyAt = performance.now();
    };
    requestAnimationFrame(look);
}
"""
_NOTE_LONG = """
window.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: "longtask" });
"""
_LOOK = """() => new Promise((resolve) => requestAnimationFrame(() => {
    const box = document.querySelector(".messages");
    const below = box.scrollHeight - box.scrollTop - box.clientHeight;
    const seqs = [...box.querySelectorAll("[data-seq]")].map(({ dataset }) => Number(dataset.seq));
    resolve({
        nodes: document.querySelectorAll("*").length,
        isAtEdge: [box.scrollTop < 1, below < 1],
        seqs,
    });
}))"""


class Load(NamedTuple):
    """The cost of opening the page."""

    ready_ms: float
    """From the click until the input is ready."""
    sizes: dict[str, int]
    """Bytes on the wire with headers, by address."""

    @property
    def bytes(self) -> int:
        """The sum of all sizes."""
        return sum(self.sizes.values())


class Scrolled(NamedTuple):
    """The cost of scrolling."""

    tasks: list[float]
    """Milliseconds of the long tasks, by the clock."""
    work_ms: float
    """Milliseconds of CPU time of the longest task; other processes do not affect it."""
    nodes: int
    """The largest number of elements in the page."""
    gaps: int
    """How often a message between two shown ones was missing."""

    @property
    def longest(self) -> float:
        """The longest task, in milliseconds."""
        return max(self.tasks, default=0.0)


async def new_context(
    browser: Browser, url: str, login: dict[str, Any] | None, **options: Any
) -> BrowserContext:
    """Open a browser context with an empty cache, and with a login if one is given."""
    kept = [{"name": "yolk.session", "value": json.dumps(login)}] if login else []
    state: Any = {"cookies": [], "origins": [{"origin": url, "localStorage": kept}]}
    return await browser.new_context(storage_state=state, locale="en-US", **options)


async def load(context: BrowserContext, address: str, slowdown: float = 1) -> Load:
    """
    Open the page, and wait until the input is ready and the network is idle.

    Args:
        context: a browser context.
        address: the address of the page.
        slowdown: the factor by which the browser's CPU is slowed down.
    """
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("Network.enable")
    asked: dict[str, str] = {}
    sizes: dict[str, int] = {}

    def on_request(event: dict[str, Any]) -> None:
        asked[event["requestId"]] = event["request"]["url"]

    def on_finished(event: dict[str, Any]) -> None:
        address = asked.get(event["requestId"], "")
        if address.startswith("http"):
            sizes[address] = sizes.get(address, 0) + int(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", on_request)
    session.on("Network.loadingFinished", on_finished)
    if slowdown > 1:
        await session.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    await page.add_init_script(_NOTE_READY)
    await page.goto(address)
    await page.wait_for_function("() => window.readyAt")
    await page.wait_for_load_state("networkidle")
    ready = await page.evaluate("readyAt")
    await page.close()
    return Load(float(ready), sizes)


async def scroll(page: Page, messages: int, step: int, *, back: bool = True) -> Scrolled:
    """
    Scroll from the newest message of the open chat to the first, and back.

    Args:
        page: a page with an open chat.
        messages: the number of its messages.
        step: pixels of one turn of the mouse wheel.
        back: whether to scroll down again, too.
    """
    browser = page.context.browser
    assert browser is not None  # noqa: S101 - the context was not opened by a folder
    await page.evaluate(_NOTE_LONG)
    await browser.start_tracing(page=page, categories=["toplevel"])
    await page.locator(".messages").hover()
    most = gaps = 0
    for edge, last in ((0, 1), (1, messages))[: 1 + back]:
        seen: dict[str, Any] = {"seqs": [0, 0], "isAtEdge": [False, False]}
        while not (seen["isAtEdge"][edge] and seen["seqs"][-edge] == last):
            await page.mouse.wheel(0, step if edge else -step)
            seen = await page.evaluate(_LOOK)
            seqs = seen["seqs"]
            most = max(most, seen["nodes"])
            gaps += sum(after != before + 1 for before, after in pairwise(seqs))
    work_ms = _most_work(json.loads(await browser.stop_tracing())["traceEvents"])
    return Scrolled(await page.evaluate("longTasks"), work_ms, most, gaps)


def _most_work(events: list[dict[str, Any]]) -> float:
    """Return the milliseconds of CPU time of the longest task in a trace."""
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = (
        event["tdur"] / 1000
        for event in events
        if (event["pid"], event["tid"]) in mains and "RunTask" in event["name"] and "tdur" in event
    )
    return float(max(tasks))
