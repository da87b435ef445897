"""The search index."""

from __future__ import annotations

from tortoise import Model, fields

from models.columns import ExactCharField, SortedCharField


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


class UserSearchKey(Model):
    """
    A text by which a user is found: a part of a name up to its end, or its pinyin.

    `services/account/search_keys.py` makes them of the names. A search reads a range of the index.
    """

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    user_id: fields.Field[int] = fields.BigIntField(db_index=True)
    # 0 for a whole username, 1 for the beginning of a display name, 2 for what is inside of either.
    place: fields.Field[int] = fields.SmallIntField()
    term: fields.Field[str] = SortedCharField(max_length=32)

    class Meta:
        """The table."""

        table = "user_search_key"
        indexes = (("place", "term", "id"),)
