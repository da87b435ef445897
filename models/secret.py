"""Keys that all servers of a database share."""

from __future__ import annotations

from tortoise import Model, fields

from models.columns import ExactCharField


class Secret(Model):
    """
    A key with which all servers of this database sign.

    It is stored here rather than in Redis, which may be flushed while servers are running.
    """

    # The purpose of the key.
    name: fields.Field[str] = ExactCharField(max_length=40, primary_key=True)
    # Hexadecimal.
    value: fields.Field[str] = ExactCharField(max_length=128)

    class Meta:
        """The table."""

        table = "secret"
