"""The application that a command is about."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from sanic import Sanic, SanicException
from sanic.log import LOGGING_CONFIG_DEFAULTS

from yolk.application import Application
from yolk.errors import StartError

MODULE, FACTORY = "app", "create_app"
FORM = re.compile(r"\w+(\.\w+)*(:\w+)?")


class Loaded(NamedTuple):
    """
    An application as far as it could be loaded: its configuration has been read.

    What is wrong beyond that is in `fault`, such as a secret that is missing in prod. A command
    shows what there is, and then raises it.
    """

    app: Application
    fault: StartError | None = None


def load(target: str | None) -> Loaded:
    """
    Load the application, and start nothing of it.

    Args:
        target: `module:factory`; without it, `create_app` of the app.py in this folder.

    Raises:
        StartError: there is none, or its configuration cannot be read.
    """
    # What an application prints or logs while it loads is no part of a command's answer.
    for handler in LOGGING_CONFIG_DEFAULTS["handlers"].values():
        handler["stream"] = sys.stderr
    with redirect_stdout(sys.stderr):
        factory = _find(target)
        try:
            app = factory()
        except StartError as fault:
            half = _half_loaded()
            if half is None:
                raise
            return Loaded(half, fault)
    if not isinstance(app, Application):
        raise StartError(f"{target or f'{MODULE}:{FACTORY}'} gives no yolk.Application.")
    return Loaded(app)


def _find(target: str | None) -> Callable[[], Any]:
    if target is not None and not FORM.fullmatch(target):
        raise StartError(f"--app {target} is not of the form module:factory.")
    module_name, _, name = (target or MODULE).partition(":")
    name = name or FACTORY
    if target is None and not Path(f"{MODULE}.py").is_file():
        raise StartError(
            f"There is no {MODULE}.py in this folder; go to the application's folder, or say "
            "what makes the application with --app module:factory."
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise StartError(
                f"There is no module {module_name} to take the application from; "
                "correct --app module:factory."
            ) from None
        raise
    factory = getattr(module, name, None)
    if not callable(factory):
        raise StartError(
            f"{module_name} has no function {name}; correct it, or say what makes the application "
            "with --app module:factory."
        )
    found: Callable[[], Any] = factory
    return found


def _half_loaded() -> Application | None:
    """Give the application whose loading failed, if its configuration had been read by then."""
    try:
        app = Sanic.get_app()
    except SanicException:
        return None
    return app if isinstance(app, Application) and hasattr(app, "boots") else None
