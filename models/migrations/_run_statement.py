"""One statement that all databases understand."""

from __future__ import annotations

from tortoise.migrations.operations import RunSQL
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State
from typing_extensions import override


class RunStatement(RunSQL):
    """
    Run a statement that may run again: on MySQL a migration that broke off half-way does.

    Tortoise's own runs a script, which ends the migration's transaction on SQLite, and takes one
    more connection on MySQL.
    """

    def __init__(self, statement: str) -> None:
        # Atomic with its migration, where the database can; by itself it would open a transaction
        # and then not use it.
        super().__init__([], reverse_sql=[], atomic=False)
        self.statement = statement

    @override
    async def database_forward(
        self,
        app_label: str,
        old_state: State,
        new_state: State,
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        if state_editor is not None:
            await state_editor.client.execute_query(self.statement)
