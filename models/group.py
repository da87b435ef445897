"""Groups."""

from __future__ import annotations

from tortoise import Model, fields

from models.columns import milliseconds


class Group(Model):
    """
    What a conversation "g:<id>" has beyond its messages and members.

    `version` moves in every transaction that changes who is in the group, or who may do what in
    it; so whoever keeps its members under their version never keeps old ones.
    """

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60)
    notice = fields.CharField(max_length=1000, default="", db_default="")
    avatar = fields.CharField(max_length=255, default="", db_default="")
    owner_id: fields.Field[int] = fields.BigIntField()
    # The lowest role that may invite: 0 member, 1 administrator, 2 owner.
    invite_role: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    # 1 when an administrator decides on who joins.
    approval: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    # 1 when whoever joins sees what was said before.
    history: fields.Field[int] = fields.SmallIntField(default=1, db_default=1)
    # 1 when only administrators may write.
    muted: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    member_count: fields.Field[int] = fields.IntField(default=0, db_default=0)
    version: fields.Field[int] = fields.BigIntField(default=1, db_default=1)
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)
    # Nobody is in a group that was dissolved.
    dissolve_time: fields.Field[int | None] = fields.BigIntField(null=True)

    class Meta:
        """The table."""

        table = "chat_group"  # `group` is a word of SQL


class JoinRequest(Model):
    """Somebody who wants to be in a group, or was invited, and waits for an administrator."""

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    group_id: fields.Field[int] = fields.BigIntField()
    user_id: fields.Field[int] = fields.BigIntField()
    # Who invited them; NULL when they asked themselves.
    inviter_id: fields.Field[int | None] = fields.BigIntField(null=True)
    text = fields.CharField(max_length=255, default="", db_default="")
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "join_request"
        # One request at a time; and the list of those of a group.
        unique_together = (("group_id", "user_id"),)
