"""Conversations and their history."""

from __future__ import annotations

from extend.application import Application
from middleware.authenticate import authenticate


def mount(app: Application) -> None:
    """Mount conversations, their history, and cursors."""
    conversation = app.controller.api.chat.conversation
    app.http.get("/chat/conversations", authenticate, conversation.index)
    app.http.get("/chat/unread", authenticate, conversation.unread)
    app.http.get("/chat/history", authenticate, conversation.history)
    # The user's settings of a conversation.
    app.http.post("/chat/conversations/pin", authenticate, conversation.pin)
    app.http.post("/chat/conversations/quiet", authenticate, conversation.quiet)
    app.http.post("/chat/conversations/hide", authenticate, conversation.hide)
    # Cursors and readers.
    app.http.post("/chat/delivered", authenticate, conversation.delivered)
    app.http.post("/chat/read", authenticate, conversation.read)
    app.http.post("/chat/readers", authenticate, conversation.readers)
