"""The WebSocket, and sending and receiving over HTTP."""

from __future__ import annotations

from extend.application import Application
from middleware.authenticate import authenticate
from middleware.check_status import check_status
from middleware.load_user import load_user
from middleware.register import register
from middleware.verify_token import verify_token


def mount(app: Application) -> None:
    """Mount the WebSocket, and its requests over HTTP."""
    chatwebsocket = app.controller.api.chat.chatwebsocket
    # ws://localhost:7001/ws?token=123456
    app.ws.use(verify_token, load_user, check_status, register)
    app.ws.route("/ws", chatwebsocket.connect)
    # Send a message.
    app.http.post("/chat/send", authenticate, chatwebsocket.send)
    # Get undelivered messages.
    app.http.post("/chat/getmessage", authenticate, chatwebsocket.getmessage)
    app.http.post("/chat/sync", authenticate, chatwebsocket.sync)
    # Send and watch what is not stored.
    app.http.post("/chat/typing", authenticate, chatwebsocket.typing)
    app.http.post("/chat/presence", authenticate, chatwebsocket.presence)
    # Recall a message.
    app.http.post("/chat/recall", authenticate, chatwebsocket.recall)
    # Edit the text of a message.
    app.http.post("/chat/edit", authenticate, chatwebsocket.edit)
