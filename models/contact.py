"""Blocked users, and what users accept from strangers."""

from __future__ import annotations

from tortoise import Model, fields

from models.columns import ExactCharField, milliseconds


class Block(Model):
    """A user who has blocked another one."""

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    # The user who has blocked.
    user_id: fields.Field[int] = fields.BigIntField()
    # The user who is blocked.
    blocked_id: fields.Field[int] = fields.BigIntField()
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "block"
        # For the check of a sender, and for the list of blocked users.
        unique_together = (("user_id", "blocked_id"),)


class Preference(Model):
    """
    A user's preferences, beside the `user` table, which may belong to another application.

    A user without a row has the defaults of the configuration.
    """

    user_id: fields.Field[int] = fields.BigIntField(primary_key=True, generated=False)
    # What strangers may send: "nothing", "one" message until it is answered, or "freely".
    strangers: fields.Field[str] = ExactCharField(max_length=16)

    class Meta:
        """The table."""

        table = "preference"
