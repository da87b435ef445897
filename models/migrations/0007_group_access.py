"""Who may join a group: the join rule, invitations, exclusions and invitation links."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.indexes import Index

from models.columns import ExactCharField, milliseconds
from models.migrations._operations import AddColumn, CreateTable


class Migration(migrations.Migration):
    """
    Add the join rule to groups, and create the tables of invitations, exclusions and links.

    A group without approval was open to everybody who guessed its id; it is closed now. Its admins
    can open it again.
    """

    dependencies = [("models", "0006_accounts")]

    operations = [
        AddColumn("Group", "open_to_all", fields.SmallIntField(default=0, db_default=0)),
        AddColumn("Group", "link_role", fields.SmallIntField(default=1, db_default=1)),
        CreateTable(
            name="Invitation",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("group_id", fields.BigIntField()),
                ("user_id", fields.BigIntField()),
                ("inviter_id", fields.BigIntField()),
                ("decline_time", fields.BigIntField(null=True)),
                ("create_time", fields.BigIntField(default=milliseconds)),
            ],
            options={
                "table": "group_invitation",
                "app": "models",
                "pk_attr": "id",
                "unique_together": (("user_id", "group_id"),),
                "indexes": [Index(fields=["group_id"]), Index(fields=["inviter_id"])],
                "table_description": (
                    "An invitation that a user has not accepted, from a member whom the user does"
                    " not know."
                ),
            },
            bases=["Model"],
        ),
        CreateTable(
            name="Exclusion",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("group_id", fields.BigIntField()),
                ("user_id", fields.BigIntField()),
                ("banned", fields.SmallIntField(default=0, db_default=0)),
                ("by_id", fields.BigIntField()),
                ("create_time", fields.BigIntField(default=milliseconds)),
            ],
            options={
                "table": "group_exclusion",
                "app": "models",
                "pk_attr": "id",
                "unique_together": (("group_id", "user_id"),),
                "table_description": (
                    "A user who may not join a group: a removed member, or a banned user."
                ),
            },
            bases=["Model"],
        ),
        CreateTable(
            name="InvitationLink",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("hash", ExactCharField(max_length=64, unique=True)),
                ("group_id", fields.BigIntField(db_index=True)),
                ("creator_id", fields.BigIntField()),
                ("uses", fields.IntField(default=0, db_default=0)),
                ("max_uses", fields.IntField(default=0, db_default=0)),
                ("expire_time", fields.BigIntField()),
                ("create_time", fields.BigIntField(default=milliseconds)),
            ],
            options={
                "table": "group_link",
                "app": "models",
                "pk_attr": "id",
                "table_description": "A link by which everybody who has it joins a group.",
            },
            bases=["Model"],
        ),
    ]
