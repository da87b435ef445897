"""Mutes of users who left a group."""

from __future__ import annotations

from tortoise import fields, migrations

from models.migrations._operations import CreateTable


class Migration(migrations.Migration):
    """Create the table of mutes that hold again when a user comes back to a group."""

    dependencies = [("models", "0010_group_pictures")]

    operations = [
        CreateTable(
            name="KeptMute",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("group_id", fields.BigIntField()),
                ("user_id", fields.BigIntField()),
                ("muted_until", fields.BigIntField()),
            ],
            options={
                "table": "group_kept_mute",
                "app": "models",
                "pk_attr": "id",
                "unique_together": (("group_id", "user_id"),),
                "table_description": (
                    "The mute of a user who left a group: it holds again when the user comes back."
                ),
            },
            bases=["Model"],
        ),
    ]
