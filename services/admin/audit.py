"""The audit: every act of an administrator, written with the act and never changed."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from models import AuditEntry, User
from services import Service
from services.admin.actor import Actor

TargetType = Literal["user", "group", "message", "report"]


class Act(msgspec.Struct):
    """An act of an administrator."""

    id: int
    time: int
    actor_id: int | None
    """The administrator; None on the command line."""
    actor: str
    """The administrator's username; on the command line, the operating system's user."""
    address: str
    action: str
    target_type: str
    target_id: str
    details: dict[str, Any]


class AuditPage(msgspec.Struct):
    """A page of the audit, the latest act first."""

    acts: list[Act]
    more: bool


class AuditService(Service):
    """A service that records and lists the acts of administrators. Nothing changes a record."""

    async def record(
        self,
        connection: BaseDBAsyncClient,
        actor: Actor,
        action: str,
        target: tuple[TargetType, object],
        **details: Any,
    ) -> None:
        """
        Record an act, in the transaction of the act.

        Args:
            connection: the transaction.
            actor: the administrator.
            action: the name of the act, such as "user.disable".
            target: the type and the id of what it concerns.
            details: further facts, without names or texts of users. Empty ones are left out.
        """
        kind, target_id = target
        await AuditEntry.create(
            actor_id=actor.user_id,
            operator=actor.operator,
            address=actor.address,
            action=action,
            target_type=kind,
            target_id=str(target_id),
            details=msgspec.json.encode({k: v for k, v in details.items() if v != ""}).decode(),
            using_db=connection,
        )

    async def page(
        self,
        before: int,
        limit: int,
        actor_id: int | None = None,
        target_type: TargetType | None = None,
        target_id: str | None = None,
    ) -> AuditPage:
        """
        Return a page of acts, the latest first.

        Args:
            before: return only acts with a smaller id; 0 for the latest.
            limit: the largest number of acts.
            actor_id: only acts of this administrator.
            target_type: only acts on targets of this type.
            target_id: only acts on the target with this id.
        """
        found = AuditEntry.all()
        if before:
            found = found.filter(id__lt=before)
        if actor_id is not None:
            found = found.filter(actor_id=actor_id)
        if target_type is not None:
            found = found.filter(target_type=target_type)
        if target_id is not None:
            found = found.filter(target_id=target_id)
        rows = await found.order_by("-id").limit(limit + 1)
        shown = rows[:limit]
        ids = {row.actor_id for row in shown if row.actor_id is not None}
        names = dict(await User.filter(id__in=ids).values_list("id", "username")) if ids else {}
        acts = [
            Act(
                id=row.id,
                time=row.create_time,
                actor_id=row.actor_id,
                actor=names.get(row.actor_id, row.operator),
                address=row.address,
                action=row.action,
                target_type=row.target_type,
                target_id=row.target_id,
                details=msgspec.json.decode(row.details),
            )
            for row in shown
        ]
        return AuditPage(acts, more=len(rows) > limit)
