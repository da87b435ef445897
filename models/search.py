"""What the search looks through."""

from __future__ import annotations

from tortoise import Model, fields

from models.columns import ExactCharField


class SearchEntry(Model):
    """
    The words of one message, for the database's full-text index.

    `terms` is ASCII, written by `services/search/terms.py`, so that every database cuts it
    into the same words. The index on it is in no model, because each database has another kind;
    migration 0003 makes it.
    """

    # The time of the message, and then some bits that make it unique: the order of the answers.
    id: fields.Field[int] = fields.BigIntField(primary_key=True, generated=False)
    conv: fields.Field[str] = ExactCharField(max_length=48)
    seq: fields.Field[int] = fields.BigIntField()
    terms = fields.TextField()

    class Meta:
        """The table."""

        table = "search_entry"
        # A message is found once; and an edit or a recall finds its entry.
        unique_together = (("conv", "seq"),)
