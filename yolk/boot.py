"""The life cycle of an application and of its plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

if TYPE_CHECKING:
    from yolk.application import Application


class Boot:
    """
    Hooks that run while the application starts and stops, with Egg's names and in Egg's order.

    A plugin's hooks run before those of the plugins that depend on it; the application's own run
    last. At a stop the order is reversed.
    """

    def __init__(self, app: Application) -> None:
        self.app = app

    def config_will_load(self) -> None:
        """Check the merged configuration before it is used. No I/O: every process runs this."""

    def config_did_load(self) -> None:
        """Put attributes on the application, before routes are mounted. No I/O."""

    def main_process_start(self) -> None:
        """Start what all workers share, once, before the first worker starts."""

    async def did_load(self) -> None:
        """Open the resources of this worker, before it serves."""

    async def will_ready(self) -> None:
        """Run after `did_load` of all plugins and the application, before the worker serves."""

    async def did_ready(self) -> None:
        """Run when the worker serves. An error is logged and does not stop the worker."""

    async def server_did_ready(self) -> None:
        """Run last, after `did_ready` of all plugins and the application."""

    async def before_close(self) -> None:
        """Close the resources of this worker, while its connections are still open."""

    def main_process_stop(self) -> None:
        """Stop what `main_process_start` started, after the last worker has ended."""


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of a plugin that has none."""


class Plugin(Boot):
    """
    An extension of the application that is switched on in `config/plugin.py`.

    A plugin is a folder or an importable module whose attribute `plugin` is the plugin's class. It
    has settings and hooks and adds attributes to `app` and `ctx`; it has no routes and no
    controllers.
    """

    name: ClassVar[str]
    """The plugin's name in `config/plugin.py`, and the name of its section in the settings."""

    dependencies: ClassVar[tuple[str, ...]] = ()
    """Plugins that must be on; their hooks run first."""

    optional_dependencies: ClassVar[tuple[str, ...]] = ()
    """Plugins whose hooks run first if they are on."""

    Settings: ClassVar[type[msgspec.Struct]] = NoSettings
    """The settings, with types and defaults."""

    environment: ClassVar[dict[str, str]] = {}
    """Environment variables that override a setting: variable to field."""

    context: ClassVar[type | None] = None
    """A mixin whose methods and properties are added to every `ctx`."""

    def __init__(self, app: Application, settings: msgspec.Struct) -> None:
        super().__init__(app)
        self.settings = settings
