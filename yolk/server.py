"""Serve an application from its own file: `python app.py`."""

from __future__ import annotations

from collections.abc import Callable

from sanic import Sanic
from sanic.worker.loader import AppLoader

from yolk.application import Application


def serve(factory: Callable[[], Application]) -> None:
    """
    Serve until stopped.

    Args:
        factory: a module-level function that returns the application; each worker calls it.
    """
    app = factory()
    app.prepare(workers=int(app.config.workers), single_process=False)
    Sanic.serve(primary=app, app_loader=AppLoader(factory=factory))
