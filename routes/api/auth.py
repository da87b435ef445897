"""Accounts, logins, tokens and tickets."""

from __future__ import annotations

from extend.application import Application
from middleware.authenticate import authenticate

MAX_BODY = 8 * 1024
"""Bytes of a body: names, passwords and tokens are short."""


def mount(app: Application) -> None:
    """Mount accounts, logins, tokens and tickets."""
    app.http.limit_bodies("/auth/", MAX_BODY)
    auth = app.controller.api.auth
    app.http.post("/auth/register", auth.register)
    app.http.post("/auth/login", auth.login)
    app.http.post("/auth/refresh", auth.refresh)
    app.http.post("/auth/forgot", auth.forgot)
    app.http.post("/auth/reset", auth.reset)
    app.http.post("/auth/logout", authenticate, auth.logout)
    app.http.post("/auth/ticket", authenticate, auth.ticket)
