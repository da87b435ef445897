"""Files and attachments."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.indexes import Index
from uuid_utils.compat import uuid7

from models.columns import ExactCharField, milliseconds
from models.migrations._operations import CreateTable


class Migration(migrations.Migration):
    """Create the tables of files."""

    dependencies = [("models", "0003_search")]

    operations = [
        CreateTable(
            name="File",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("user_id", fields.BigIntField()),
                ("hash", ExactCharField(max_length=64)),
                ("name", fields.CharField(max_length=255)),
                ("folder", fields.CharField(max_length=100, default="", db_default="")),
                ("size", fields.BigIntField()),
                ("type", ExactCharField(max_length=127)),
                ("width", fields.IntField(null=True)),
                ("height", fields.IntField(null=True)),
                ("blur", ExactCharField(max_length=2000, null=True)),
                ("thumbnail", fields.SmallIntField(default=0, db_default=0)),
                ("create_time", fields.BigIntField(default=milliseconds)),
            ],
            options={
                "table": "file",
                "app": "models",
                "pk_attr": "id",
                "indexes": [Index(fields=["hash"]), Index(fields=["user_id", "id"])],
                "table_description": "What somebody uploaded.",
            },
            bases=["Model"],
        ),
        CreateTable(
            name="Attachment",
            fields=[
                ("message_id", fields.UUIDField(primary_key=True)),
                ("file_id", fields.UUIDField()),
                ("conv", ExactCharField(max_length=48)),
                ("seq", fields.BigIntField()),
            ],
            options={
                "table": "attachment",
                "app": "models",
                "pk_attr": "message_id",
                "indexes": [Index(fields=["file_id"])],
                "table_description": (
                    "A message that carries a file, so that those who may read the message may"
                    " read the file."
                ),
            },
            bases=["Model"],
        ),
    ]
