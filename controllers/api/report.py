"""Reports that users send."""

from __future__ import annotations

from extend.context import Context
from services import permissions
from services.errors import (
    NoGroup,
    NoMessage,
    NoSuchPerson,
    ReportsThemselves,
    TooManyReports,
)
from services.report.report import NewReport, Reported
from yolk import Controller, describe


class ReportController(Controller[Context]):
    """A controller that accepts reports."""

    section = "Reports"
    section_summary = "Report users, groups and messages to the administrators."

    @permissions.allows(*permissions.REPORT)
    @describe(
        body=NewReport,
        answer=Reported,
        errors=(NoMessage, NoSuchPerson, NoGroup, ReportsThemselves, TooManyReports),
    )
    async def create(self) -> None:
        """Report a message, a user or a group to the administrators."""
        body = self.ctx.read(NewReport)
        self.ctx.api_success(await self.ctx.service.report.create(self.ctx.user.id, body))
