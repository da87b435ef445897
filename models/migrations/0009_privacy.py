"""What others see of a user."""

from __future__ import annotations

from tortoise import fields, migrations

from models.columns import ExactCharField
from models.migrations._operations import AddColumn, CreateTable, Run

_LOW_AND_HIGH = {
    "sqlite": ("min", "max"),
    "postgres": ("least", "greatest"),
    "mysql": ("least", "greatest"),
}


def _freeze_cursors(dialect: str) -> str:
    """Return the statement that stores the cursors of those who blocked somebody before."""
    low, high = (f"{name}(b.user_id, b.blocked_id)" for name in _LOW_AND_HIGH[dialect])
    if dialect == "mysql":
        member = f"m.conv = concat('s:', {low}, ':', {high}) AND m.user_id = b.user_id"
        cursors = "b.read_seq = m.read_seq, b.delivered_seq = m.delivered_seq"
        return f"UPDATE block b JOIN member m ON {member} SET {cursors} WHERE b.delivered_seq = 0"  # noqa: S608
    member = f"m.conv = 's:' || {low} || ':' || {high} AND m.user_id = b.user_id"
    return (
        "UPDATE block AS b SET read_seq = m.read_seq, delivered_seq = m.delivered_seq"  # noqa: S608
        f" FROM member m WHERE {member} AND b.delivered_seq = 0"
    )


class Migration(migrations.Migration):
    """Create `privacy`, and add to `block` the cursors that a blocked user last saw."""

    dependencies = [("models", "0008_administration")]

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
        Run({dialect: [_freeze_cursors(dialect)] for dialect in _LOW_AND_HIGH}),
    ]
