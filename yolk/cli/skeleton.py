"""What `new plugin` writes. It is complete: it passes its test, and the checks of the project."""

from __future__ import annotations

from string import Template

TABLE = '"""What is switched on, and where it comes from."""\n'

PLUGIN = Template('''\
"""The plugin $name: say in one sentence what it is for."""

from __future__ import annotations

from typing import cast

import msgspec

from yolk import Application, Plugin


class ${kind}Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What config/config_default.py may say under the plugin's name."""

    greeting: str = "hello"
    """What it says."""


class ${kind}Context:
    """What every `ctx` gets: `ctx.$name()`."""

    app: Application

    def $name(self) -> str:
        """Give the greeting."""
        return cast(str, self.app.$name)


class ${kind}Plugin(Plugin):
    """Puts `app.$name` on the application."""

    name = "$name"
    Settings = ${kind}Settings
    context = ${kind}Context
    settings: ${kind}Settings

    async def did_load(self) -> None:
        """Open what a worker needs before it serves; close it in `before_close`."""
        self.app.provide("$name", self.settings.greeting)


plugin = ${kind}Plugin
''')

TEST = Template('''\
"""The plugin $name, in a small application that has nothing else."""

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
    """Give the application, not yet started, with these settings of the plugin."""
    entry = {"path": str(PROJECT / "plugins" / NAME)}
    (folder / "app.py").write_text(APP)
    (folder / "config").mkdir()
    (folder / "config" / "plugin.py").write_text(f"{NAME} = {entry}")
    (folder / "config" / "config_default.py").write_text(f"{NAME} = {settings}")
    return Server(folder, folder / "data", {"PYTHONPATH": str(PROJECT)})


async def test_it_greets(tmp_path: Path) -> None:
    """Without settings, the default greeting is on `app` and on every `ctx`."""
    async with application(tmp_path) as server:
        assert await server.get("/") == ["hello", "hello"]


async def test_its_greeting_can_be_set(tmp_path: Path) -> None:
    """What the configuration says comes in place of the default."""
    async with application(tmp_path, greeting="good morning") as server:
        assert await server.get("/") == ["good morning", "good morning"]
''')
