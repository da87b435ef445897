"""Controllers and services, found by folder."""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from yolk.context import Context
from yolk.controller import Controller
from yolk.errors import StartError


class Tree:
    """
    The classes below one folder, by the names of folders and files.

    `app.controller.api.chat.chatwebsocket` is the class `ChatwebsocketController` in
    `controllers/api/chat/chatwebsocket.py`. A name that does not exist lists those that do.
    """

    __slots__ = ("_branches", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._branches: dict[str, Tree | type[Controller[Any]]] = {}

    def __getattr__(self, name: str) -> Any:
        try:
            return self._branches[name]
        except KeyError:
            raise AttributeError(self._missing(name)) from None

    def __dir__(self) -> list[str]:
        return sorted(self._branches)

    def __iter__(self) -> Iterator[str]:
        """Go through the dotted names of all classes."""
        for name, branch in sorted(self._branches.items()):
            if isinstance(branch, Tree):
                yield from (f"{name}.{inner}" for inner in branch)
            else:
                yield name

    def find(self, dotted: str) -> Any:
        """Follow *dotted* down to a class or one of its methods."""
        found: Any = self
        for name in dotted.split("."):
            if isinstance(found, type) and not hasattr(found, name):
                raise AttributeError(_no_method(found, name))
            found = getattr(found, name)
        return found

    def bind(self, ctx: Context) -> BoundTree:
        """See the tree with *ctx*: its classes become objects."""
        return BoundTree(self, ctx)

    def _missing(self, name: str) -> str:
        nearest = difflib.get_close_matches(name, self._branches, 1, 0.6)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        have = ", ".join(sorted(self._branches)) or "nothing"
        return f"{self._name} has no {name}; there is {have}.{hint}"


class BoundTree:
    """A tree seen from one context: `ctx.service.cache` is a `CacheService` of that context."""

    __slots__ = ("_ctx", "_tree")

    def __init__(self, tree: Tree, ctx: Context) -> None:
        self._tree = tree
        self._ctx = ctx

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._tree, name)
        return BoundTree(found, self._ctx) if isinstance(found, Tree) else found(self._ctx)

    def __dir__(self) -> list[str]:
        return dir(self._tree)


def load_tree(root: Path, folder: str, name: str, kind: type[Controller[Any]]) -> Tree:
    """
    Import what stands in *folder* and put its classes into a tree.

    Args:
        root: the application's folder, which is on the import path.
        folder: "controllers" or "services".
        name: how errors speak of the tree, such as "app.controller".
        kind: the base class to look for; files without one are helpers of the others.

    Raises:
        StartError: a file does not import, or its class is not named after it.
    """
    tree = Tree(name)
    files = [path for path in (root / folder).rglob("*.py") if not path.name.startswith("_")]
    for path in files:
        if path.with_suffix("").is_dir():
            raise StartError(
                f"{path.relative_to(root)}: {path.stem} is both a file and a folder; "
                "rename one of them."
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
        branch._branches[parts[-1]] = found
    return tree


def mount_routes(app: Any, root: Path) -> None:
    """
    Let `routes/__init__.py` mount the application's routes.

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
    """Give the class `Context` of `extend/context.py`, or the framework's own."""
    path = root / "extend" / "context.py"
    if not path.is_file():
        return Context
    found = getattr(import_file(root, path), "Context", None)
    if not (isinstance(found, type) and issubclass(found, Context)):
        raise StartError("extend/context.py must have a class Context(yolk.Context).")
    return found


def import_file(root: Path, path: Path) -> ModuleType:
    """
    Import a file of the application under its ordinary name.

    Its own errors come through as they are, with the traceback that shows the line.

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
    Give *kind* the methods that it inherits as its own.

    A route names a method, such as `app.controller.admin.index`; were that the function of a base
    class, the base class would answer, without what *kind* overrides.
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


def _no_method(kind: type, name: str) -> str:
    have = [method for method in vars(kind) if not method.startswith("_")]
    return f"{kind.__name__} has no method {name}; there is {', '.join(have) or 'none'}."
