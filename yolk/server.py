"""Serve an application from its own file: `python app.py`."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Callable

from sanic import Sanic
from sanic.worker.loader import AppLoader

from yolk.application import Application

# At its end, Python searches all objects for garbage several times, which takes longer than closing
# the application. The system frees what frozen objects hold.
atexit.register(gc.freeze)


def serve(factory: Callable[[], Application]) -> None:
    """
    Serve until stopped.

    Args:
        factory: a module-level function that returns the application; each worker calls it.
    """
    app = factory()
    app.prepare(workers=int(app.config.workers), single_process=False)
    Sanic.serve(primary=app, app_loader=AppLoader(factory=factory))
