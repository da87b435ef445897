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
        # Every request comes by here, so it does without the tree's own __getattr__.
        found = self._tree._branches.get(name) or getattr(self._tree, name)
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
    have = [method for method in vars(kind) if not method.startswith("_")]
    return f"{kind.__name__} has no method {name}; there is {', '.join(have) or 'none'}."
