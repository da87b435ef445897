"""From what a route names to the function that handles a request."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from yolk.compose import Handler
from yolk.controller import Controller
from yolk.errors import StartError
from yolk.tree import find

if TYPE_CHECKING:
    from yolk.application import Application


def resolve_handler(app: Application, target: Any) -> Handler:
    """
    Return a callable that takes a context.

    Args:
        app: the application, whose controllers are searched for a dotted name.
        target: a controller's method, its dotted name below `app.controller`, or any function
            that takes a context.

    Raises:
        StartError: there is no such handler; the text lists the existing names.
    """
    if isinstance(target, str):
        try:
            target = find(app.controller, target)
        except AttributeError as error:
            raise StartError(f"routes: no handler {target!r}: {error}") from None
    if not callable(target) or isinstance(target, type):
        raise StartError(f"routes: {target!r} is not a handler; name a controller's method.")
    owner = controller_of(target)
    if owner is None:
        return target if inspect.iscoroutinefunction(target) else _awaiting(target)
    method_name = target.__name__

    async def handle(ctx: Any) -> Any:
        # Called by name, so that a subclass's override is used.
        result = getattr(owner(ctx), method_name)()
        return await result if inspect.isawaitable(result) else result

    handle.__doc__ = target.__doc__
    handle.__module__, handle.__qualname__ = owner.__module__, target.__qualname__
    handle.__dict__.update(target.__dict__)  # its description: see `yolk.describe`
    return handle


def _awaiting(target: Callable[[Any], Any]) -> Handler:
    """Return a handler that calls a plain function, which may return an awaitable."""

    @wraps(target)
    async def handle(ctx: Any) -> Any:
        result = target(ctx)
        return await result if inspect.isawaitable(result) else result

    return handle


def controller_of(target: Any) -> type[Controller[Any]] | None:
    """Return the controller class whose method *target* is, or None."""
    if not inspect.isfunction(target) or "." not in target.__qualname__:
        return None
    owner: Any = sys.modules.get(target.__module__)
    for name in target.__qualname__.split(".")[:-1]:
        owner = getattr(owner, name, None)
    return owner if isinstance(owner, type) and issubclass(owner, Controller) else None
