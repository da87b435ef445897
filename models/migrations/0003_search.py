"""Searching, and finding what changed a message."""

from __future__ import annotations

from tortoise import fields, migrations

from models.columns import ExactCharField
from models.migrations._operations import AddColumn, CreateTable, Run


class Migration(migrations.Migration):
    """Create the search's table with its full-text index, and index what changes a message."""

    dependencies = [("models", "0002_groups")]

    operations = [
        CreateTable(
            name="SearchEntry",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True)),
                ("conv", ExactCharField(max_length=48)),
                ("seq", fields.BigIntField()),
                ("terms", fields.TextField()),
            ],
            options={
                "table": "search_entry",
                "app": "models",
                "pk_attr": "id",
                "unique_together": (("conv", "seq"),),
                "table_description": (
                    "The words of one message, for the database's full-text index."
                ),
            },
            bases=["Model"],
        ),
        # Nothing is indexed yet: what was said before is found after a while.
        AddColumn("Conversation", "indexed_seq", fields.BigIntField(default=0, db_default=0)),
        Run(
            index="search_terms",
            statements={
                # The index keeps no text and no positions of its own; triggers keep it true.
                "sqlite": [
                    "CREATE VIRTUAL TABLE IF NOT EXISTS search_terms USING fts5(terms,"
                    " content='search_entry', content_rowid='id', detail='none', columnsize=0,"
                    " tokenize='ascii')",
                    "CREATE TRIGGER IF NOT EXISTS search_added AFTER INSERT ON search_entry BEGIN"
                    " INSERT INTO search_terms (rowid, terms) VALUES (new.id, new.terms); END",
                    "CREATE TRIGGER IF NOT EXISTS search_removed AFTER DELETE ON search_entry BEGIN"
                    " INSERT INTO search_terms (search_terms, rowid, terms)"
                    " VALUES ('delete', old.id, old.terms); END",
                    "CREATE TRIGGER IF NOT EXISTS search_changed AFTER UPDATE ON search_entry BEGIN"
                    " INSERT INTO search_terms (search_terms, rowid, terms)"
                    " VALUES ('delete', old.id, old.terms);"
                    " INSERT INTO search_terms (rowid, terms) VALUES (new.id, new.terms); END",
                ],
                "postgres": [
                    "CREATE INDEX IF NOT EXISTS search_terms ON search_entry"
                    " USING gin (to_tsvector('simple', terms))",
                ],
                "mysql": ["CREATE FULLTEXT INDEX search_terms ON search_entry (terms)"],
            },
        ),
        # The recall and the edits of a message. Messages themselves have no target: where an
        # index can leave them out, sending costs nothing more.
        Run(
            index="message_target",
            statements={
                "sqlite": [
                    "CREATE INDEX IF NOT EXISTS message_target ON message (target)"
                    " WHERE target IS NOT NULL",
                ],
                "postgres": [
                    "CREATE INDEX IF NOT EXISTS message_target ON message (target)"
                    " WHERE target IS NOT NULL",
                ],
                "mysql": ["CREATE INDEX message_target ON message (target)"],
            },
        ),
    ]
