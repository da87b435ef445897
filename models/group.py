"""Groups."""

from __future__ import annotations

from tortoise import Model, fields
from uuid_utils.compat import UUID

from models.columns import ExactCharField, milliseconds


class Group(Model):
    """
    The properties of a group, whose conversation is "g:<id>".

    `version` increases in every transaction that changes members or their permissions, so a cache
    of members by version is never stale.
    """

    # Random for a new group, up to 2^53 - 1, which JavaScript reads exactly: ids cannot be guessed.
    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=60)
    notice = fields.CharField(max_length=1000, default="", db_default="")
    avatar = fields.CharField(max_length=255, default="", db_default="")
    # The picture that an admin uploaded as the avatar; everybody may read it.
    avatar_file: fields.Field[UUID | None] = fields.UUIDField(null=True, db_index=True)
    owner_id: fields.Field[int] = fields.BigIntField()
    # The lowest role that may invite: 0 member, 1 administrator, 2 owner.
    invite_role: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    # 1 if joining needs an administrator's approval.
    approval: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    # 1 if everybody who knows the id may join. With neither, the group is closed.
    open_to_all: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    # The lowest role that may create invitation links.
    link_role: fields.Field[int] = fields.SmallIntField(default=1, db_default=1)
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

    @property
    def join_rule(self) -> str:
        """How users join without an invitation: "closed" (not at all), "approval" or "open"."""
        if self.approval:
            return "approval"
        return "open" if self.open_to_all else "closed"

    @join_rule.setter
    def join_rule(self, rule: str) -> None:
        self.approval, self.open_to_all = int(rule == "approval"), int(rule == "open")


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


class Invitation(Model):
    """An invitation that a user has not accepted, from a member whom the user does not know."""

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    group_id: fields.Field[int] = fields.BigIntField()
    user_id: fields.Field[int] = fields.BigIntField()
    inviter_id: fields.Field[int] = fields.BigIntField()
    # When the user declined it; NULL while it is pending.
    decline_time: fields.Field[int | None] = fields.BigIntField(null=True)
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "group_invitation"
        # One invitation to a group at a time, and the list of a user's invitations.
        unique_together = (("user_id", "group_id"),)
        # For the removal of a group's or a member's invitations, and for the count of an inviter's.
        indexes = (("group_id",), ("inviter_id",))


class Exclusion(Model):
    """A user who may not join a group: a removed member, or a banned user."""

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    group_id: fields.Field[int] = fields.BigIntField()
    user_id: fields.Field[int] = fields.BigIntField()
    # 1 if the user is banned. A removed member returns when an administrator invites them.
    banned: fields.Field[int] = fields.SmallIntField(default=0, db_default=0)
    # The administrator who removed or banned the user.
    by_id: fields.Field[int] = fields.BigIntField()
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "group_exclusion"
        unique_together = (("group_id", "user_id"),)


class KeptMute(Model):
    """The mute of a user who left a group: it holds again when the user comes back."""

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    group_id: fields.Field[int] = fields.BigIntField()
    user_id: fields.Field[int] = fields.BigIntField()
    # Milliseconds since 1970.
    muted_until: fields.Field[int] = fields.BigIntField()

    class Meta:
        """The table."""

        table = "group_kept_mute"
        unique_together = (("group_id", "user_id"),)


class InvitationLink(Model):
    """A link by which everybody who has it joins a group."""

    id: fields.Field[int] = fields.BigIntField(primary_key=True)
    # Of the token. The token itself is not stored: nobody joins with what a backup contains.
    hash: fields.Field[str] = ExactCharField(max_length=64, unique=True)
    group_id: fields.Field[int] = fields.BigIntField(db_index=True)
    creator_id: fields.Field[int] = fields.BigIntField()
    # How many users have joined with it, and how many may; 0 for any number.
    uses: fields.Field[int] = fields.IntField(default=0, db_default=0)
    max_uses: fields.Field[int] = fields.IntField(default=0, db_default=0)
    expire_time: fields.Field[int] = fields.BigIntField()
    create_time: fields.Field[int] = fields.BigIntField(default=milliseconds)

    class Meta:
        """The table."""

        table = "group_link"
