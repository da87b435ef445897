"""The search index."""

from __future__ import annotations

from tortoise import Model, fields

from models.columns import ExactCharField


class SearchEntry(Model):
    """
    The terms of a message, for the database's full-text index.

    `terms` is ASCII, written by `services/search/terms.py`, so that every database splits it into
    the same words. The full-text index is created by migration 0003 and not declared here, because
    it differs between databases.
    """

    # The time of the message, and some bits that make it unique: results are ordered by it.
    id: fields.Field[int] = fields.BigIntField(primary_key=True, generated=False)
    conv: fields.Field[str] = ExactCharField(max_length=48)
    seq: fields.Field[int] = fields.BigIntField()
    terms = fields.TextField()

    class Meta:
        """The table."""

        table = "search_entry"
        # One entry per message, found by an edit or a recall.
        unique_together = (("conv", "seq"),)
