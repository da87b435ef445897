"""Conversations and their history."""

from __future__ import annotations

from extend.application import Application
from middleware.authenticate import authenticate


def mount(app: Application) -> None:
    """What was said."""
    conversation = app.controller.api.chat.conversation
    app.http.get("/chat/conversations", authenticate, conversation.index)
    app.http.post("/chat/read", authenticate, conversation.read)
    app.http.get("/chat/history", authenticate, conversation.history)
