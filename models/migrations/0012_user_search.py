"""The texts by which users are found."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.indexes import Index

from models.columns import ExactCharField, SortedCharField
from models.migrations._operations import AddColumn, CreateTable


class Migration(migrations.Migration):
    """Create the table of search keys, and note in each account which names they were made of."""

    dependencies = [("models", "0011_kept_mutes")]

    operations = [
        CreateTable(
            name="UserSearchKey",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("user_id", fields.BigIntField(db_index=True)),
                ("place", fields.SmallIntField()),
                ("term", SortedCharField(max_length=32)),
            ],
            options={
                "table": "user_search_key",
                "app": "models",
                "pk_attr": "id",
                "indexes": [Index(fields=["place", "term", "id"])],
                "table_description": (
                    "A text by which a user is found: a part of a name up to its end, or its"
                    " pinyin."
                ),
            },
            bases=["Model"],
        ),
        AddColumn("Account", "searched_names", ExactCharField(max_length=512, null=True)),
    ]
