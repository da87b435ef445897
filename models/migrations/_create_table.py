"""Creating tables in a database that other people use too."""

from __future__ import annotations

from tortoise.migrations.operations import CreateModel
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State
from typing_extensions import override


class CreateTable(CreateModel):
    """
    Create a table unless one of that name is there, which is then left exactly as it is.

    An Egg application's `user` table stays its own. And where the database cannot roll back a
    CREATE TABLE (MySQL, MariaDB), a migration that broke off half-way runs through the next time.
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
        # A comment would be set on a table that is there, too.
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
        """Leave the table: nobody knows any more whose it is."""
