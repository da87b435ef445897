"""`plugins`: the plugin table."""

from __future__ import annotations

import ast
import inspect
import os
from collections.abc import Iterator
from pathlib import Path

from rich.text import Text

from yolk.application import Application
from yolk.boot import Plugin
from yolk.cli.table import NOTHING, Cell, show_table
from yolk.cli.target import Loaded
from yolk.plugin_registry import Found, Registry

COLUMNS = ("Start", "Plugin", "State", "Why", "From", "Needs", "Provides")


def show_plugins(loaded: Loaded) -> None:
    """
    Print the plugins in starting order, those that are off at the end.

    Raises:
        StartError: the application could not be loaded completely.
    """
    registry = loaded.app.registry
    rows = [_row_on(registry, found, str(i)) for i, found in enumerate(registry.found, 1)]
    rows += [_row_off(registry, name) for name in registry.entries if not registry.is_on(name)]
    show_table(f"Plugins, {environment(loaded.app)}", COLUMNS, rows)
    if loaded.fault:
        raise loaded.fault


def environment(app: Application) -> str:
    """Return the name of the environment and where it was set."""
    chosen = os.environ.get("YOLK_ENV")
    if chosen == app.env:
        return f"environment {app.env} (YOLK_ENV)"
    return f"environment {app.env}" if chosen else f"environment {app.env} (YOLK_ENV is not set)"


def _row_on(registry: Registry, found: Found, position: str) -> list[Cell]:
    needs = [
        *found.dependencies,
        *(_optional(registry, name) for name in found.optional_dependencies),
    ]
    brings = [
        *(f"app.{name}" for name in names_on_app(found.kind)),
        *(f"ctx.{name}" for name in names_on_context(found.kind)),
    ]
    state = Text("on", style="green")
    return [
        position,
        found.name,
        state,
        _reason(registry, found.name),
        _origin(registry, found.name),
        _join(needs),
        _join(brings),
    ]


def _row_off(registry: Registry, name: str) -> list[Cell]:
    entry = registry.entries[name]
    # The plugin is not imported, so only the table's own properties are known.
    needs = [*entry.dependencies, *(f"{each} (optional)" for each in entry.optional_dependencies)]
    state = Text("off", style="red")
    reason, origin = _reason(registry, name), _origin(registry, name)
    return [NOTHING, name, state, reason, origin, _join(needs), NOTHING]


def _optional(registry: Registry, name: str) -> str:
    return f"{name} (optional{'' if registry.is_on(name) else ', off'})"


def _join(names: list[str]) -> str:
    return ", ".join(names) or NOTHING


def _reason(registry: Registry, name: str) -> str:
    """Return the file, and the property, that decide whether *name* is on."""
    entry, said = registry.entries[name], registry.said[name]
    if not entry.enable:
        return f"{said['enable']}: enable is False"
    if entry.env:
        return f"{said['env']}: only in {', '.join(entry.env)}"
    return said.get("enable", registry.sources[name])


def _origin(registry: Registry, name: str) -> str:
    entry = registry.entries[name]
    if entry.path:
        return entry.path
    return f"package {entry.package}" if entry.package else NOTHING


def names_on_context(kind: type[Plugin]) -> list[str]:
    """Return the names that a plugin adds to every `ctx`."""
    classes = kind.context.__mro__[:-1] if kind.context else ()
    names = [name for each in classes for name in vars(each) if not name.startswith("_")]
    return list(dict.fromkeys(names))


def names_on_app(kind: type[Plugin]) -> list[str]:
    """
    Return the names that a plugin adds to the application.

    Most of them are added when a worker starts, which the command line never does. So the plugin's
    files are searched for `provide("name", ...)`.
    """
    files: list[Path] = []
    for each in kind.__mro__[: kind.__mro__.index(Plugin)]:
        path = Path(inspect.getfile(each))
        files += sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]
    return list(dict.fromkeys(name for path in files for name in names_provided(path)))


def names_provided(path: Path) -> Iterator[str]:
    """
    Yield the names that a file puts on the application; none if it is not valid Python.

    These are the names in `provide("name", ...)`, and the attributes of a class `Parts`.
    """
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="provide"), args=[ast.Constant(value=str(name)), _]
            ):
                yield name
            case ast.ClassDef(name="Parts"):
                for inner in ast.walk(node):
                    match inner:
                        case ast.Attribute(ast.Name("self"), attr=name, ctx=ast.Store()):
                            yield name
