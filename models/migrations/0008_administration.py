"""Roles, reports and the audit."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.indexes import Index

from models.columns import ExactCharField, milliseconds
from models.migrations._operations import CreateTable


class Migration(migrations.Migration):
    """Create the tables of roles, reports and the audit."""

    dependencies = [("models", "0007_group_access")]

    operations = [
        CreateTable(
            name="UserRole",
            fields=[
                ("user_id", fields.BigIntField(generated=False, primary_key=True)),
                ("role", ExactCharField(max_length=16)),
                ("create_time", fields.BigIntField(default=milliseconds)),
            ],
            options={
                "table": "user_role",
                "app": "models",
                "pk_attr": "user_id",
                "table_description": "The role of a user on the whole server.",
            },
            bases=["Model"],
        ),
        CreateTable(
            name="Report",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("reporter_id", fields.BigIntField()),
                ("target_type", ExactCharField(max_length=16)),
                ("target_id", ExactCharField(max_length=36)),
                ("reason", ExactCharField(max_length=16)),
                ("text", fields.CharField(max_length=1000, default="", db_default="")),
                ("state", ExactCharField(max_length=16, default="open", db_default="open")),
                ("create_time", fields.BigIntField(default=milliseconds)),
                ("close_time", fields.BigIntField(default=0, db_default=0)),
            ],
            options={
                "table": "report",
                "app": "models",
                "pk_attr": "id",
                "unique_together": (("reporter_id", "target_type", "target_id", "close_time"),),
                "indexes": [
                    Index(fields=["state", "id"]),
                    Index(fields=["target_type", "target_id", "state"]),
                ],
                "table_description": "What a user reported.",
            },
            bases=["Model"],
        ),
        CreateTable(
            name="AuditEntry",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("actor_id", fields.BigIntField(null=True)),
                ("operator", fields.CharField(max_length=64, default="", db_default="")),
                ("address", ExactCharField(max_length=45, default="", db_default="")),
                ("action", ExactCharField(max_length=32)),
                ("target_type", ExactCharField(max_length=16)),
                ("target_id", ExactCharField(max_length=36)),
                ("details", fields.TextField()),
                ("create_time", fields.BigIntField(default=milliseconds)),
            ],
            options={
                "table": "audit",
                "app": "models",
                "pk_attr": "id",
                "indexes": [
                    Index(fields=["target_type", "target_id"]),
                    Index(fields=["actor_id"]),
                ],
                "table_description": "What an administrator did.",
            },
            bases=["Model"],
        ),
    ]
