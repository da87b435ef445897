"""Who is in a conversation, and how far they are."""

from __future__ import annotations

from tortoise import Model, fields

from models.columns import ExactCharField, milliseconds


class Member(Model):
    """
    One person in one conversation, with the cursors.

    Everything up to and including a cursor is delivered or read; nothing before `join_seq` was
    ever for this member.
    """

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    conv: fields.Field[str] = ExactCharField(max_length=48)
    user_id: fields.Field[int] = fields.BigIntField()
    # 0 member, 1 administrator, 2 owner.
    role: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    join_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    delivered_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    read_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # The `number` of the message at `read_seq`.
    read_number: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # The last entry that this member wrote; 0 before the first. Who never wrote is a stranger.
    sent_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # The name in this group; "" for the person's own.
    nickname = fields.CharField(max_length=30, default="", db_default="")
    # Until when this member may not write, in milliseconds since 1970.
    muted_until: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # When the member put the conversation on top of the list; 0 when it is not there.
    pin_time: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    # 1 when new messages should make no noise.
    quiet: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    # The list leaves the conversation out until there is something after this entry.
    hidden_seq: fields.Field[int] = fields.BigIntField(default=0, db_default=0)
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "member"
        # The members of a conversation; moving one member's cursors.
        unique_together = (("conv", "user_id"),)
        # The conversations of a person: the list, a sync, what is not delivered yet.
        indexes = (("user_id",),)
