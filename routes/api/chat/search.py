"""The search for messages."""

from __future__ import annotations

from extend.application import Application
from middleware.authenticate import authenticate


def mount(app: Application) -> None:
    """Mount the search."""
    app.http.get("/chat/search", authenticate, app.controller.api.chat.search.index)
