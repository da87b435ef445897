"""The models by name: `app.model`."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Iterator

from tortoise import Model

from yolk import StartError


class Models:
    """
    The model classes by name: `app.model.User` is `models.User`.

    The error for an unknown name lists the known ones.
    """

    __slots__ = ("_models",)

    def __init__(self, models: Iterable[type[Model]]) -> None:
        self._models = {model.__name__: model for model in models}

    def __getattr__(self, name: str) -> type[Model]:
        try:
            return self._models[name]
        except KeyError:
            raise AttributeError(self._missing(name)) from None

    def __iter__(self) -> Iterator[type[Model]]:
        return iter(self._models.values())

    def __dir__(self) -> list[str]:
        return sorted(self._models)

    def _missing(self, name: str) -> str:
        nearest = difflib.get_close_matches(name, self._models, 1, 0.6)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        have = ", ".join(sorted(self._models)) or "nothing"
        return f"app.model has no {name}; it has {have}.{hint}"


def load_models(modules: Iterable[str]) -> Models:
    """
    Import *modules* and return their models.

    Raises:
        StartError: a module does not exist or has no models.
    """
    found: list[type[Model]] = []
    for name in modules:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            raise StartError(
                f"orm.models names {name}, which does not exist; correct it in config/."
            ) from None
        here = [value for value in vars(module).values() if _is_model(value)]
        if not here:
            raise StartError(f"orm.models names {name}, which has no models; remove it in config/.")
        found += here
    return Models(found)


def _is_model(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, Model) and not value._meta.abstract
