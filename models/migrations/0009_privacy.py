"""What others see of a user."""

from __future__ import annotations

from tortoise import fields, migrations

from models.columns import ExactCharField
from models.migrations._operations import AddColumn, CreateTable


class Migration(migrations.Migration):
    """Create `privacy`, and add to `block` the cursors that a blocked user last saw."""

    dependencies = [("models", "0006_accounts")]

    operations = [
        CreateTable(
            name="Privacy",
            fields=[
                ("user_id", fields.BigIntField(generated=False, primary_key=True)),
                (
                    "presence",
                    ExactCharField(max_length=16, default="everyone", db_default="everyone"),
                ),
                ("receipts", fields.SmallIntField(default=1, db_default=1)),
                ("found_by", ExactCharField(max_length=16, default="prefix", db_default="prefix")),
            ],
            options={
                "table": "privacy",
                "app": "models",
                "pk_attr": "user_id",
                "table_description": (
                    "What others see of a user, beside the `user` table, which may belong to"
                    " another application."
                ),
            },
            bases=["Model"],
        ),
        AddColumn("Block", "read_seq", fields.BigIntField(default=0, db_default=0)),
        AddColumn("Block", "delivered_seq", fields.BigIntField(default=0, db_default=0)),
    ]
