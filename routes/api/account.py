"""One's own account."""

from __future__ import annotations

from extend.application import Application
from middleware.authenticate import authenticate
from middleware.refuse_overload import refuse_overload


def mount(app: Application) -> None:
    """Mount profile, password and logins."""
    account, http = app.controller.api.account, app.http
    http.get("/account/profile", authenticate, account.show)
    http.post("/account/profile", authenticate, account.change)
    http.post("/account/password", refuse_overload, authenticate, account.password)
    http.get("/account/logins", authenticate, account.logins)
    http.post("/account/logins/end", authenticate, account.end_login)
    http.post("/account/logins/end_others", authenticate, account.end_other_logins)
    http.get("/account/export", refuse_overload, authenticate, account.export)
    http.post("/account/delete", refuse_overload, authenticate, account.delete)
