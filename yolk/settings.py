"""What a Yolk application can be told, and from where it was told so."""

from __future__ import annotations

import difflib
import os
import runpy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from sanic.config import DEFAULT_CONFIG

from yolk.errors import StartError

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=1)]
S = TypeVar("S", bound=msgspec.Struct)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """
    The settings of the framework itself.

    An application adds its own sections in a subclass, which it hands to `Application`.
    """

    host: str = "127.0.0.1"
    port: Port = 7001
    workers: Count = 1
    data: str = "data"
    """The folder for everything that running makes, seen from the application's root."""
    locale: Literal["zh", "en"] = "zh"
    """The language of texts that people read."""
    middleware: list[str] = []
    """HTTP middlewares of the whole application, by name, the outermost first."""
    proxies: int = 0
    """How many reverse proxies stand in front, for a client's address."""


ENVIRONMENT = {"HOST": "host", "PORT": "port", "WORKERS": "workers", "YOLK_DATA": "data"}
"""Environment variables that set a framework setting."""

DOCUMENT = ("API_TITLE", "API_VERSION", "API_DESCRIPTION")
"""What the top of /docs says, under the names that sanic-ext reads too."""


class Layers:
    """
    Configuration merged from several files, the later ones on top.

    Dictionaries merge deeply; lists and everything else are replaced, as in Egg.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.sources: dict[str, str] = {}
        """Dotted name of a setting to the file or environment variable that set it last."""

    def add(self, values: Mapping[str, Any], source: str) -> None:
        """Lay *values* on top of what is there; *source* names where they come from."""
        self._merge(self.values, values, source, "")

    def _merge(
        self, below: dict[str, Any], above: Mapping[str, Any], source: str, prefix: str
    ) -> None:
        for name, value in above.items():
            dotted = f"{prefix}{name}"
            if isinstance(value, Mapping):
                inner = below.get(name)
                if not isinstance(inner, dict):
                    inner = below[name] = {}
                self._merge(inner, value, source, f"{dotted}.")
            else:
                below[name] = value
            self.sources[dotted] = source

    def source(self, dotted: str) -> str:
        """Name the file that set *dotted*, or the nearest setting above it."""
        while dotted not in self.sources and "." in dotted:
            dotted = dotted.rpartition(".")[0]
        return self.sources.get(dotted, "config/config_default.py")


def read_file(path: Path) -> dict[str, Any]:
    """
    Read a configuration file: the public names of a Python file.

    Raises:
        StartError: the file does not run.
    """
    try:
        names = runpy.run_path(str(path))
    except Exception as error:
        raise StartError(f"{path} cannot be read: {type(error).__name__}: {error}.") from error
    return {
        name: value for name, value in names.items() if not name.startswith("_") and _is_data(value)
    }


def _is_data(value: object) -> bool:
    return value is None or isinstance(value, (bool, int, float, str, bytes, list, tuple, dict))


def read_layers(root: Path, env: str) -> Layers:
    """Read `config_default.py` and `config_<env>.py` of the application in *root*."""
    layers = Layers()
    for name in ("config_default", f"config_{env}"):
        path = root / "config" / f"{name}.py"
        if path.is_file():
            layers.add(read_file(path), f"config/{name}.py")
    return layers


def apply_environment(
    layers: Layers, section: str, kind: type[msgspec.Struct], names: Mapping[str, str]
) -> None:
    """
    Lay environment variables on top.

    Args:
        layers: what the files said.
        section: the plugin whose settings these are, or "" for the framework's own.
        kind: the settings' types, to read a number from the variable's text.
        names: environment variable to field.

    Raises:
        StartError: the text is not of the setting's type.
    """
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    for variable, field in names.items():
        text = os.environ.get(variable)
        if not text:
            continue
        try:
            value = msgspec.convert(text, types[field], strict=False)
        except msgspec.ValidationError as error:
            raise StartError(f"The environment variable {variable}={text}: {error}.") from None
        layers.add({section: {field: value}} if section else {field: value}, f"${variable}")


def check_names(layers: Layers, known: Iterable[str]) -> None:
    """
    Refuse top-level names that nobody reads.

    Raises:
        StartError: names the setting, its file, and the nearest one that exists.
    """
    names = [*known, *DEFAULT_CONFIG, *DOCUMENT]
    if not layers.values.keys() <= set(names):
        names += extension_defaults()
    for name in layers.values:
        if name not in names:
            raise _unknown(layers.source(name), name, name, names)


def extension_defaults() -> dict[str, Any]:
    """Give the settings that sanic-ext reads, such as OAS; none where it is not installed."""
    try:
        from sanic_ext.config import Config  # noqa: PLC0415 - it may not be there
    except ImportError:
        return {}
    return {name: value for name, value in Config().items() if name.isupper()}


def convert(layers: Layers, section: str, kind: type[S], values: Mapping[str, Any]) -> S:
    """
    Turn plain values into typed settings.

    Args:
        layers: for the file that a faulty setting stands in.
        section: the dotted name under which the values stand, "" for the top.
        kind: the settings' types and defaults.
        values: what was configured.

    Raises:
        StartError: a name that does not exist, or a value of the wrong type.
    """
    if not isinstance(values, Mapping):
        raise StartError(f"{layers.source(section)}: {section} must be a dictionary of settings.")
    _check_fields(layers, section, kind, values)
    try:
        return msgspec.convert(dict(values), kind)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$")
        dotted = f"{section}{place.rstrip('`')}".lstrip(".")
        raise StartError(
            f"{layers.source(dotted)}: the setting {dotted} has the wrong value: {problem}."
        ) from None


def _check_fields(
    layers: Layers, section: str, kind: type[msgspec.Struct], values: Mapping[str, Any]
) -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    for name, value in values.items():
        dotted = f"{section}.{name}".lstrip(".")
        if name not in fields:
            raise _unknown(layers.source(dotted), dotted, name, fields)
        inner = fields[name]
        nested = isinstance(inner, type) and issubclass(inner, msgspec.Struct)
        if nested and isinstance(value, dict):
            _check_fields(layers, dotted, inner, value)


def _unknown(source: str, dotted: str, name: str, names: Iterable[str]) -> StartError:
    nearest = difflib.get_close_matches(name, list(names), 1, 0.5)
    prefix = dotted[: -len(name)]
    hint = f"did you mean {prefix}{nearest[0]}?" if nearest else "remove it or correct its name."
    return StartError(f"{source}: there is no setting {dotted}; {hint}")
