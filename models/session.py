"""Logins."""

from __future__ import annotations

from tortoise import Model, fields
from uuid_utils.compat import uuid7

from models.columns import ExactCharField, milliseconds


class Session(Model):
    """
    A login of a user on one device, until it expires or is revoked.

    Refresh tokens are stored as their hexadecimal SHA-256. All times are in milliseconds since
    1970.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    # Indexed, to list and to revoke all sessions of a user.
    user_id: fields.Field[int] = fields.BigIntField(db_index=True)
    # Unique: a refresh finds its session by it.
    refresh_hash: fields.Field[str] = ExactCharField(max_length=64, unique=True)
    # Unique: a rotated token is found by it; its use means that it was stolen.
    previous_hash: fields.Field[str | None] = ExactCharField(max_length=64, null=True, unique=True)
    # When the refresh token was last rotated; the previous one is accepted for a short time after.
    refresh_time: fields.Field[int] = fields.BigIntField(default=milliseconds)
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)
    expire_time: fields.Field[int] = fields.BigIntField()
    revoke_time: fields.Field[int | None] = fields.BigIntField(null=True)

    class Meta:
        """The table."""

        table = "session"
