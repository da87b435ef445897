"""Users."""

from __future__ import annotations

from tortoise import Model, fields


class User(Model):
    """
    A user.

    The table is compatible with an Egg application's `user` table. An existing one is used as it
    is, with its further columns. So no other table has a foreign key to it, because its `id` may
    have another type, and no columns are added to it.
    """

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    # Unique: a login finds the user by it.
    username = fields.CharField(max_length=30, unique=True)
    password = fields.CharField(max_length=255)
    nickname = fields.CharField(max_length=30, null=True, default="", db_default="")
    # NULL in some Egg applications.
    avatar = fields.CharField(max_length=255, null=True, default="", db_default="")
    # 1, or 0 for a disabled user.
    status: fields.Field[int] = fields.SmallIntField(default=1, db_default=1)

    # Not a column: `tokens_after` of the user's `Account`, where it was read, too.
    tokens_after = 0

    class Meta:
        """The table."""

        table = "user"
