"""Reports of users, as administrators see and close them."""

from __future__ import annotations

from typing import Literal

import msgspec
from uuid_utils.compat import UUID

from models import Report
from models.columns import milliseconds
from services import Service
from services.admin.actor import Actor
from services.admin.messages import Preview
from services.errors import NoReport
from services.report.report import OPEN

State = Literal["open", "resolved", "dismissed"]


class ReportView(msgspec.Struct):
    """A report, as administrators see it."""

    id: int
    reporter_id: int
    target_type: str
    target_id: str
    reason: str
    text: str
    state: str
    create_time: int
    close_time: int
    """When it was resolved or dismissed; 0 while it is open."""
    message: Preview | None
    """The reported message as it is now; None for other targets, and if it was deleted."""


class ReportPage(msgspec.Struct):
    """A page of reports, the latest first."""

    reports: list[ReportView]
    more: bool


class Decided(msgspec.Struct):
    """The outcome of a decision."""

    changed: int
    """The number of reports that were changed."""


class ReportsService(Service):
    """A service that lists reports and closes them."""

    async def page(
        self,
        state: State | None,
        before: int,
        limit: int,
        target_type: str | None = None,
        target_id: str | None = None,
    ) -> ReportPage:
        """
        Return a page of reports, the latest first.

        Args:
            state: only reports in this state.
            before: return only reports with a smaller id; 0 for the latest.
            limit: the largest number of reports.
            target_type: only reports of targets of this type.
            target_id: only reports of the target with this id.
        """
        found = Report.all()
        if state is not None:
            found = found.filter(state=state)
        if before:
            found = found.filter(id__lt=before)
        if target_type is not None:
            found = found.filter(target_type=target_type)
        if target_id is not None:
            found = found.filter(target_id=target_id)
        rows = await found.order_by("-id").limit(limit + 1)
        shown = rows[:limit]
        ids = {UUID(row.target_id) for row in shown if row.target_type == "message"}
        previews = await self.ctx.service.admin.messages.previews(ids)
        return ReportPage(
            [
                ReportView(
                    id=row.id,
                    reporter_id=row.reporter_id,
                    target_type=row.target_type,
                    target_id=row.target_id,
                    reason=row.reason,
                    text=row.text,
                    state=row.state,
                    create_time=row.create_time,
                    close_time=row.close_time,
                    message=previews.get(row.target_id),
                )
                for row in shown
            ],
            more=len(rows) > limit,
        )

    async def decide(self, actor: Actor, report_id: int, state: State, note: str = "") -> int:
        """
        Set the state of a report; closing it closes all open reports of the same target.

        A report is not opened again while its reporter has a newer one of the same target.

        Args:
            actor: the administrator.
            report_id: the report.
            state: the new state.
            note: for the audit.

        Returns:
            the number of reports that were changed.

        Raises:
            NoReport: there is no such report.
        """
        async with self.ctx.app.orm.transaction() as connection:
            report = (
                await Report.filter(id=report_id).using_db(connection).select_for_update().first()
            )
            if report is None:
                raise NoReport
            same_target = Report.filter(
                target_type=report.target_type, target_id=report.target_id
            ).using_db(connection)
            this = Report.filter(id=report_id).using_db(connection)
            changed = 0
            if report.state == state:
                return 0
            if state == OPEN:
                newer = same_target.filter(reporter_id=report.reporter_id, close_time=0)
                if not await newer.exists():
                    changed = await this.update(state=OPEN, close_time=0)
            elif report.state == OPEN:
                changed = await same_target.filter(close_time=0).update(
                    state=state, close_time=milliseconds()
                )
            else:
                changed = await this.update(state=state)
            if changed:
                await self.ctx.service.admin.audit.record(
                    connection,
                    actor,
                    "report.decide",
                    ("report", report_id),
                    state=state,
                    changed=changed,
                    target_type=report.target_type,
                    target_id=report.target_id,
                    note=note,
                )
        return changed
