"""Administration, and the reports that users send to the administrators."""

from __future__ import annotations

from extend.application import Application
from middleware.authenticate import authenticate
from middleware.require_administrator import require_administrator


def mount(app: Application) -> None:
    """Mount administration and reports."""
    admin, http = app.controller.api.admin, app.http
    http.post("/reports", authenticate, app.controller.api.report.create)
    allowed = (authenticate, require_administrator)
    # Accounts.
    http.get("/admin/users", *allowed, admin.accounts.search)
    http.get("/admin/users/<id:int>", *allowed, admin.accounts.show)
    http.post("/admin/users/<id:int>/disable", *allowed, admin.accounts.disable)
    http.post("/admin/users/<id:int>/enable", *allowed, admin.accounts.enable)
    http.delete("/admin/users/<id:int>/logins", *allowed, admin.accounts.end_logins)
    http.delete("/admin/users/<id:int>/logins/<login>", *allowed, admin.accounts.end_login)
    http.post("/admin/users/<id:int>/reset-password", *allowed, admin.accounts.reset_password)
    http.post("/admin/users/<id:int>/delete", *allowed, admin.accounts.delete)
    # Messages.
    http.get("/admin/messages/<id>", *allowed, admin.messages.show)
    http.post("/admin/messages/<id>/recall", *allowed, admin.messages.recall)
    # Groups.
    http.get("/admin/groups", *allowed, admin.groups.search)
    http.get("/admin/groups/<id:int>", *allowed, admin.groups.show)
    http.get("/admin/groups/<id:int>/members", *allowed, admin.groups.members)
    http.post("/admin/groups/<id:int>/close", *allowed, admin.groups.close)
    # Reports, and the audit, which no route changes.
    http.get("/admin/reports", *allowed, admin.reports.search)
    http.post("/admin/reports/<id:int>", *allowed, admin.reports.decide)
    http.get("/admin/audit", *allowed, admin.audit.search)
