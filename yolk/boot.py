"""The life cycle of an application and of its plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

if TYPE_CHECKING:
    from yolk.application import Application


class Boot:
    """
    Hooks that run while the application starts and stops, in Egg's order and under its names.

    A plugin's hooks run before those of the plugins that depend on it, and the application's
    own come last. When stopping, the order is reversed.
    """

    def __init__(self, app: Application) -> None:
        self.app = app

    def config_will_load(self) -> None:
        """Look at the merged configuration before it is used. No I/O: every process runs this."""

    def config_did_load(self) -> None:
        """Put attributes on the application, before routes are mounted. No I/O."""

    def main_process_start(self) -> None:
        """Start what all workers share, once, before the first worker is there."""

    async def did_load(self) -> None:
        """Open what this worker needs, before it serves."""

    async def will_ready(self) -> None:
        """Run after everybody's `did_load`, before the worker serves."""

    async def did_ready(self) -> None:
        """Run when the worker serves. An error here is logged and does not stop it."""

    async def server_did_ready(self) -> None:
        """Run last of the start."""

    async def before_close(self) -> None:
        """Let go of what this worker holds, while its connections are still open."""

    def main_process_stop(self) -> None:
        """Stop what `main_process_start` started, after the last worker is gone."""


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of a plugin that has none."""


class Plugin(Boot):
    """
    Something that can be switched on in `config/plugin.py`.

    A plugin is a folder or an importable module that hands over its class as `plugin`. It has
    settings, hooks and what it puts on `app` and `ctx`; it has no routes and no controllers.
    """

    name: ClassVar[str]
    """The name under which `config/plugin.py` lists it; its settings stand under the same name."""

    dependencies: ClassVar[tuple[str, ...]] = ()
    """Plugins that must be on; their hooks run first."""

    optional_dependencies: ClassVar[tuple[str, ...]] = ()
    """Plugins whose hooks run first, where they are on."""

    Settings: ClassVar[type[msgspec.Struct]] = NoSettings
    """The settings with their types and defaults."""

    environment: ClassVar[dict[str, str]] = {}
    """Environment variables that set a field of the settings, by name."""

    context: ClassVar[type | None] = None
    """A class whose methods and properties every `ctx` gets."""

    def __init__(self, app: Application, settings: msgspec.Struct) -> None:
        super().__init__(app)
        self.settings = settings
