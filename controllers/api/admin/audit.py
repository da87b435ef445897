"""The audit, for administrators."""

from __future__ import annotations

from controllers.api.admin.requests import AuditSearch
from extend.context import Context
from services.admin.audit import AuditPage
from yolk import Controller, describe


class AuditController(Controller[Context]):
    """A controller with which administrators read what administrators did."""

    section = "Administration: audit log"
    section_summary = "See what administrators did."

    @describe(query=AuditSearch, answer=AuditPage)
    async def search(self) -> None:
        """List the acts of administrators, the latest first."""
        query = self.ctx.read(AuditSearch, self.ctx.query)
        page = await self.ctx.service.admin.audit.page(
            query.before, query.limit, query.actor_id, query.target_type, query.target_id
        )
        self.ctx.api_success(page)
