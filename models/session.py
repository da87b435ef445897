"""Logins."""

from __future__ import annotations

from tortoise import Model, fields
from uuid_utils.compat import uuid7

from models.columns import ExactCharField, milliseconds


class Session(Model):
    """
    A login of a user on one device, until it expires or is ended.

    Refresh tokens are stored as their hexadecimal SHA-256. All times are in milliseconds since
    1970.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    # Indexed, to list and to revoke all sessions of a user.
    user_id: fields.Field[int] = fields.BigIntField(db_index=True)
    # Unique: a refresh finds its session by it.
    refresh_hash: fields.Field[str] = ExactCharField(max_length=64, unique=True)
    # Unique: the token before the newest one is found by it.
    previous_hash: fields.Field[str | None] = ExactCharField(max_length=64, null=True, unique=True)
    # When the refresh token was last rotated; the previous one is accepted for a short time after.
    refresh_time: fields.Field[int] = fields.BigIntField(default=milliseconds)
    # How often the refresh token was rotated.
    generation: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # The last generation whose access token was used. While it is behind, the answer of the last
    # rotation may have been lost, and the previous refresh token is accepted.
    used_generation: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # From the User-Agent and the address of the last login or refresh.
    device = fields.CharField(max_length=60, default="", db_default="")
    address: fields.Field[str] = ExactCharField(max_length=45, default="", db_default="")
    # When it was last used, to within a minute.
    use_time: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)
    expire_time: fields.Field[int] = fields.BigIntField()
    revoke_time: fields.Field[int | None] = fields.BigIntField(null=True)
    # Why it was ended: "logout", "ended", "reused", "password" or "deleted".
    end_reason: fields.Field[str | None] = ExactCharField(max_length=16, null=True)

    class Meta:
        """The table."""

        table = "session"
