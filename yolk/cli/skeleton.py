"""The files that `new plugin` creates. They pass their test and the project's checks."""

from __future__ import annotations

from string import Template

TABLE = '"""The plugins that are switched on, and where they come from."""\n'

PLUGIN = Template('''\
"""The plugin $name: describe in one sentence what it does."""

from __future__ import annotations

from typing import cast

import msgspec

from yolk import Application, Plugin


class ${kind}Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The plugin's section of config/config_default.py."""

    greeting: str = "hello"
    """The greeting."""


class ${kind}Context:
    """Adds `ctx.$name()`."""

    app: Application

    def $name(self) -> str:
        """Return the greeting."""
        return cast(str, self.app.$name)


class ${kind}Plugin(Plugin):
    """Adds `app.$name`."""

    name = "$name"
    Settings = ${kind}Settings
    context = ${kind}Context
    settings: ${kind}Settings

    async def did_load(self) -> None:
        """Open the worker's resources here, and close them in `before_close`."""
        self.app.provide("$name", self.settings.greeting)


plugin = ${kind}Plugin
''')

TEST = Template('''\
"""The plugin $name in a small application."""

from __future__ import annotations

from pathlib import Path

from yolk.testing import Server

NAME = "$name"
PROJECT = Path(__file__).resolve().parents[2]

APP = """
from pathlib import Path

from yolk import Application, serve


async def greet(ctx):
    ctx.api_success([ctx.app.$name, ctx.$name()])


def create_app():
    app = Application(Path(__file__).parent)
    app.http.get("/", greet)
    return app


if __name__ == "__main__":
    serve(create_app)
"""


def application(folder: Path, **settings: str) -> Server:
    """Return an application with these settings of the plugin, not yet started."""
    entry = {"path": str(PROJECT / "plugins" / NAME)}
    (folder / "app.py").write_text(APP)
    (folder / "config").mkdir()
    (folder / "config" / "plugin.py").write_text(f"{NAME} = {entry}")
    (folder / "config" / "config_default.py").write_text(f"{NAME} = {settings}")
    return Server(folder, folder / "data", {"PYTHONPATH": str(PROJECT)})


async def test_it_greets(tmp_path: Path) -> None:
    """Without settings, `app` and `ctx` have the default greeting."""
    async with application(tmp_path) as server:
        assert await server.get("/") == ["hello", "hello"]


async def test_its_greeting_can_be_set(tmp_path: Path) -> None:
    """The configuration replaces the default greeting."""
    async with application(tmp_path, greeting="good morning") as server:
        assert await server.get("/") == ["good morning", "good morning"]
''')
