"""
Operations that a migration may repeat.

MySQL and MariaDB cannot roll back DDL, so a migration that fails half-way is run again from its
beginning: every operation here leaves alone what exists already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tortoise.migrations.operations import AddField, CreateModel, RunSQL
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State
from typing_extensions import override

_COLUMN = {
    "sqlite": "SELECT 1 FROM pragma_table_info('{table}') WHERE name = '{name}'",
    "postgres": "SELECT 1 FROM information_schema.columns WHERE table_schema = current_schema()"
    " AND table_name = '{table}' AND column_name = '{name}'",
    "mysql": "SELECT 1 FROM information_schema.columns WHERE table_schema = database()"
    " AND table_name = '{table}' AND column_name = '{name}'",
}
_INDEX = (
    "SELECT 1 FROM information_schema.statistics WHERE table_schema = database()"
    " AND index_name = '{name}'"
)


class CreateTable(CreateModel):
    """
    Create a table unless it exists; an existing one is left exactly as it is.

    An Egg application's `user` table stays its own.
    """

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
        model = new_state.apps.get_model(f"{app_label}.{self.name}")
        # A comment would be set on an existing table, too.
        model._meta.table_description = ""
        sql = state_editor._get_model_sql_data(model).table_sql
        for statement in ("CREATE TABLE", "CREATE INDEX"):
            sql = sql.replace(f"{statement} ", f"{statement} IF NOT EXISTS ")
        await state_editor._run_sql(sql)

    @override
    async def database_backward(
        self,
        app_label: str,
        old_state: State,
        new_state: State,
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        """Keep the table: it may have existed before."""


class AddColumn(AddField):
    """Add a column unless it exists."""

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
        table = new_state.apps.get_model(f"{app_label}.{self.model_name}")._meta.db_table
        query = _COLUMN[client.capabilities.dialect].format(table=table, name=self.name)
        if not await client.execute_query_dict(query):
            await super().database_forward(app_label, old_state, new_state, state_editor)


class Run(RunSQL):
    """
    Run statements that may run again.

    Tortoise's own operation runs a script, which ends the migration's transaction on SQLite and
    takes one more connection on MySQL.

    Args:
        statements: one statement for every database, or a list for each dialect: "sqlite",
            "postgres" and "mysql".
        index: the index that the statements create. On MySQL, which has no IF NOT EXISTS for it,
            nothing is run when the index exists.
    """

    def __init__(self, statements: str | Mapping[str, Sequence[str]], index: str = "") -> None:
        # Atomic with its migration, where the database supports it: an operation that is atomic
        # by itself would open a transaction and not use it.
        super().__init__([], reverse_sql=[], atomic=False)
        self.statements = statements
        self.index = index

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
        query = _INDEX.format(name=self.index)
        if self.index and dialect == "mysql" and await client.execute_query_dict(query):
            return
        given = self.statements
        for statement in [given] if isinstance(given, str) else given[dialect]:
            await client.execute_query(statement)
