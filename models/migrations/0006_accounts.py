"""Logins with their devices, facts about users, and tokens that reset passwords."""

from __future__ import annotations

from tortoise import fields, migrations

from models.columns import ExactCharField, milliseconds
from models.migrations._operations import AddColumn, CreateTable


class Migration(migrations.Migration):
    """Add the columns of logins, and create `user_account` and `password_reset`."""

    dependencies = [("models", "0005_secrets")]

    operations = [
        AddColumn("Session", "generation", fields.BigIntField(default=0, db_default=0)),
        AddColumn("Session", "used_generation", fields.BigIntField(default=0, db_default=0)),
        AddColumn("Session", "device", fields.CharField(max_length=60, default="", db_default="")),
        AddColumn("Session", "address", ExactCharField(max_length=45, default="", db_default="")),
        AddColumn("Session", "use_time", fields.BigIntField(default=0, db_default=0)),
        AddColumn("Session", "end_reason", ExactCharField(max_length=16, null=True)),
        CreateTable(
            name="Account",
            fields=[
                ("user_id", fields.BigIntField(generated=False, primary_key=True)),
                ("name", ExactCharField(max_length=120, null=True, unique=True)),
                ("tokens_after", fields.BigIntField(default=0, db_default=0)),
                ("avatar_file", fields.UUIDField(null=True, db_index=True)),
                ("delete_time", fields.BigIntField(null=True)),
            ],
            options={
                "table": "user_account",
                "app": "models",
                "pk_attr": "user_id",
                "table_description": (
                    "Facts about a user, beside the `user` table, which may belong to another"
                    " application."
                ),
            },
            bases=["Model"],
        ),
        CreateTable(
            name="PasswordReset",
            fields=[
                ("hash", ExactCharField(max_length=64, primary_key=True)),
                ("user_id", fields.BigIntField(unique=True)),
                ("create_time", fields.BigIntField(default=milliseconds)),
                ("expire_time", fields.BigIntField()),
            ],
            options={
                "table": "password_reset",
                "app": "models",
                "pk_attr": "hash",
                "table_description": "A one-time token that sets a new password.",
            },
            bases=["Model"],
        ),
    ]
