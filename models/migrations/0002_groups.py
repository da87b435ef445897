"""Groups, blocked users, preferences, and a member's settings of a conversation."""

from __future__ import annotations

from tortoise import fields, migrations

from models.columns import ExactCharField, milliseconds
from models.migrations._operations import AddColumn, CreateTable, Run


class Migration(migrations.Migration):
    """Create the tables of groups and contacts, and add columns to members and messages."""

    dependencies = [("models", "0001_initial")]

    operations = [
        CreateTable(
            name="Group",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("name", fields.CharField(max_length=60)),
                ("notice", fields.CharField(max_length=1000, default="", db_default="")),
                ("avatar", fields.CharField(max_length=255, default="", db_default="")),
                ("owner_id", fields.BigIntField()),
                ("invite_role", fields.SmallIntField(default=0, db_default=0)),
                ("approval", fields.SmallIntField(default=0, db_default=0)),
                ("history", fields.SmallIntField(default=1, db_default=1)),
                ("muted", fields.SmallIntField(default=0, db_default=0)),
                ("member_count", fields.IntField(default=0, db_default=0)),
                ("version", fields.BigIntField(default=1, db_default=1)),
                ("create_time", fields.BigIntField(default=milliseconds)),
                ("dissolve_time", fields.BigIntField(null=True)),
            ],
            options={
                "table": "chat_group",
                "app": "models",
                "pk_attr": "id",
                "table_description": (
                    'What a conversation "g:<id>" has beyond its messages and members.'
                ),
            },
            bases=["Model"],
        ),
        CreateTable(
            name="JoinRequest",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("group_id", fields.BigIntField()),
                ("user_id", fields.BigIntField()),
                ("inviter_id", fields.BigIntField(null=True)),
                ("text", fields.CharField(max_length=255, default="", db_default="")),
                ("create_time", fields.BigIntField(default=milliseconds)),
            ],
            options={
                "table": "join_request",
                "app": "models",
                "pk_attr": "id",
                "unique_together": (("group_id", "user_id"),),
                "table_description": (
                    "Somebody who wants to be in a group, or was invited, and waits for an"
                    " administrator."
                ),
            },
            bases=["Model"],
        ),
        CreateTable(
            name="Block",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("user_id", fields.BigIntField()),
                ("blocked_id", fields.BigIntField()),
                ("create_time", fields.BigIntField(default=milliseconds)),
            ],
            options={
                "table": "block",
                "app": "models",
                "pk_attr": "id",
                "unique_together": (("user_id", "blocked_id"),),
                "table_description": "One person who may not write to another.",
            },
            bases=["Model"],
        ),
        CreateTable(
            name="Preference",
            fields=[
                ("user_id", fields.BigIntField(generated=False, primary_key=True)),
                ("strangers", ExactCharField(max_length=16)),
            ],
            options={
                "table": "preference",
                "app": "models",
                "pk_attr": "user_id",
                "table_description": (
                    "What a person decided, beside the `user` table, which may be another"
                    " application's."
                ),
            },
            bases=["Model"],
        ),
        AddColumn("Member", "sent_seq", fields.BigIntField(default=0, db_default=0)),
        AddColumn("Member", "nickname", fields.CharField(max_length=30, default="", db_default="")),
        AddColumn("Member", "muted_until", fields.BigIntField(default=0, db_default=0)),
        AddColumn("Member", "pin_time", fields.BigIntField(default=0, db_default=0)),
        AddColumn("Member", "quiet", fields.SmallIntField(default=0, db_default=0)),
        AddColumn("Member", "hidden_seq", fields.BigIntField(default=0, db_default=0)),
        AddColumn("Message", "edit_time", fields.BigIntField(null=True)),
        # A member who wrote before this migration is not a stranger.
        Run(
            "UPDATE member SET sent_seq = COALESCE((SELECT MAX(seq) FROM message"
            " WHERE message.conv = member.conv AND message.from_id = member.user_id"
            " AND message.type <> 'recall'), 0)"
        ),
    ]
