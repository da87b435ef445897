"""Searching."""

from __future__ import annotations

from extend.application import Application
from middleware.authenticate import authenticate


def mount(app: Application) -> None:
    """Where to look for what was said."""
    app.http.get("/chat/search", authenticate, app.controller.api.chat.search.index)
