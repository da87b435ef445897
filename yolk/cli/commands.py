"""The commands, their arguments and options."""

from __future__ import annotations

from typing import Annotated

import typer

from yolk.cli.config import show_config
from yolk.cli.contributed import Groups
from yolk.cli.new import make_plugin
from yolk.cli.plugins import show_plugins
from yolk.cli.routes import show_routes
from yolk.cli.target import load
from yolk.cli.types import write_types

PROGRAM = "python -m yolk"

App = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="MODULE:FACTORY",
        help="The application's factory; by default create_app() of the app.py in this folder.",
    ),
]
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The plugin's name, in lower case: last_seen.")
]
Check = Annotated[
    bool, typer.Option("--check", help="Only fail if the file is out of date; write nothing.")
]
Enable = Annotated[bool, typer.Option("--enable", help="Also switch it on in config/plugin.py.")]


def main() -> None:
    """Run the command line."""
    commands = typer.Typer(
        cls=Groups,
        help="Inspect an application, create a part of it, or run a command of its own. YOLK_ENV "
        "selects the environment.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    commands.callback()(remember)
    commands.command()(plugins)
    commands.command()(routes)
    commands.command()(config)
    commands.command()(types)
    new = typer.Typer(help="Create a part of the application.", no_args_is_help=True)
    new.command("plugin")(new_plugin)
    commands.add_typer(new, name="new")
    commands(prog_name=PROGRAM)


def remember(context: typer.Context, app: App = None) -> None:
    """Keep an `--app` given before the command's name."""
    context.obj = app


def plugins(context: typer.Context, app: App = None) -> None:
    """List the plugins: their state and its reason, starting order, dependencies and attributes."""
    show_plugins(load(app or context.obj))


def routes(context: typer.Context, app: App = None) -> None:
    """List the HTTP and WebSocket routes with their middlewares and handlers."""
    show_routes(load(app or context.obj))


def config(context: typer.Context, app: App = None) -> None:
    """List the settings with their values and sources; secrets are masked."""
    show_config(load(app or context.obj))


def types(context: typer.Context, check: Check = False, app: App = None) -> None:
    """Write extend/trees.py: app.controller and ctx.service for editors and mypy."""
    write_types(load(app or context.obj), check=check)


def new_plugin(context: typer.Context, name: Name, enable: Enable = False, app: App = None) -> None:
    """Create plugins/NAME and a test that passes. No file is overwritten."""
    make_plugin(load(app or context.obj).app, name, enable=enable)
