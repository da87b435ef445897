"""Keys that all servers share."""

from __future__ import annotations

from tortoise import migrations

from models.columns import ExactCharField
from models.migrations._operations import CreateTable


class Migration(migrations.Migration):
    """Create the table of secrets."""

    dependencies = [("models", "0004_files")]

    operations = [
        CreateTable(
            name="Secret",
            fields=[
                ("name", ExactCharField(max_length=40, primary_key=True)),
                ("value", ExactCharField(max_length=128)),
            ],
            options={
                "table": "secret",
                "app": "models",
                "pk_attr": "name",
                "table_description": "A key that every server of this database signs with.",
            },
            bases=["Model"],
        ),
    ]
