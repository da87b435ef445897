"""Members of conversations, with their cursors."""

from __future__ import annotations

from tortoise import Model, fields

from models.columns import ExactCharField, milliseconds


class Member(Model):
    """
    A user in a conversation, with the cursors.

    Everything up to and including a cursor is delivered or read. Events before `join_seq` are not
    visible to the member.
    """

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    conv: fields.Field[str] = ExactCharField(max_length=48)
    user_id: fields.Field[int] = fields.BigIntField()
    # 0 member, 1 administrator, 2 owner.
    role: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    join_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    delivered_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    read_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # The `number` of the message at `read_seq`, plus the member's own messages after it.
    read_number: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # The last event that this member sent; 0 before the first, which makes the user a stranger.
    sent_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # The nickname in this group; "" for the user's own name.
    nickname = fields.CharField(max_length=30, default="", db_default="")
    # The end of the time in which the member is muted, in milliseconds since 1970.
    muted_until: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # When the member pinned the conversation; 0 if it is not pinned.
    pin_time: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # 1 if the member has muted notifications of the conversation.
    quiet: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    # The conversation is hidden from the list until there is an event after this one.
    hidden_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "member"
        # For the members of a conversation, and for updates of one member's cursors.
        unique_together = (("conv", "user_id"),)
        # For a user's conversations: the list, a sync, undelivered messages.
        indexes = (("user_id",),)
