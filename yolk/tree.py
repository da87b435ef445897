"""Classes by the names of folders and files: `app.controller`, `app.service`, `ctx.service`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yolk.context import Context
    from yolk.controller import Controller


class Tree:
    """
    The classes below one folder, by the names of folders and files.

    `app.controller.api.chat.chatwebsocket` is the class `ChatwebsocketController` in
    `controllers/api/chat/chatwebsocket.py`. A file with the name of its folder holds the folder's
    own class: with `services/group/group.py` and `services/group/members.py` there are
    `ctx.service.group.create()` and `ctx.service.group.members.invite()`. A missing name raises
    an error that lists the existing ones.
    """

    __slots__ = ("_branches", "_name", "_own")

    def __init__(self, name: str) -> None:
        self._name = name
        self._branches: dict[str, Tree | type[Controller[Any]]] = {}
        self._own: type[Controller[Any]] | None = None

    def __getattr__(self, name: str) -> Any:
        if name in self._branches:
            return self._branches[name]
        if not name.startswith("_") and hasattr(self._own, name):
            return getattr(self._own, name)
        raise AttributeError(self._missing(name))

    def __dir__(self) -> list[str]:
        return sorted({*self._branches, *_public_methods(self._own)})

    def __iter__(self) -> Iterator[str]:
        """Iterate over the dotted names of all classes."""
        for name, branch in sorted(self._branches.items()):
            if isinstance(branch, Tree):
                if branch._own is not None:
                    yield name
                yield from (f"{name}.{inner}" for inner in branch)
            else:
                yield name

    def _missing(self, name: str) -> str:
        names = dir(self)
        nearest = difflib.get_close_matches(name, names, 1, 0.6)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        have = ", ".join(names) or "nothing"
        return f"{self._name} has no {name}; there is {have}.{hint}"


class BoundTree:
    """A tree bound to one context: `ctx.service.cache` is a `CacheService` of that context."""

    __slots__ = ("_ctx", "_tree")

    def __init__(self, tree: Tree, ctx: Context) -> None:
        self._tree = tree
        self._ctx = ctx

    def __getattr__(self, name: str) -> Any:
        # On the path of every request: the tree's own, slower __getattr__ is for missing names.
        tree = self._tree
        found = tree._branches.get(name)
        if found is None:
            if tree._own is not None and hasattr(tree._own, name):
                return getattr(tree._own(self._ctx), name)
            found = getattr(tree, name)
        return BoundTree(found, self._ctx) if isinstance(found, Tree) else found(self._ctx)

    def __dir__(self) -> list[str]:
        return dir(self._tree)


def find(tree: Tree, dotted: str) -> Any:
    """
    Follow *dotted* down to a class or one of its methods.

    Raises:
        AttributeError: there is no such name; the text lists those that there are.
    """
    found: Any = tree
    for name in dotted.split("."):
        if isinstance(found, type) and not hasattr(found, name):
            raise AttributeError(_no_method(found, name))
        found = getattr(found, name)
    return found


def _no_method(kind: type, name: str) -> str:
    have = ", ".join(_public_methods(kind)) or "none"
    return f"{kind.__name__} has no method {name}; there is {have}."


def _public_methods(kind: type | None) -> list[str]:
    if kind is None:
        return []
    return [name for name, value in vars(kind).items() if name[0] != "_" and callable(value)]
