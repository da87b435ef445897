"""Accounts, logins, tokens and tickets."""

from __future__ import annotations

from extend.application import Application
from middleware.authenticate import authenticate
from middleware.refuse_overload import refuse_overload

MAX_BODY = 8 * 1024
"""Bytes of a body: names, passwords and tokens are short."""


def mount(app: Application) -> None:
    """Mount accounts, logins, tokens and tickets."""
    app.http.limit_bodies("/auth/", MAX_BODY)
    auth = app.controller.api.auth
    app.http.post("/auth/register", refuse_overload, auth.register)
    app.http.get("/auth/challenge", refuse_overload, auth.challenge)
    app.http.post("/auth/login", refuse_overload, auth.login)
    # Connected users need the next one to stay connected: it is not refused.
    app.http.post("/auth/refresh", auth.refresh)
    app.http.post("/auth/forgot", refuse_overload, auth.forgot)
    app.http.post("/auth/reset", refuse_overload, auth.reset)
    app.http.post("/auth/logout", authenticate, auth.logout)
    app.http.post("/auth/ticket", refuse_overload, authenticate, auth.ticket)
