"""All routes, in groups."""

from __future__ import annotations

from extend.application import Application
from routes import page
from routes.api import account, admin, auth, file, user
from routes.api.chat import contact, conversation, group, search, websocket


def mount(app: Application) -> None:
    """Mount all routes."""
    auth.mount(app)
    account.mount(app)
    user.mount(app)
    websocket.mount(app)
    conversation.mount(app)
    search.mount(app)
    contact.mount(app)
    file.mount(app)
    group.mount(app)
    admin.mount(app)
    page.mount(app)
