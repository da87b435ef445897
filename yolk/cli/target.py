"""Load the application that a command inspects."""

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
    An application whose configuration has been read.

    An error after that, such as a missing secret in prod, is in `fault`. A command prints what it
    can, then raises it.
    """

    app: Application
    fault: StartError | None = None


def load(target: str | None) -> Loaded:
    """
    Load the application without starting it.

    Args:
        target: `module:factory`; by default `create_app` of the app.py in this folder.

    Raises:
        StartError: there is no application, or its configuration cannot be read.
    """
    # What an application prints or logs while it loads is not part of a command's output.
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
        raise StartError(f"{target or f'{MODULE}:{FACTORY}'} does not return a yolk.Application.")
    return Loaded(app)


def _find(target: str | None) -> Callable[[], Any]:
    if target is not None and not FORM.fullmatch(target):
        raise StartError(f"--app {target} is not of the form module:factory.")
    module_name, _, name = (target or MODULE).partition(":")
    name = name or FACTORY
    if target is None and not Path(f"{MODULE}.py").is_file():
        raise StartError(
            f"There is no {MODULE}.py in this folder; go to the application's folder, or name "
            "the application's factory with --app module:factory."
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise StartError(
                f"There is no module {module_name}; correct --app module:factory."
            ) from None
        raise
    factory = getattr(module, name, None)
    if not callable(factory):
        raise StartError(
            f"{module_name} has no function {name}; correct it, or name the application's factory "
            "with --app module:factory."
        )
    found: Callable[[], Any] = factory
    return found


def _half_loaded() -> Application | None:
    """Return the application whose loading failed, if its configuration had been read."""
    try:
        app = Sanic.get_app()
    except SanicException:
        return None
    return app if isinstance(app, Application) and hasattr(app, "boots") else None
