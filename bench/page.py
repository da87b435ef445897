"""The cost of opening the chat page, and of scrolling in it."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from playwright.async_api import Browser, async_playwright

from bench.archive import USER, archive
from bench.chromium import LONG_MS, PHONE, Load, Scrolled, load, new_context, scroll
from bench.errors import CannotMeasure, WrongAnswer
from bench.findings import Finding
from bench.servers import Services
from tests.browsers import find_browser
from yolk.testing import Server

MESSAGES = 10_000
"""In the open conversation."""
SLOWDOWN = 4
STEP = 1_000
"""Pixels of one turn of the mouse wheel."""
KIB = 1024
MAX_KB = 150.0
READY_MS = 1_000.0


def page(services: Services, turns: int) -> list[Finding]:
    """
    Open the page on a slow phone, and scroll through a long conversation.

    Raises:
        CannotMeasure: there is no Chromium.
        WrongAnswer: a message was missing.
    """
    program = find_browser()
    if program is None:
        raise CannotMeasure("There is no Chromium; `make test` says how to have one.")
    full = archive(services, 1, MESSAGES)
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # a browser is many processes
    loads: list[Load] = []
    scrolls: list[Scrolled] = []
    for turn in range(turns):
        full.rewind()
        with services.running("Yolk", {"DATABASE_URL": full.url}) as server:
            opened, scrolled = asyncio.run(_visit(program, server, full.conv(0)))
        if scrolled.gaps:
            raise WrongAnswer(f"{scrolled.gaps} times a message was missing while scrolling")
        loads.append(opened)
        scrolls.append(scrolled)
        print(
            f"{turn + 1}/{turns} ready {opened.ready_ms:,.0f} ms, {opened.bytes / KIB:,.1f} KiB, "
            f"{len(scrolled.tasks)} long tasks, {scrolled.longest:,.0f} ms at most",
            flush=True,
        )
    os.sched_setaffinity(0, usual)
    return [
        Finding(
            f"until one can type, ms, the CPU {SLOWDOWN} times as slow",
            [one.ready_ms for one in loads],
            READY_MS,
        ),
        Finding("first load, KB on the wire", [one.bytes / 1000 for one in loads], MAX_KB),
        Finding("first load, requests", [float(len(one.sizes)) for one in loads]),
        Finding(
            f"scrolling through {MESSAGES:,} messages and back, ms of the longest task",
            [one.longest for one in scrolls],
            float(LONG_MS),
        ),
        Finding("the same, ms of CPU time", [one.work_ms for one in scrolls], float(LONG_MS)),
        Finding(f"tasks over {LONG_MS} ms on the way", [float(len(one.tasks)) for one in scrolls]),
        Finding("elements in the page, at most", [float(one.nodes) for one in scrolls]),
    ]


async def _visit(program: str, server: Server, conv: str) -> tuple[Load, Scrolled]:
    me: dict[str, Any] = {"id": USER, "username": f"user{USER}", "nickname": "", "avatar": ""}
    kept = {"key": "bench", "me": me, "token": server.token(id=USER), "refresh_token": ""}
    address = f"{server.url}/#{conv}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        opened = await _open(browser, server, kept, address)
        scrolled = await _scroll(browser, server, kept, address)
        await browser.close()
    return opened, scrolled


async def _open(browser: Browser, server: Server, kept: dict[str, Any], address: str) -> Load:
    """Open the page twice, and return the second: the first page of a process starts slowly."""
    opened = [await _open_once(browser, server, kept, address) for _ in range(2)]
    return opened[1]


async def _open_once(browser: Browser, server: Server, kept: dict[str, Any], address: str) -> Load:
    context = await new_context(browser, server.url, kept, **PHONE)
    opened = await load(context, address, SLOWDOWN)
    await context.close()
    return opened


async def _scroll(browser: Browser, server: Server, kept: dict[str, Any], address: str) -> Scrolled:
    context = await new_context(browser, server.url, kept)
    tab = await context.new_page()
    await tab.goto(address)
    await tab.locator(f"[data-seq='{MESSAGES}']").wait_for()
    return await scroll(tab, MESSAGES, STEP)
