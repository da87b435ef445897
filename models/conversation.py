"""Conversations."""

from __future__ import annotations

from tortoise import Model, fields

from models.columns import ExactCharField, milliseconds


class Conversation(Model):
    """
    A conversation of two users, or of a group.

    `last_seq` is assigned in the transaction that stores the message, so there are no gaps.
    `last_number` counts messages only; an event that recalls or edits a message has a seq and is
    not counted. A member's unread count is `last_number` minus the member's `read_number`.
    """

    # "s:<low>:<high>" or "g:<group>".
    conv: fields.Field[str] = ExactCharField(max_length=48, primary_key=True)
    chat_type: fields.Field[str] = ExactCharField(max_length=16)
    last_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    last_number: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # The last seq in the search index; `services/search/indexer.py` advances it.
    indexed_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # The time of the last event, in milliseconds since 1970.
    update_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "conversation"
