"""The first tables: users, sessions, conversations, members and messages."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.indexes import Index
from uuid_utils.compat import uuid7

from models.columns import ExactCharField, milliseconds
from models.migrations._operations import CreateTable


class Migration(migrations.Migration):
    """Create `user`, unless it exists, and the tables of the chat."""

    initial = True

    operations = [
        CreateTable(
            name="User",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("username", fields.CharField(max_length=30, unique=True)),
                ("password", fields.CharField(max_length=255)),
                (
                    "nickname",
                    fields.CharField(max_length=30, null=True, default="", db_default=""),
                ),
                (
                    "avatar",
                    fields.CharField(max_length=255, null=True, default="", db_default=""),
                ),
                ("status", fields.SmallIntField(default=1, db_default=1)),
            ],
            options={
                "table": "user",
                "app": "models",
                "pk_attr": "id",
                "table_description": "One person.",
            },
            bases=["Model"],
        ),
        CreateTable(
            name="Session",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("user_id", fields.BigIntField(db_index=True)),
                ("refresh_hash", ExactCharField(max_length=64, unique=True)),
                ("previous_hash", ExactCharField(max_length=64, null=True, unique=True)),
                ("refresh_time", fields.BigIntField(default=milliseconds)),
                ("create_time", fields.BigIntField(default=milliseconds)),
                ("expire_time", fields.BigIntField()),
                ("revoke_time", fields.BigIntField(null=True)),
            ],
            options={
                "table": "session",
                "app": "models",
                "pk_attr": "id",
                "table_description": (
                    "One sign-in of one person on one device, until it expires or is revoked."
                ),
            },
            bases=["Model"],
        ),
        CreateTable(
            name="Conversation",
            fields=[
                ("conv", ExactCharField(max_length=48, primary_key=True)),
                ("chat_type", ExactCharField(max_length=16)),
                ("last_seq", fields.BigIntField(default=0, db_default=0)),
                ("last_number", fields.BigIntField(default=0, db_default=0)),
                ("update_time", fields.BigIntField(default=milliseconds)),
            ],
            options={
                "table": "conversation",
                "app": "models",
                "pk_attr": "conv",
                "table_description": "What two people, or a group, say to each other.",
            },
            bases=["Model"],
        ),
        CreateTable(
            name="Member",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("conv", ExactCharField(max_length=48)),
                ("user_id", fields.BigIntField()),
                ("role", fields.SmallIntField(default=0, db_default=0)),
                ("join_seq", fields.BigIntField(default=0, db_default=0)),
                ("delivered_seq", fields.BigIntField(default=0, db_default=0)),
                ("read_seq", fields.BigIntField(default=0, db_default=0)),
                ("read_number", fields.BigIntField(default=0, db_default=0)),
                ("create_time", fields.BigIntField(default=milliseconds)),
            ],
            options={
                "table": "member",
                "app": "models",
                "pk_attr": "id",
                "unique_together": (("conv", "user_id"),),
                "indexes": [Index(fields=["user_id"])],
                "table_description": "One person in one conversation, with the cursors.",
            },
            bases=["Model"],
        ),
        CreateTable(
            name="Message",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("conv", ExactCharField(max_length=48)),
                ("seq", fields.BigIntField()),
                ("number", fields.BigIntField()),
                ("from_id", fields.BigIntField()),
                ("to_id", fields.BigIntField()),
                ("cid", ExactCharField(max_length=64, null=True)),
                ("chat_type", ExactCharField(max_length=16)),
                ("type", ExactCharField(max_length=16)),
                ("data", fields.TextField()),
                ("options", fields.TextField(null=True)),
                ("target", fields.UUIDField(null=True)),
                ("isremove", fields.SmallIntField(default=0, db_default=0)),
                ("create_time", fields.BigIntField(default=milliseconds)),
            ],
            options={
                "table": "message",
                "app": "models",
                "pk_attr": "id",
                "unique_together": (("conv", "seq"), ("from_id", "cid")),
                "table_description": (
                    "One entry of a conversation: a message, or what changes an earlier one."
                ),
            },
            bases=["Model"],
        ),
    ]
