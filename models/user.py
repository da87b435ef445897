"""People."""

from __future__ import annotations

from tortoise import Model, fields


class User(Model):
    """
    One person.

    The table fits an Egg application's `user` table: where one exists it is used as it is, with
    whatever other columns it has, so no other table refers to it by a foreign key (its `id` may
    be of another type) and nothing is added here.
    """

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    # Unique: a name belongs to one person, and signing in looks it up.
    username = fields.CharField(max_length=30, unique=True)
    password = fields.CharField(max_length=255)
    nickname = fields.CharField(max_length=30, null=True, default="", db_default="")
    # An Egg application may have stored NULL.
    avatar = fields.CharField(max_length=255, null=True, default="", db_default="")
    # 1, or 0 for somebody who was disabled.
    status: fields.Field[int] = fields.SmallIntField(default=1, db_default=1)

    class Meta:
        """The table."""

        table = "user"
