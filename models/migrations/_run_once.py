"""SQL that each database has in words of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tortoise.migrations.operations import RunSQL
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State
from typing_extensions import override

_INDEXES = (
    "SELECT 1 FROM information_schema.statistics WHERE table_schema = database()"
    " AND index_name = '{name}'"
)


class RunOnce(RunSQL):
    """
    Run the statements of the database at hand.

    Where the database cannot roll back what makes an index (MySQL, MariaDB), a migration that
    broke off half-way runs through the next time: there, nothing is done when *index* exists.
    Elsewhere the statements themselves say IF NOT EXISTS.

    Args:
        index: the name of the index that the statements make.
        statements: dialect to what to run: "sqlite", "postgres" and "mysql".
    """

    def __init__(self, index: str, statements: Mapping[str, Sequence[str]]) -> None:
        # Atomic with its migration, where the database can; by itself it would open a transaction
        # and then not use it.
        super().__init__([], reverse_sql=[], atomic=False)
        self.index = index
        self.statements = statements

    @override
    async def database_forward(
        self,
        app_label: str,
        old_state: State,
        new_state: State,
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        if state_editor is None:
            return
        client = state_editor.client
        dialect = client.capabilities.dialect
        if dialect == "mysql" and await client.execute_query_dict(_INDEXES.format(name=self.index)):
            return
        for statement in self.statements[dialect]:
            # One at a time: a script would end the transaction of a migration on SQLite.
            await client.execute_query(statement)
