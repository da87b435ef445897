"""Pictures of groups."""

from __future__ import annotations

from tortoise import fields, migrations

from models.migrations._operations import AddColumn, Run

_INDEX = "CREATE INDEX{unless} chat_group_avatar_file ON chat_group (avatar_file)"


class Migration(migrations.Migration):
    """Add to groups the file that is their avatar."""

    dependencies = [("models", "0009_privacy")]

    operations = [
        AddColumn("Group", "avatar_file", fields.UUIDField(null=True, db_index=True)),
        # Adding a column does not create its index.
        Run(
            index="chat_group_avatar_file",
            statements={
                "sqlite": [_INDEX.format(unless=" IF NOT EXISTS")],
                "postgres": [_INDEX.format(unless=" IF NOT EXISTS")],
                "mysql": [_INDEX.format(unless="")],
            },
        ),
    ]
