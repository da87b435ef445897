"""Conversations."""

from __future__ import annotations

from tortoise import Model, fields

from models.columns import ExactCharField, milliseconds


class Conversation(Model):
    """
    What two people, or a group, say to each other.

    `last_seq` is given out in the transaction that stores the message, so there are no gaps.
    `last_number` counts only what somebody wrote; an entry that recalls or edits a message has a
    seq and does not count. A member's unread is `last_number` less the member's `read_number`.
    """

    # "s:<low>:<high>" or "g:<group>".
    conv: fields.Field[str] = ExactCharField(max_length=48, primary_key=True)
    chat_type: fields.Field[str] = ExactCharField(max_length=16)
    last_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    last_number: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # How far the search's index has come; `services/search/indexer.py` moves it.
    indexed_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # Milliseconds since 1970 of the last entry.
    update_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "conversation"
