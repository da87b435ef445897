"""Messages."""

from __future__ import annotations

from tortoise import Model, fields
from uuid_utils.compat import uuid7

from models.columns import ExactCharField, milliseconds


class Message(Model):
    """
    An event of a conversation: a message, or a change of an earlier one.

    `seq` numbers all events of a conversation, from 1 and without gaps. `number` counts messages
    only; a change repeats the number of the event before it.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    conv: fields.Field[str] = ExactCharField(max_length=48)
    seq: fields.Field[int] = fields.BigIntField()
    number: fields.Field[int] = fields.BigIntField()
    from_id: fields.Field[int] = fields.BigIntField()
    to_id: fields.Field[int] = fields.BigIntField()
    # The client's id of the message, which detects a repeated send. It is optional.
    cid: fields.Field[str | None] = ExactCharField(max_length=64, null=True)
    chat_type: fields.Field[str] = ExactCharField(max_length=16)
    type: fields.Field[str] = ExactCharField(max_length=16)
    # Up to 1 MiB (LONGTEXT on MySQL, where TEXT is limited to 64 KiB).
    data = fields.TextField()
    # A JSON object, as text.
    options: fields.Field[str | None] = fields.TextField(null=True)  # type: ignore[assignment]
    # The message that a recall or an edit changes. Migration 0003 indexes it, because a recall
    # looks up all changes of its message.
    target = fields.UUIDField(null=True)
    # 1 if recalled.
    isremove: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    # When `data` was last edited.
    edit_time: fields.Field[int | None] = fields.BigIntField(null=True)
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "message"
        unique_together = (
            # History, sync and undelivered messages are read by seq, and a seq is never used twice.
            ("conv", "seq"),
            # A client that sends a message again gets the first answer.
            ("from_id", "cid"),
        )
