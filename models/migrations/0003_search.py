"""The search index, and an index of the changes of a message."""

from __future__ import annotations

from tortoise import fields, migrations

from models.columns import ExactCharField
from models.migrations._operations import AddColumn, CreateTable, Run


class Migration(migrations.Migration):
    """Create the search table with its full-text index, and index the changes of messages."""

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
        # Nothing is indexed yet; the indexer adds earlier messages in the background.
        AddColumn("Conversation", "indexed_seq", fields.BigIntField(default=0, db_default=0)),
        Run(
            index="search_terms",
            statements={
                # The index stores no text and no positions; triggers keep it up to date.
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
        # For the recall and the edits of a message. Messages themselves have no target: a partial
        # index costs nothing when they are sent.
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
