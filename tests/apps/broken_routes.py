"""The chat, with routes behind its chain that go wrong."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from app import create_app
from extend.application import Application
from extend.context import Context
from yolk import serve


async def throws(ctx: Context) -> None:
    """Fail, as a controller with a bug does."""
    raise RuntimeError("thrown on purpose")


async def stops(ctx: Context, next: object) -> None:
    """End the chain before the controller."""


async def idles(ctx: Context) -> None:
    """Do nothing."""


def create() -> Application:
    """Return the chat with two more routes."""
    app = create_app()
    app.ws.route("/test/throws", throws)
    app.ws.route("/test/stops", stops, idles)
    return app


if __name__ == "__main__":
    serve(create)
