"""`new plugin`: create a plugin and its test."""

from __future__ import annotations

import keyword
import re
from inspect import get_annotations, getfile
from pathlib import Path

import typer

from yolk.application import Application
from yolk.cli.plugins import names_on_app, names_on_context, names_provided
from yolk.cli.skeleton import PLUGIN, TABLE, TEST
from yolk.context import Context
from yolk.errors import StartError

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
MAX_NAME_LENGTH = 30
IMPORTED = {"msgspec", "yolk"}
"""Packages that the skeleton imports: a plugin of that name would hide them from tools."""


def make_plugin(app: Application, name: str, *, enable: bool) -> None:
    """
    Create `plugins/<name>` and `tests/plugins/test_<name>.py`, and print the next steps.

    Args:
        app: the application.
        name: the name of the plugin.
        enable: whether to add it to `config/plugin.py`.

    Raises:
        StartError: the name is invalid or taken.
    """
    _check_form(name)
    _check_free(app, name)
    plugin = app.root / "plugins" / name / "__init__.py"
    test = app.root / "tests" / "plugins" / f"test_{name}.py"
    for path in (plugin.parent, test):
        if path.exists():
            raise StartError(
                f"{path.relative_to(app.root)} exists already; choose another name, or move it."
            )
    kind = "".join(part.capitalize() for part in name.split("_"))
    line = f'{name} = {{"enable": True, "path": "plugins/{name}"}}'
    try:
        for path, text in ((plugin, PLUGIN), (test, TEST)):
            _write(path, text.substitute(name=name, kind=kind))
            typer.echo(f"Created {path.relative_to(app.root)}")
        if enable:
            _append(app.root / "config" / "plugin.py", line)
    except OSError as error:
        raise StartError(f"{error.filename} cannot be written: {error.strerror}.") from None
    says = "Added to config/plugin.py:" if enable else "To switch it on, add to config/plugin.py:"
    typer.echo(f"{says}\n\n{line}\n")
    typer.echo(f"Test it: python -m pytest {test.relative_to(app.root)}")


def _check_form(name: str) -> None:
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise StartError(
            f"A plugin cannot be called {name}; choose a Python identifier in lower case, "
            "such as last_seen."
        )
    if len(name) > MAX_NAME_LENGTH:
        raise StartError(
            f"The name {name} is too long; choose one of at most {MAX_NAME_LENGTH} characters."
        )


def _check_free(app: Application, name: str) -> None:
    """Refuse a name that is taken by a plugin, a setting, or an attribute of app or ctx."""
    registry = app.registry
    if name in registry.entries:
        raise StartError(f"{registry.sources[name]} lists a plugin {name} already.")
    if name in app.settings.__struct_fields__:
        raise StartError(f"{name} is a setting of the application; choose another name.")
    kinds = [found.kind for found in registry.found]
    on_app = {
        *dir(type(app)),
        *names_provided(Path(getfile(type(app.boots[-1])))),
        *(each for kind in kinds for each in names_on_app(kind)),
    }
    context = getattr(app, "context_class", Context)
    on_context = {
        *dir(context),
        *(each for base in context.__mro__ for each in get_annotations(base)),
        *(each for kind in kinds for each in names_on_context(kind)),
    }
    for owner, names in (("app", on_app), ("ctx", on_context)):
        if name in names:
            raise StartError(f"{owner}.{name} exists already; choose another name.")
    if name in IMPORTED:
        raise StartError(f"The plugin would hide the package {name}; choose another name.")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:  # x: never overwrite a file
        file.write(text)


def _append(path: Path, line: str) -> None:
    if not path.exists():
        _write(path, TABLE)
    text = path.read_text(encoding="utf-8")
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{'' if text.endswith(chr(10)) else chr(10)}\n{line}\n")
