"""Parts of sanic-ext that run with every request, switched off where the application has no use."""

from __future__ import annotations

from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yolk.application import Application

UNUSED_SIGNAL = "extension.injection.unused"
"""A signal that is never dispatched."""


def switch_off_unused(app: Application) -> None:
    """
    Switch off CORS and dependency injection of sanic-ext where no route can need them.

    CORS needs `CORS_ORIGINS` or a handler's `@cors`. Injection needs a handler with parameters
    beside the request and those of the path.
    """
    routes = app.router.routes
    if not app.config.get("CORS_ORIGINS") and not any(
        hasattr(route.handler, "__cors__") for route in routes
    ):
        app.config.CORS = False
    if not any(_takes_dependencies(route) for route in routes):
        app.config.INJECTION_SIGNAL = UNUSED_SIGNAL


def _takes_dependencies(route: Any) -> bool:
    handler = route.handler
    if route.extra.websocket or hasattr(handler, "view_class"):
        return True
    _, *others = signature(handler).parameters.values()
    bound = getattr(handler, "keywords", {})  # of a functools.partial
    return any(
        each.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        and each.name not in bound
        and f"<{each.name}" not in f"/{route.path}"
        for each in others
    )
