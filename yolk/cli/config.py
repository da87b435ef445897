"""`config`: all settings with their values and sources."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from rich.text import Text
from sanic.config import DEFAULT_CONFIG

from yolk.application import Application
from yolk.cli.masking import show_value
from yolk.cli.plugins import environment
from yolk.cli.table import NOTHING, Cell, show_table
from yolk.cli.target import Loaded
from yolk.settings import extension_defaults

COLUMNS = ("Setting", "Value", "Default", "From")
DEFAULT = "default"
CODE = "the application's code"
"""The source of a value that a hook has changed."""


def show_config(loaded: Loaded) -> None:
    """
    Print the settings of the application and the plugins, and the changed ones of Sanic.

    Raises:
        StartError: the application could not be loaded completely.
    """
    app = loaded.app
    rows = list(_rows(app, "", app.settings, dict(app.config)))
    for name, plugin in app.plugins.items():
        rows += _rows(app, f"{name}.", plugin.settings, _values(app.config[name]))
    rows += _rows_of_sanic(app)
    show_table(f"Settings, {environment(app)}", COLUMNS, rows)
    if loaded.fault:
        raise loaded.fault


def _rows(
    app: Application, prefix: str, stated: msgspec.Struct, values: Mapping[str, Any]
) -> Iterator[list[Cell]]:
    """
    Yield a row for each field of a section and of the sections inside it.

    Args:
        app: the application.
        prefix: the beginning of the fields' dotted names.
        stated: the values from files and environment variables.
        values: the values in effect, which a hook may have changed.
    """
    for field in msgspec.structs.fields(stated):
        dotted, said = f"{prefix}{field.name}", getattr(stated, field.name)
        value = values.get(field.name, said)
        if isinstance(said, msgspec.Struct):
            yield from _rows(app, f"{dotted}.", said, _values(value))
            continue
        source = app.layers.sources.get(dotted, DEFAULT) if value == said else CODE
        yield _row(dotted, value, _default(field), source)


def _values(settings: object) -> Mapping[str, Any]:
    return msgspec.structs.asdict(settings) if isinstance(settings, msgspec.Struct) else {}


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _rows_of_sanic(app: Application) -> Iterator[list[Cell]]:
    """Yield a row for each setting of Sanic and sanic-ext that differs from its default."""
    defaults = {**extension_defaults(), **DEFAULT_CONFIG}
    for name, value in sorted(app.config.items()):
        default = defaults.get(name, msgspec.NODEFAULT)
        if not name.isupper() or value == default:
            continue
        variable = f"SANIC_{name}"
        if name == "OAS" and not {name, variable} & {*app.layers.sources, *os.environ}:
            continue  # set by `yolk.openapi_page`, not by the user
        other = f"${variable}" if variable in os.environ else CODE
        yield _row(name, value, default, app.layers.sources.get(name, other))


def _row(name: str, value: Any, default: Any, source: str) -> list[Cell]:
    changed = source != DEFAULT and default is not msgspec.NODEFAULT and value != default
    return [
        name,
        Text(show_value(name, value), style="" if source == DEFAULT else "bold"),
        show_value(name, default) if changed else NOTHING,
        Text(source, style="dim" if source == DEFAULT else "green"),
    ]
