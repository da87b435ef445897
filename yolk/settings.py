"""Settings: read from files and environment variables, merged, checked and typed."""

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

LOCALES = ("zh", "en")
"""The languages of texts for people."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """
    The settings of the framework itself.

    An application adds its own sections in a subclass, which it passes to `Application`.
    """

    host: str = "127.0.0.1"
    """The address to listen on; "0.0.0.0" listens on all IPv4 addresses."""
    port: Port = 7001
    """The TCP port to listen on."""
    workers: Count = 1
    """The number of worker processes."""
    data: str = "data"
    """The folder for files that the running application writes, relative to the application's
    root."""
    locale: Literal["zh", "en"] = "zh"
    """The language of texts for people, such as error texts, unless a client asks for another one
    with `Accept-Language`."""
    middleware: list[str] = []
    """The HTTP middlewares of the whole application, by file name in middleware/, the outermost
    first."""
    proxies: Annotated[int, msgspec.Meta(ge=0)] = 0
    """The number of reverse proxies in front of the server, whose `X-Forwarded-For` entries are
    trusted for a client's address."""
    body_timeout: Annotated[float, msgspec.Meta(gt=0)] = 20.0
    """Seconds to wait for the body of a request, and one more for each 4 KiB of it."""
    write_timeout: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """Seconds after which a client that does not read its answer is disconnected."""


ENVIRONMENT = {"HOST": "host", "PORT": "port", "WORKERS": "workers", "YOLK_DATA": "data"}
"""Environment variables that override a framework setting."""

DOCUMENT = ("API_TITLE", "API_VERSION", "API_DESCRIPTION")
"""The head of /docs, under the names that sanic-ext uses too."""


class Layers:
    """
    Configuration merged from several sources; later sources override earlier ones.

    Dictionaries are merged deeply; lists and all other values are replaced, as in Egg.
    """

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        """The merged values."""
        self.sources: dict[str, str] = {}
        """For each setting by dotted name, the last file or environment variable that set it."""

    def add(self, values: Mapping[str, Any], source: str) -> None:
        """Merge *values* over the present ones; *source* names where they come from."""
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
        """Return the source of the setting *dotted*, or of the nearest section above it."""
        while dotted not in self.sources and "." in dotted:
            dotted = dotted.rpartition(".")[0]
        return self.sources.get(dotted, "config/config_default.py")


def read_file(path: Path) -> dict[str, Any]:
    """
    Return the public names of a Python file with their values.

    Raises:
        StartError: running the file raises an error.
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
    """Return `config_default.py` and `config_<env>.py` of the application in *root*, merged."""
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
    Merge environment variables over the files.

    Args:
        layers: the merged files; changed.
        section: the plugin whose settings these are, or "" for the framework's own.
        kind: the type of the settings, to convert the text of a variable.
        names: environment variable to field.

    Raises:
        StartError: a text cannot be converted.
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
    Refuse unknown top-level settings.

    Raises:
        StartError: there is no such setting; the text names its file and the nearest known name.
    """
    names = [*known, *DEFAULT_CONFIG, *DOCUMENT]
    if not layers.values.keys() <= set(names):
        names += extension_defaults()
    for name in layers.values:
        if name not in names:
            raise _unknown(layers.source(name), name, name, names)


def extension_defaults() -> dict[str, Any]:
    """Return sanic-ext's settings with their defaults; none where it is not installed."""
    try:
        from sanic_ext.config import Config  # noqa: PLC0415 - it may not be installed
    except ImportError:
        return {}
    return {name: value for name, value in Config().items() if name.isupper()}


def convert(layers: Layers, section: str, kind: type[S], values: Mapping[str, Any]) -> S:
    """
    Return plain values as typed settings.

    Args:
        layers: names the file of a wrong setting.
        section: the dotted name of the section, "" for the top level.
        kind: the type of the settings.
        values: the configured values.

    Raises:
        StartError: there is no such setting, or a value has the wrong type.
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
