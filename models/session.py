"""Sign-ins."""

from __future__ import annotations

from tortoise import Model, fields
from uuid_utils.compat import uuid7

from models.columns import ExactCharField, milliseconds


class Session(Model):
    """
    One sign-in of one person on one device, until it expires or is revoked.

    Tokens are stored as the hexadecimal SHA-256 of what the client holds. All times are in
    milliseconds since 1970.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    # Indexed: revoking all sessions of a person, and listing them.
    user_id: fields.Field[int] = fields.BigIntField(db_index=True)
    # Unique: a refresh looks its session up by it.
    refresh_hash: fields.Field[str] = ExactCharField(max_length=64, unique=True)
    # Unique: a token that was rotated away is looked up by it, which means it was stolen.
    previous_hash: fields.Field[str | None] = ExactCharField(max_length=64, null=True, unique=True)
    # When the refresh token was last rotated: shortly after, the one before is still taken.
    refresh_time: fields.Field[int] = fields.BigIntField(default=milliseconds)
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)
    expire_time: fields.Field[int] = fields.BigIntField()
    revoke_time: fields.Field[int | None] = fields.BigIntField(null=True)

    class Meta:
        """The table."""

        table = "session"
