"""Groups."""

from __future__ import annotations

from tortoise import Model, fields

from models.columns import milliseconds


class Group(Model):
    """
    The properties of a group, whose conversation is "g:<id>".

    `version` increases in every transaction that changes members or their permissions, so a cache
    of members by version is never stale.
    """

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60)
    notice = fields.CharField(max_length=1000, default="", db_default="")
    avatar = fields.CharField(max_length=255, default="", db_default="")
    owner_id: fields.Field[int] = fields.BigIntField()
    # The lowest role that may invite: 0 member, 1 administrator, 2 owner.
    invite_role: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    # 1 if joining needs an administrator's approval.
    approval: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    # 1 if new members see earlier messages.
    history: fields.Field[int] = fields.SmallIntField(default=1, db_default=1)
    # 1 if only administrators may write.
    muted: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    member_count: fields.Field[int] = fields.IntField(default=0, db_default=0)
    version: fields.Field[int] = fields.BigIntField(default=1, db_default=1)
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)
    # A dissolved group has no members.
    dissolve_time: fields.Field[int | None] = fields.BigIntField(null=True)

    class Meta:
        """The table."""

        table = "chat_group"  # `group` is a keyword of SQL


class JoinRequest(Model):
    """A request to join a group, or an invitation, that awaits an administrator's approval."""

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    group_id: fields.Field[int] = fields.BigIntField()
    user_id: fields.Field[int] = fields.BigIntField()
    # The member who invited the user; NULL if the user asked to join.
    inviter_id: fields.Field[int | None] = fields.BigIntField(null=True)
    text = fields.CharField(max_length=255, default="", db_default="")
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "join_request"
        # One request at a time, and the list of a group's requests.
        unique_together = (("group_id", "user_id"),)
