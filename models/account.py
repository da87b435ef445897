"""Facts about users beside the `user` table, and tokens that reset passwords."""

from __future__ import annotations

from tortoise import Model, fields
from uuid_utils.compat import UUID

from models.columns import ExactCharField, milliseconds


class Account(Model):
    """
    Facts about a user, beside the `user` table, which may belong to another application.

    A user of an existing table has no row until the server has read the username.
    """

    user_id: fields.Field[int] = fields.BigIntField(primary_key=True, generated=False)
    # The normalised username. Unique: names that differ in case or width only are one name. NULL
    # where the username of an existing table cannot be normalised, or where two of them would be
    # the same: those users log in with exactly their username.
    name: fields.Field[str | None] = ExactCharField(max_length=120, null=True, unique=True)
    # Tokens without a session that were issued up to this time are refused; in milliseconds.
    tokens_after: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # The picture that the user uploaded as their avatar; everybody may read it.
    avatar_file: fields.Field[UUID | None] = fields.UUIDField(null=True, db_index=True)
    # The username and the display name that the user's `UserSearchKey` were made of, with a line
    # feed between. NULL where there are none yet.
    searched_names: fields.Field[str | None] = ExactCharField(max_length=512, null=True)
    # When the account was deleted; the user no longer exists for anybody.
    delete_time: fields.Field[int | None] = fields.BigIntField(null=True)

    class Meta:
        """The table."""

        table = "user_account"


class PasswordReset(Model):
    """A one-time token that sets a new password. It is stored as its hexadecimal SHA-256."""

    hash: fields.Field[str] = ExactCharField(max_length=64, primary_key=True)
    # One for each user: a new one replaces it.
    user_id: fields.Field[int] = fields.BigIntField(unique=True)
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)
    expire_time: fields.Field[int] = fields.BigIntField()

    class Meta:
        """The table."""

        table = "password_reset"
