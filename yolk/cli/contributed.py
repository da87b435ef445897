"""The commands of the application and of its plugins."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import typer
from sanic.log import logger
from typer.core import TyperGroup

from yolk.application import Application
from yolk.cli.target import MODULE, Loaded, load
from yolk.commands import Commands
from yolk.errors import ApiError, StartError
from yolk.lifecycle import started
from yolk.loader import load_tree
from yolk.tree import Tree

FOLDER = "commands"
"""The application's folder of commands, and a plugin's module of them."""


class Groups(TyperGroup):
    """The framework's commands, and those that the application and its plugins contribute."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands; only the framework's where the application fails."""
        own = super().list_commands(ctx)
        try:
            return [*own, *self._contributed(ctx)]
        except (Exception, SystemExit):  # noqa: BLE001 - the help needs no application
            return own

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command by name, or None."""
        return super().get_command(ctx, cmd_name) or self._contributed(ctx).get(cmd_name)

    def _contributed(self, ctx: Any) -> dict[str, Any]:
        target = ctx.params.get("app")
        if target is None and not Path(f"{MODULE}.py").is_file():
            return {}
        if "contributed" not in ctx.meta:
            loaded = load(target)
            ctx.meta["contributed"] = {
                name: typer.main.get_command(_group(loaded, name, kind))
                for name, kind in find_commands(loaded.app, set(self.commands)).items()
            }
        found: dict[str, Any] = ctx.meta["contributed"]
        return found


def find_commands(app: Application, taken: set[str]) -> dict[str, type[Commands[Any]]]:
    """
    Return the groups of commands by name: those of the application, then those of the plugins.

    Args:
        app: the application, loaded.
        taken: the names of the framework's commands.

    Raises:
        StartError: two groups have one name.
    """
    found: dict[str, type[Commands[Any]]] = {}
    sources: dict[str, str] = dict.fromkeys(taken, "yolk")
    for name, kind, source in (*_of_application(app), *_of_plugins(app)):
        command = name.replace("_", "-")
        if command in sources:
            raise StartError(
                f"{source}: there is a command {command} already, of {sources[command]}; rename "
                "one of the two."
            )
        sources[command] = source
        found[command] = kind
    return found


def _of_application(app: Application) -> Iterator[tuple[str, type[Commands[Any]], str]]:
    tree = load_tree(app.root, FOLDER, FOLDER, Commands)
    for name, branch in sorted(tree._branches.items()):
        if isinstance(branch, Tree):
            raise StartError(f"{FOLDER}/{name} is a folder; put commands into {FOLDER}/NAME.py.")
        yield name, branch, f"{FOLDER}/{name}.py"  # type: ignore[misc]  # of the kind asked for


def _of_plugins(app: Application) -> Iterator[tuple[str, type[Commands[Any]], str]]:
    for plugin in app.registry.found:
        package = plugin.kind.__module__
        module_name = f"{package}.{FOLDER}"
        if not _exists(package, module_name):
            continue
        module = importlib.import_module(module_name)
        wanted = "".join(part.capitalize() for part in plugin.name.split("_")) + "Commands"
        kind = getattr(module, wanted, None)
        if not (isinstance(kind, type) and issubclass(kind, Commands)):
            raise StartError(f"the plugin {plugin.name}: {module_name} must have a class {wanted}.")
        yield plugin.name, kind, f"the plugin {plugin.name}"


def _exists(package: str, module_name: str) -> bool:
    is_package = hasattr(importlib.import_module(package), "__path__")
    return is_package and importlib.util.find_spec(module_name) is not None


def _group(loaded: Loaded, group_name: str, kind: type[Commands[Any]]) -> typer.Typer:
    group = typer.Typer(
        name=group_name, help=_summary(kind), no_args_is_help=True, add_completion=False
    )
    group.callback()(lambda: None)  # a group, even of one command
    for name, method in vars(kind).items():
        if not name.startswith("_") and inspect.iscoroutinefunction(method):
            command = name.replace("_", "-")
            group.command(command, help=_summary(method))(_runner(loaded, kind, name, method))
    return group


def _summary(described: Any) -> str:
    return (inspect.getdoc(described) or "").partition("\n\n")[0]


def _runner(
    loaded: Loaded, kind: type[Commands[Any]], name: str, method: Callable[..., Any]
) -> Callable[..., None]:
    """Return a function with the parameters of *method*, which runs it."""
    hints = get_type_hints(method, include_extras=True)
    _, *parameters = inspect.signature(method).parameters.values()

    def run(**arguments: Any) -> None:
        if loaded.fault:
            raise loaded.fault
        asyncio.run(_run(loaded.app, kind, name, arguments))

    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what Typer reads
        [each.replace(annotation=hints.get(each.name, str)) for each in parameters]
    )
    run.__annotations__ = {each.name: hints.get(each.name, str) for each in parameters}
    return run


async def _run(
    app: Application, kind: type[Commands[Any]], name: str, arguments: dict[str, Any]
) -> None:
    """
    Run one command in the started application.

    Raises:
        StartError: the application does not start, or the command fails with an `ApiError`.
    """
    logger.setLevel(logging.WARNING)
    async with started(app):
        commands = kind(app.context_class.for_command(app, f"{kind.__name__}.{name}"))
        try:
            await getattr(commands, name)(**arguments)
        except Exception as error:
            found = error if isinstance(error, ApiError) else commands.translate(error)
            if found is None:
                raise
            text = found.text("en")
            raise StartError(text if text.endswith(".") else f"{text}.") from None
