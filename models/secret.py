"""What the servers know and nobody else."""

from __future__ import annotations

from tortoise import Model, fields

from models.columns import ExactCharField


class Secret(Model):
    """
    A key that every server of this database signs with.

    It lies here rather than in Redis, which may be emptied while some of them run.
    """

    # What it is for.
    name: fields.Field[str] = ExactCharField(max_length=40, primary_key=True)
    # Hexadecimal.
    value: fields.Field[str] = ExactCharField(max_length=128)

    class Meta:
        """The table."""

        table = "secret"
