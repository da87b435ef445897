"""Controllers and services, found by folder."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from yolk.context import Context
from yolk.controller import Controller
from yolk.errors import StartError
from yolk.tree import Tree


def load_tree(root: Path, folder: str, name: str, kind: type[Controller[Any]]) -> Tree:
    """
    Import all files in *folder* and return a tree of their classes.

    Args:
        root: the application's folder, which is on the import path.
        folder: "controllers" or "services".
        name: how errors speak of the tree, such as "app.controller".
        kind: the base class to look for; files without one are helpers of the others.

    Raises:
        StartError: a file does not import, its class is not named after it, or two things have
            one name.
    """
    tree = Tree(name)
    files = [path for path in (root / folder).rglob("*.py") if not path.name.startswith("_")]
    for path in files:
        if path.with_suffix("").is_dir():
            inside = path.with_suffix("") / path.name
            raise StartError(
                f"{path.relative_to(root)}: there is a folder {path.stem} beside it, and Python "
                f"imports only one of the two; move the file to {inside.relative_to(root)}, where "
                "its methods keep their names."
            )
    for path in sorted(files):
        parts = path.relative_to(root / folder).with_suffix("").parts
        found = _class_in(import_file(root, path), kind, path.relative_to(root))
        if found is None:
            continue
        branch = tree
        for part in parts[:-1]:
            inner = branch._branches.setdefault(part, Tree(f"{branch._name}.{part}"))
            assert isinstance(inner, Tree)  # noqa: S101 - a folder, and no file has its name
            branch = inner
        _own_inherited_methods(found)
        if parts[-2:-1] == parts[-1:]:  # the file has the name of its folder
            branch._own = found
        else:
            branch._branches[parts[-1]] = found
    _check_names(tree, folder)
    return tree


def _check_names(tree: Tree, path: str) -> None:
    """Raise a StartError where a folder's own class hides a name inside the folder."""
    for name, branch in tree._branches.items():
        if tree._own is not None and hasattr(tree._own, name):
            raise StartError(
                f"{path}/{name}: {tree._own.__name__} has a method of the same name; rename one "
                "of the two."
            )
        if isinstance(branch, Tree):
            _check_names(branch, f"{path}/{name}")


def mount_routes(app: Any, root: Path) -> None:
    """
    Mount the application's routes, with the function `mount` of `routes/__init__.py`.

    Raises:
        StartError: it has no `mount(app)`.
    """
    path = root / "routes" / "__init__.py"
    if not path.is_file():
        return
    mount: Callable[[Any], None] | None = getattr(import_file(root, path), "mount", None)
    if mount is None:
        raise StartError("routes/__init__.py must have a function mount(app).")
    mount(app)


def load_context(root: Path) -> type[Context]:
    """Return the class `Context` of `extend/context.py`, or the framework's own."""
    path = root / "extend" / "context.py"
    if not path.is_file():
        return Context
    found = getattr(import_file(root, path), "Context", None)
    if not (isinstance(found, type) and issubclass(found, Context)):
        raise StartError("extend/context.py must have a class Context(yolk.Context).")
    return found


def import_file(root: Path, path: Path) -> ModuleType:
    """
    Import a file of the application under its normal module name.

    An error in the file itself is not caught, so that its traceback shows the line.

    Raises:
        StartError: another module of that name was imported before.
    """
    relative = path.relative_to(root)
    parts = relative.parent.parts if path.name == "__init__.py" else relative.with_suffix("").parts
    module = importlib.import_module(".".join(parts))
    if module.__file__ is None or Path(module.__file__).resolve() != path.resolve():
        raise StartError(
            f"{relative} is hidden by another module of that name ({module.__file__}); "
            "start in the application's folder."
        )
    return module


def _class_in(
    module: ModuleType, kind: type[Controller[Any]], path: Path
) -> type[Controller[Any]] | None:
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, kind)
        and value.__module__ == module.__name__
    ]
    if not own:
        return None
    wanted = "".join(part.capitalize() for part in path.stem.split("_")) + kind.__name__
    for found in own:
        if found.__name__ == wanted:
            return found
    raise StartError(f"{path}: the class {own[0].__name__} must be named {wanted}, after its file.")


def _own_inherited_methods(kind: type[Controller[Any]]) -> None:
    """
    Define the inherited methods of *kind* as methods of its own.

    A route names a method, such as `app.controller.admin.index`. If that were the function of a
    base class, the base class would be instantiated, without the overrides of *kind*.
    """
    for name in dir(kind):
        inherited = getattr(kind, name)
        hidden = name.startswith("_") or name in vars(kind)
        if not hidden and inspect.isfunction(inherited):
            setattr(kind, name, _own(kind, name, inherited))


def _own(kind: type, name: str, inherited: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(inherited)
    def method(self: Any, *args: Any, **options: Any) -> Any:
        return getattr(super(kind, self), name)(*args, **options)

    method.__module__, method.__qualname__ = kind.__module__, f"{kind.__qualname__}.{name}"
    return method
