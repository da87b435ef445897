"""`routes`: all routes with their middlewares and handlers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer
from rich.text import Text

from yolk import openapi_page
from yolk.application import Application
from yolk.cli.plugins import environment
from yolk.cli.table import NOTHING, Cell, show_table
from yolk.cli.target import Loaded
from yolk.router import Route

COLUMNS = ("Method", "Path", "Middlewares", "Handler")


def show_routes(loaded: Loaded) -> None:
    """
    Print the routes of `app.http` and of `app.ws` in order of mounting, then those of Sanic.

    Raises:
        StartError: the application could not be loaded, so its routes are not known.
    """
    app = loaded.app
    if loaded.fault:
        raise loaded.fault
    sockets = list(getattr(getattr(app, "ws", None), "routes", ()))
    rows = [_row(route, ", ".join(route.methods)) for route in app.http.routes]
    rows += [_row(route, "WS") for route in sockets]
    mounted = [*(route.name for route in (*app.http.routes, *sockets)), *openapi_page.NAMES]
    known = {f"{app.name}.{name}" for name in mounted}
    rows += _rows_of_sanic(app, known)
    show_table(f"Routes, {environment(app)}", COLUMNS, rows)
    for when, found in (("before", app.request_middleware), ("after", app.response_middleware)):
        if found:
            names = ", ".join(name_of(each.func) for each in found)
            typer.echo(f"Sanic's own middlewares {when} every handler: {names}")


def _row(route: Route, method: str) -> list[Cell]:
    chain = " > ".join(name_of(each) for each in route.chain)
    return [Text(method, style="cyan"), route.path, chain or NOTHING, _handler(route.handler)]


def _rows_of_sanic(app: Application, known: set[str]) -> Iterator[list[Cell]]:
    """Yield the routes that were added to Sanic directly, such as static files."""
    for route in app.router.routes:
        if route.name in known:
            continue
        method = "WS" if route.extra.websocket else ", ".join(sorted(route.methods))
        handler = _files(app, route.handler) if route.extra.static else _handler(route.handler)
        yield [Text(method, style="cyan"), f"/{route.path.lstrip('/')}", NOTHING, handler]


def _files(app: Application, handler: Any) -> str:
    path = Path(handler.keywords["file_or_directory"])
    inside = path.is_relative_to(app.root)
    return f"files: {path.relative_to(app.root) if inside else path}"


def _handler(handler: Callable[..., Any]) -> str:
    """Return the name of a handler; for a controller's method, its name below `app.controller`."""
    name, module = name_of(handler), getattr(_inner(handler), "__module__", "")
    room, _, path = module.partition(".")
    if room == "controllers" and path:
        return f"{path}.{name.rpartition('.')[2]}"
    return f"{module}.{name}"


def name_of(function: Any) -> str:
    """Return the qualified name of a function, or of an object's class."""
    function = _inner(function)
    name: str = getattr(function, "__qualname__", "") or type(function).__qualname__
    return name.replace(".<locals>", "")


def _inner(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    return function
