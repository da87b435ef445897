"""Whom a person wants to hear from."""

from __future__ import annotations

from tortoise import Model, fields

from models.columns import ExactCharField, milliseconds


class Block(Model):
    """One person who may not write to another."""

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    # Who does not want to hear.
    user_id: fields.Field[int] = fields.BigIntField()
    # From whom.
    blocked_id: fields.Field[int] = fields.BigIntField()
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "block"
        # Sending looks a pair up; the list of whom one blocked.
        unique_together = (("user_id", "blocked_id"),)


class Preference(Model):
    """
    What a person decided, beside the `user` table, which may be another application's.

    Who decided nothing has no row, and gets the defaults of the configuration.
    """

    user_id: fields.Field[int] = fields.BigIntField(primary_key=True, generated=False)
    # What strangers may send: "nothing", "one" (until it is answered), or "freely".
    strangers: fields.Field[str] = ExactCharField(max_length=16)

    class Meta:
        """The table."""

        table = "preference"
