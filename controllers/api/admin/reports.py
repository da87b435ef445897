"""Reports of users, for administrators."""

from __future__ import annotations

from controllers.api.admin.requests import Decision, IdPath, ReportSearch
from extend.context import Context
from services.admin.actor import Actor
from services.admin.reports import Decided, ReportPage
from services.errors import NoReport
from yolk import Controller, describe


class ReportsController(Controller[Context]):
    """A controller with which administrators see and close reports."""

    section = "Administration: reports"
    section_summary = "See and decide reports."

    @describe(query=ReportSearch, answer=ReportPage)
    async def search(self) -> None:
        """List reports, the latest first."""
        query = self.ctx.read(ReportSearch, self.ctx.query)
        reports = self.ctx.service.admin.reports
        self.ctx.api_success(
            await reports.page(
                query.state, query.before, query.limit, query.target_type, query.target_id
            )
        )

    @describe(body=Decision, answer=Decided, errors=(NoReport,))
    async def decide(self) -> None:
        """Resolve, dismiss or reopen a report. Closing it closes all open reports of its target."""
        path, body = self.ctx.read(IdPath, self.ctx.params), self.ctx.read(Decision)
        actor, reports = Actor.of_request(self.ctx), self.ctx.service.admin.reports
        self.ctx.api_success(Decided(await reports.decide(actor, path.id, body.state, body.note)))
