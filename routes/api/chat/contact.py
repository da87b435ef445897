"""Blocked users, and what strangers may send."""

from __future__ import annotations

from extend.application import Application
from middleware.authenticate import authenticate


def mount(app: Application) -> None:
    """Mount blocking and preferences."""
    contact = app.controller.api.chat.contact
    app.http.post("/chat/block", authenticate, contact.block)
    app.http.get("/chat/blocked", authenticate, contact.blocked)
    app.http.get("/chat/preferences", authenticate, contact.preferences)
    app.http.post("/chat/preferences", authenticate, contact.decide)
