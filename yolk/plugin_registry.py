"""The plugin table of `config/plugin.py`: which plugins are on, and in which order they start."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from yolk.boot import Plugin
from yolk.errors import StartError
from yolk.settings import read_file


class Entry(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One plugin in `config/plugin.py`."""

    enable: bool = True
    """Whether the plugin is on."""
    package: str | None = None
    """An importable module that has the attribute `plugin`."""
    path: str | None = None
    """A package that has it, as a folder relative to the application's root."""
    env: list[str] = []
    """The environments in which the plugin is on; empty means all."""
    dependencies: list[str] = []
    """Replaces the dependencies that the plugin itself declares."""
    optional_dependencies: list[str] = []
    """Replaces the optional dependencies that the plugin itself declares."""


class Found(msgspec.Struct):
    """A plugin that is on: imported, not yet instantiated."""

    name: str
    kind: type[Plugin]
    source: str
    dependencies: tuple[str, ...]
    optional_dependencies: tuple[str, ...]


class Registry:
    """
    The plugin table of one application.

    Only plugins that are on are imported. Every error stops the start with one sentence that names
    the plugin, the file and the remedy.
    """

    def __init__(self, root: Path, env: str) -> None:
        self.root = root
        self.env = env
        self.entries: dict[str, Entry] = {}
        self.sources: dict[str, str] = {}
        """For each plugin, the last file that mentions it."""
        self.said: dict[str, dict[str, str]] = {}
        """For each plugin and property, the last file that sets it."""
        self.found: list[Found] = []
        """The plugins that are on, in starting order, once `load` has run."""
        self._read()

    def _read(self) -> None:
        table: dict[str, dict[str, Any]] = {}
        for name in ("plugin", f"plugin_{self.env}"):
            path = self.root / "config" / f"{name}.py"
            if not path.is_file():
                continue
            source = f"config/{name}.py"
            for plugin, said in read_file(path).items():
                properties = {"enable": said} if isinstance(said, bool) else said
                if not isinstance(properties, Mapping):
                    raise StartError(
                        f"{source}: {plugin} must be True, False, or a dictionary "
                        "with package or path."
                    )
                merged = table.setdefault(plugin, {})
                if properties.get("package") or properties.get("path"):
                    # A plugin comes from one place: a later file replaces the earlier one's.
                    merged.pop("package", None)
                    merged.pop("path", None)
                merged.update(properties)
                self.sources[plugin] = source
                self.said.setdefault(plugin, {}).update(dict.fromkeys(properties, source))
        for plugin, properties in table.items():
            self.entries[plugin] = self._entry(plugin, properties)

    def _entry(self, plugin: str, properties: Mapping[str, Any]) -> Entry:
        known = Entry.__struct_fields__
        for name in properties:
            if name not in known:
                nearest = difflib.get_close_matches(name, known, 1, 0.5)
                hint = f"did you mean {nearest[0]}?" if nearest else f"it takes {', '.join(known)}."
                raise StartError(
                    f"{self.sources[plugin]}: the plugin {plugin} has no property {name}; {hint}"
                )
        try:
            return msgspec.convert(dict(properties), Entry)
        except msgspec.ValidationError as error:
            raise StartError(f"{self.sources[plugin]}: the plugin {plugin}: {error}.") from None

    def is_on(self, name: str) -> bool:
        """Return whether the plugin *name* is on in this environment."""
        entry = self.entries.get(name)
        return bool(entry and entry.enable and (not entry.env or self.env in entry.env))

    def load(self) -> list[Found]:
        """
        Import the plugins that are on and return them in starting order.

        A plugin starts after its dependencies; apart from that, plugins start as listed.

        Raises:
            StartError: the table or a plugin's own declarations are wrong.
        """
        found = {name: self._find(name) for name in self.entries if self.is_on(name)}
        needs = {name: self._needs(plugin, found) for name, plugin in found.items()}
        try:
            TopologicalSorter(needs).prepare()
        except CycleError as error:
            raise self._cycle(error.args[1]) from None
        order: dict[str, Found] = {}

        # Not the sorter's own order: that would ignore the order in which the plugins are listed.
        def add(name: str) -> None:
            if name not in order:
                for wanted in needs[name]:
                    add(wanted)
                order[name] = found[name]

        for name in found:
            add(name)
        self.found = list(order.values())
        return self.found

    def _needs(self, plugin: Found, found: Mapping[str, Found]) -> list[str]:
        """Return the plugins that start before *plugin*."""
        for wanted in plugin.dependencies:
            if wanted not in found:
                raise self._unmet(plugin.name, wanted)
        optional = [wanted for wanted in plugin.optional_dependencies if wanted in found]
        return [*plugin.dependencies, *optional]

    def _cycle(self, predecessors: Sequence[str]) -> StartError:
        names = list(reversed(predecessors))[1:]
        first = min(range(len(names)), key=lambda at: list(self.entries).index(names[at]))
        names = names[first:] + names[:first]
        return StartError(
            f"{self.sources[names[-1]]}: the plugins depend on each other in a cycle "
            f"({' -> '.join([*names, names[0]])}); remove one of these dependencies."
        )

    def _unmet(self, name: str, wanted: str) -> StartError:
        if wanted in self.entries:
            return StartError(
                f"{self.sources[wanted]}: the plugin {wanted} is off here, but {name} needs it; "
                f"switch {wanted} on, or {name} off."
            )
        return StartError(
            f"{self.sources[name]}: the plugin {name} needs the plugin {wanted}, "
            f"which is not listed; add {wanted} with its package or path, or switch {name} off."
        )

    def _find(self, name: str) -> Found:
        entry, source = self.entries[name], self.sources[name]
        if (entry.package is None) == (entry.path is None):
            raise StartError(
                f"{source}: the plugin {name} needs either a package or a path"
                f"{', not both' if entry.path else ''}."
            )
        where = entry.package or entry.path or ""
        module = self._import_path(name, where) if entry.path else self._import_package(name, where)
        kind = getattr(module, "plugin", None)
        if not (isinstance(kind, type) and issubclass(kind, Plugin)):
            raise StartError(
                f"{source}: {where} has no plugin {name}; "
                "its module must say `plugin = YourPlugin`, a subclass of yolk.Plugin."
            )
        stated = getattr(kind, "name", None)
        if stated is None:
            raise StartError(
                f'{source}: the plugin {name} ({where}) has no name; add name = "{name}" '
                f"to its class {kind.__name__}."
            )
        if stated != name:
            raise StartError(
                f"{source}: the plugin listed as {name} calls itself {stated}; "
                f"list {where} under the name {stated}."
            )
        return Found(
            name,
            kind,
            source,
            tuple(entry.dependencies) or kind.dependencies,
            tuple(entry.optional_dependencies) or kind.optional_dependencies,
        )

    def _import_package(self, name: str, package: str) -> ModuleType:
        source = self.sources[name]
        try:
            return importlib.import_module(package)
        except ModuleNotFoundError as error:
            if error.name and (package == error.name or package.startswith(f"{error.name}.")):
                raise StartError(
                    f"{source}: the plugin {name} names the package {package}, "
                    "which is not installed; install it or correct the name."
                ) from None
            raise _broken(source, name, package, error) from error
        except Exception as error:
            raise _broken(source, name, package, error) from error

    def _import_path(self, name: str, path: str) -> ModuleType:
        source = self.sources[name]
        folder = (self.root / path).resolve()
        init = folder / "__init__.py"
        if not init.is_file():
            raise StartError(
                f"{source}: the plugin {name} names the path {path}, "
                f"but there is no {path}/__init__.py; correct the path."
            )
        try:
            if folder.is_relative_to(self.root):
                module = importlib.import_module(".".join(folder.relative_to(self.root).parts))
            else:
                module = _import_folder(f"yolk_plugin_{name}", init)
        except Exception as error:
            raise _broken(source, name, path, error) from error
        if module.__file__ is None or Path(module.__file__).resolve() != init.resolve():
            raise StartError(
                f"{source}: the plugin {name} ({path}) is hidden by another module of that name "
                f"({module.__file__}); rename its folder."
            )
        return module


def _import_folder(module_name: str, init: Path) -> ModuleType:
    """Import a folder outside the application's root as a package of its own."""
    spec = importlib.util.spec_from_file_location(
        module_name, init, submodule_search_locations=[str(init.parent)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{init} is not a Python package")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    return module


def _broken(source: str, name: str, where: str, error: Exception) -> StartError:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return StartError(
        f"{source}: the plugin {name} ({where}) cannot be imported: "
        f"{type(error).__name__}: {error} ({last.filename}, line {last.lineno}); "
        "fix it or switch it off."
    )
