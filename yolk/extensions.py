"""What sanic-ext would do with every request, left out where it can change nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, get_type_hints

from sanic import Request as SanicRequest

if TYPE_CHECKING:
    from yolk.application import Application

_NEVER = "extension.injection.unused"
"""A signal that nobody dispatches."""

_FROM_THE_PATH = (str, int, float)
"""What Sanic itself makes of a part of the path."""


def leave_out_unused(app: Application) -> None:
    """
    Spare every request what sanic-ext would do in vain.

    It writes the headers of CORS, which there are only with `CORS_ORIGINS` or a handler's `@cors`,
    and looks for values to pass to handlers, which only handlers with more parameters than the
    request and parts of the path can take.
    """
    routes = [route for group in app.router.groups.values() for route in group]
    if not app.config.get("CORS_ORIGINS") and not any(
        hasattr(route.handler, "__cors__") for route in routes
    ):
        app.config.CORS = False
    if not any(_takes_more(route.handler, route.uri) for route in routes):
        app.config.INJECTION_SIGNAL = _NEVER


def _takes_more(handler: Callable[..., Any], path: str) -> bool:
    """Tell whether sanic-ext might find something to pass; True where that is not clear."""
    bound: dict[str, Any] = {"return": None}
    if isinstance(handler, partial):
        bound |= handler.keywords
        handler = handler.func
    if hasattr(handler, "view_class") or hasattr(handler, "__route_handler__"):
        return True
    try:
        hints = get_type_hints(handler)
    except (NameError, TypeError):
        return True
    return any(
        name not in bound
        and kind not in (SanicRequest, Any)
        and not (kind in _FROM_THE_PATH and f"<{name}" in path)
        for name, kind in hints.items()
    )
