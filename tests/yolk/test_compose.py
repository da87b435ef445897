"""Middleware composition."""

from __future__ import annotations

from typing import Any

import pytest

from yolk import Middleware, Next, compose

CTX: Any = object()


def ring(name: str, log: list[str]) -> Middleware:
    """Return a middleware that notes its coming and going."""

    async def around(ctx: Any, next: Next) -> None:
        log.append(f"{name} in")
        await next()
        log.append(f"{name} out")

    return around


async def test_each_middleware_runs_around_those_behind_it() -> None:
    """The first middleware is the outermost: it begins first and ends last."""
    log: list[str] = []

    async def last(ctx: Any) -> None:
        log.append("last")

    await compose([ring("a", log), ring("b", log)], CTX, last)

    assert log == ["a in", "b in", "last", "b out", "a out"]


async def test_without_middlewares_the_handler_runs() -> None:
    """An empty stack calls the handler and returns its result."""

    async def last(ctx: Any) -> str:
        return "done"

    assert await compose([], CTX, last) == "done"


async def test_all_get_the_same_context() -> None:
    """One context goes through the whole chain."""
    seen = []

    async def look(ctx: Any, next: Next) -> None:
        seen.append(ctx)
        await next()

    async def last(ctx: Any) -> None:
        seen.append(ctx)

    await compose([look, look], CTX, last)

    assert seen == [CTX] * 3


async def test_who_does_not_call_next_ends_the_chain() -> None:
    """The inner middlewares never run; the outer ones go on."""
    log: list[str] = []

    async def stop(ctx: Any, next: Next) -> None:
        log.append("stop")

    async def last(ctx: Any) -> None:
        log.append("last")

    await compose([ring("a", log), stop, ring("b", log)], CTX, last)

    assert log == ["a in", "stop", "a out"]


async def test_an_error_goes_out_through_the_rings() -> None:
    """A middleware may catch an inner error; the outer ones do not see it then."""
    log: list[str] = []

    async def catch(ctx: Any, next: Next) -> None:
        try:
            await next()
        except ValueError as error:
            log.append(f"caught {error}")

    async def last(ctx: Any) -> None:
        raise ValueError("inside")

    await compose([ring("a", log), catch, ring("b", log)], CTX, last)

    assert log == ["a in", "b in", "caught inside", "a out"]


async def test_an_error_that_nobody_catches_comes_out() -> None:
    """The caller of the chain gets the handler's own error."""

    async def last(ctx: Any) -> None:
        raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        await compose([ring("a", [])], CTX, last)


async def test_next_may_be_called_once() -> None:
    """A second call is refused, and the inner part has run once."""
    log: list[str] = []

    async def twice(ctx: Any, next: Next) -> None:
        await next()
        await next()

    async def last(ctx: Any) -> None:
        log.append("last")

    with pytest.raises(RuntimeError, match="next\\(\\) twice"):
        await compose([twice, ring("b", log)], CTX, last)

    assert log == ["b in", "last", "b out"]


async def test_a_chain_may_run_for_many_contexts() -> None:
    """The stack has no state: another context starts from the beginning."""
    log: list[str] = []
    stack = [ring("a", log)]

    async def last(ctx: Any) -> None:
        log.append(ctx)

    one: Any = "one"
    two: Any = "two"
    await compose(stack, one, last)
    await compose(stack, two, last)

    assert log == ["a in", "one", "a out", "a in", "two", "a out"]


async def test_plain_functions_are_middlewares_too() -> None:
    """As in Koa: one returns what `next` does, another one ends the chain."""
    log: list[str] = []

    def on(_: Any, next: Next) -> Any:
        log.append("on")
        return next()

    def end(*_: Any) -> None:
        log.append("end")

    async def last(_: Any) -> None:
        log.append("last")

    await compose([on], CTX, last)
    await compose([on, end], CTX, last)

    assert log == ["on", "last", "on", "end"]
