"""The main router: every address, in groups."""

from __future__ import annotations

from extend.application import Application
from routes import page
from routes.api import auth, file, user
from routes.api.chat import contact, conversation, group, search, websocket


def mount(app: Application) -> None:
    """Mount all routes."""
    # Accounts and logins.
    auth.mount(app)
    user.mount(app)
    # The socket, and sending and receiving over HTTP.
    websocket.mount(app)
    conversation.mount(app)
    search.mount(app)
    # Whom one wants to hear from.
    contact.mount(app)
    # Uploads, and reading them.
    file.mount(app)
    # Groups.
    group.mount(app)
    # The chat page.
    page.mount(app)
