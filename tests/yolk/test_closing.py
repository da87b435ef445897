"""Closing in reverse order."""

from __future__ import annotations

import logging

import pytest

from yolk.closing import ClosingStack


async def test_the_last_one_is_closed_first() -> None:
    """Functions and coroutine functions are called in reverse order."""
    closed: list[str] = []

    async def second() -> None:
        closed.append("second")

    async with ClosingStack() as closing:
        closing.add(lambda: closed.append("first"))
        closing.add(second)
        closing.add(lambda: closed.append("third"))

    assert closed == ["third", "second", "first"]


async def test_a_closer_that_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """It does not keep the next one from running, and each error is logged."""
    closed: list[str] = []

    async def fails() -> None:
        raise ValueError("open")

    def fails_too() -> None:
        raise ValueError("still open")

    closing = ClosingStack()
    closing.add(lambda: closed.append("first"))
    closing.add(fails)
    closing.add(fails_too)
    with caplog.at_level(logging.ERROR):
        await closing.aclose()

    assert closed == ["first"]
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == [
        "still open",
        "open",
    ]


async def test_what_was_moved_is_not_closed() -> None:
    """A start that succeeds keeps its closers for later: `pop_all`."""
    closed: list[str] = []

    async with ClosingStack() as closing:
        closing.add(lambda: closed.append("first"))
        kept = closing.pop_all()

    assert closed == []
    await kept.aclose()
    assert closed == ["first"]
