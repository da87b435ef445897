"""Bodies, queries and paths of administrators' requests."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from services.admin.audit import TargetType
from services.admin.reports import State
from services.fields import Id
from services.report.report import TargetType as ReportedType

Text = Annotated[str, msgspec.Meta(max_length=255, pattern=r"\A[^\x00]*\Z")]
Name = Annotated[str, msgspec.Meta(max_length=60, pattern=r"\A[^\x00]*\Z")]
TargetId = Annotated[str, msgspec.Meta(max_length=36, pattern=r"\A[\w:-]*\Z")]
Place = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=200)]


class IdPath(msgspec.Struct):
    """The user, the group or the report in the path."""

    id: Id


class MessagePath(msgspec.Struct):
    """The message in the path."""

    id: Annotated[str, msgspec.Meta(max_length=36)]


class LoginPath(msgspec.Struct):
    """The user and the login in the path."""

    id: Id
    login: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")]


class Because(msgspec.Struct):
    """The reason of an act, for the audit."""

    reason: Text = ""


class DeleteUser(Because):
    """What becomes of the messages of the deleted user, and the reason."""

    messages: Literal["keep", "erase"] = "keep"
    """Whether others keep the user's messages, or all of them are recalled."""


class AccountSearch(msgspec.Struct):
    """The users to list."""

    q: Name = ""
    """The beginning of the username."""
    after: Name = ""
    """List only users whose username follows this one."""
    limit: Limit = 50
    enabled: bool | None = None


class GroupSearch(msgspec.Struct):
    """The groups to list."""

    q: Name = ""
    """A part of the name."""
    owner_id: Id | None = None
    after: Place = 0
    limit: Limit = 50


class Page(msgspec.Struct):
    """A page of a list by user id."""

    after: Place = 0
    limit: Limit = 100


class ReportSearch(msgspec.Struct):
    """The reports to list."""

    state: State | None = None
    target_type: ReportedType | None = None
    target_id: TargetId | None = None
    before: Place = 0
    """List only reports with a smaller id."""
    limit: Limit = 50


class Decision(msgspec.Struct):
    """The new state of a report, and a note for the audit."""

    state: State
    note: Text = ""


class AuditSearch(msgspec.Struct):
    """The acts to list."""

    actor_id: Id | None = None
    target_type: TargetType | None = None
    target_id: TargetId | None = None
    before: Place = 0
    """List only acts with a smaller id."""
    limit: Limit = 50
