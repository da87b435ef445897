"""Adding columns to tables that are there."""

from __future__ import annotations

from tortoise.migrations.operations import AddField
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State
from typing_extensions import override

_COLUMNS = {
    "sqlite": "SELECT name FROM pragma_table_info('{table}')",
    "postgres": (
        "SELECT column_name AS name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = '{table}'"
    ),
    "mysql": (
        "SELECT column_name AS name FROM information_schema.columns"
        " WHERE table_schema = database() AND table_name = '{table}'"
    ),
}


class AddColumn(AddField):
    """
    Add a column unless it is there.

    Where the database cannot roll back an ALTER TABLE (MySQL, MariaDB), a migration that broke
    off half-way runs through the next time.
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
        client = state_editor.client
        table = new_state.apps.get_model(f"{app_label}.{self.model_name}")._meta.db_table
        query = _COLUMNS[client.capabilities.dialect].format(table=table)
        found = {row["name"] for row in await client.execute_query_dict(query)}
        if self.name not in found:
            await super().database_forward(app_label, old_state, new_state, state_editor)
