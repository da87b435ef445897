"""Users."""

from __future__ import annotations

from extend.application import Application
from middleware.authenticate import authenticate


def mount(app: Application) -> None:
    """Mount the search for users."""
    app.http.get("/users", authenticate, app.controller.api.user.search)
    app.http.get("/users/<id:int>", authenticate, app.controller.api.user.show)
