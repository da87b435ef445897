"""Roles, reports by users, and the audit of what administrators did."""

from __future__ import annotations

from tortoise import Model, fields

from models.columns import ExactCharField, milliseconds


class UserRole(Model):
    """
    The role of a user on the whole server, beside the `user` table.

    A user without a row is an ordinary user.
    """

    user_id: fields.Field[int] = fields.BigIntField(primary_key=True, generated=False)
    # "administrator".
    role: fields.Field[str] = ExactCharField(max_length=16)
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "user_role"


class Report(Model):
    """
    What a user reported: a message, a user or a group.

    It contains no copy of a message: an erased text is erased here, too.
    """

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    reporter_id: fields.Field[int] = fields.BigIntField()
    # "message", "user" or "group".
    target_type: fields.Field[str] = ExactCharField(max_length=16)
    # The id of the message, the user or the group.
    target_id: fields.Field[str] = ExactCharField(max_length=36)
    # "spam", "abuse", ...: see `services/report/report.py`.
    reason: fields.Field[str] = ExactCharField(max_length=16)
    text = fields.CharField(max_length=1000, default="", db_default="")
    # "open", "resolved" or "dismissed".
    state: fields.Field[str] = ExactCharField(max_length=16, default="open", db_default="open")
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)
    # When it was resolved or dismissed; 0 while it is open.
    close_time: fields.Field[int] = fields.BigIntField(default=0, db_default=0)

    class Meta:
        """The table."""

        table = "report"
        # A user has one open report of a target. Also the bound of a user's reports.
        unique_together = (("reporter_id", "target_type", "target_id", "close_time"),)
        indexes = (
            # The list, by state.
            ("state", "id"),
            # All reports of a target.
            ("target_type", "target_id", "state"),
        )


class AuditEntry(Model):
    """
    What an administrator did. Rows are only inserted, in the transaction of the act.

    It contains ids and no names or texts of users, so that an erased user is erased here, too.
    """

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    # The administrator; NULL for an act on the command line.
    actor_id: fields.Field[int | None] = fields.BigIntField(null=True)
    # On the command line: the name of the operating system's user; otherwise "".
    operator = fields.CharField(max_length=64, default="", db_default="")
    # The administrator's address; "" on the command line.
    address: fields.Field[str] = ExactCharField(max_length=45, default="", db_default="")
    # "user.disable", "group.close", ...
    action: fields.Field[str] = ExactCharField(max_length=32)
    # "user", "group", "message" or "report".
    target_type: fields.Field[str] = ExactCharField(max_length=16)
    target_id: fields.Field[str] = ExactCharField(max_length=36)
    # A JSON object, as text.
    details = fields.TextField()
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "audit"
        indexes = (("target_type", "target_id"), ("actor_id",))
