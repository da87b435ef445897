"""What was said."""

from __future__ import annotations

from tortoise import Model, fields
from uuid_utils.compat import uuid7

from models.columns import ExactCharField, milliseconds


class Message(Model):
    """
    One entry of a conversation: a message, or what changes an earlier one.

    `seq` counts all entries of a conversation, from 1 and without gaps; `number` counts those
    that somebody wrote, and an entry that does not count repeats the number before it.
    """

    id = fields.UUIDField(primary_key=True, default=uuid7)
    conv: fields.Field[str] = ExactCharField(max_length=48)
    seq: fields.Field[int] = fields.BigIntField()
    number: fields.Field[int] = fields.BigIntField()
    from_id: fields.Field[int] = fields.BigIntField()
    to_id: fields.Field[int] = fields.BigIntField()
    # The sender's own name for it. Without one a message is never taken for a repetition.
    cid: fields.Field[str | None] = ExactCharField(max_length=64, null=True)
    chat_type: fields.Field[str] = ExactCharField(max_length=16)
    type: fields.Field[str] = ExactCharField(max_length=16)
    # Up to 1 MiB (LONGTEXT on MySQL, where TEXT would end at 64 KiB).
    data = fields.TextField()
    # A JSON object, as its text.
    options: fields.Field[str | None] = fields.TextField(null=True)  # type: ignore[assignment]
    # The message that a recall or an edit changes. Migration 0003 indexes it: a recall looks up
    # what else speaks of its message.
    target = fields.UUIDField(null=True)
    # 1 when recalled.
    isremove: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    # When `data` was last edited.
    edit_time: fields.Field[int | None] = fields.BigIntField(null=True)
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "message"
        unique_together = (
            # History, a sync, and what is not delivered yet read a conversation by seq; and no
            # two messages ever get the same one.
            ("conv", "seq"),
            # A client that sends again gets the first answer.
            ("from_id", "cid"),
        )
