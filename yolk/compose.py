"""Middleware composition as in Koa: each middleware runs around the following ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from yolk.context import Context

Next: TypeAlias = Callable[[], Awaitable[None]]
"""The rest of the chain, which a middleware awaits."""

# A middleware names the context class of its own application, hence Any.
Middleware: TypeAlias = Callable[[Any, Next], Awaitable[None] | None]
Handler: TypeAlias = Callable[[Any], Awaitable[Any]]


class _Step:
    """One `next()`: it calls the middleware at its position with the following `next`."""

    __slots__ = ("called", "ctx", "last", "position", "stack")

    def __init__(
        self, stack: Sequence[Middleware], ctx: Context, last: Handler, position: int
    ) -> None:
        self.stack = stack
        self.ctx = ctx
        self.last = last
        self.position = position
        self.called = False

    def __call__(self) -> Awaitable[Any]:
        if self.called:
            raise RuntimeError("a middleware called next() twice")
        self.called = True
        if self.position == len(self.stack):
            return self.last(self.ctx)
        following = _Step(self.stack, self.ctx, self.last, self.position + 1)
        # A plain function is a middleware too, as in Koa; it returns what `next` does, or nothing.
        return self.stack[self.position](self.ctx, following) or _nothing()


async def _nothing() -> None:
    pass


def compose(stack: Sequence[Middleware], ctx: Context, last: Handler) -> Awaitable[Any]:
    """
    Run *stack* around *last*.

    Args:
        stack: middlewares, the outermost first.
        ctx: the context that each of them is called with.
        last: the handler, called when every middleware has called `next`.

    Raises:
        RuntimeError: a middleware called `next` a second time.
    """
    return _Step(stack, ctx, last, 0)()
