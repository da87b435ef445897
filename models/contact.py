"""Blocked users, what users accept from strangers, and what others see of users."""

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
    # The blocking user's cursors in the conversation of the two, at that time: the blocked user
    # sees no later ones.
    read_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    delivered_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
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


class Privacy(Model):
    """
    What others see of a user, beside the `user` table, which may belong to another application.

    A user without a row has the defaults.
    """

    user_id: fields.Field[int] = fields.BigIntField(primary_key=True, generated=False)
    # Who sees whether the user is online: "everyone", "contacts" or "nobody".
    presence: fields.Field[str] = ExactCharField(
        max_length=16, default="everyone", db_default="everyone"
    )
    # 1 if others see what the user has read, and the user sees it of others.
    receipts: fields.Field[int] = fields.SmallIntField(default=1, db_default=1)
    # How the search finds the user: by any part of the "name" (username or display name), by a
    # "prefix" of the username, only by the "username" as a whole, or by "nothing". The database's
    # own default is what it was before there was "name"; every row is stored with a value.
    found_by: fields.Field[str] = ExactCharField(max_length=16, default="name", db_default="prefix")

    class Meta:
        """The table."""

        table = "privacy"
