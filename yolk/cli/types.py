"""`types`: the trees of controllers and services, written down for editors and mypy."""

from __future__ import annotations

import typer

from yolk.cli.target import Loaded
from yolk.errors import StartError
from yolk.tree import Tree

PATH = "extend/trees.py"

HEAD = '''\
"""The trees of controllers and services for type checkers, written by `python -m yolk types`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
'''


def write_types(loaded: Loaded, *, check: bool) -> None:
    """
    Write `extend/trees.py`, which declares `app.controller` and `ctx.service`.

    Args:
        loaded: the application.
        check: only compare the file with what would be written.

    Raises:
        StartError: the application cannot be loaded, or the file is out of date.
    """
    if loaded.fault:
        raise loaded.fault
    path = loaded.app.root / PATH
    text = render_types(loaded.app.controller, loaded.app.service)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        typer.echo(f"{PATH} is up to date")
    elif check:
        raise StartError(f"{PATH} is out of date; write it with python -m yolk types.")
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        typer.echo(f"Wrote {PATH}")


def render_types(controllers: Tree, services: Tree) -> str:
    """Return the text of `extend/trees.py` for these trees."""
    imports = sorted({*_imports(controllers), *_imports(services)})
    trees = [
        *_render(controllers, "Controllers", '"""The tree below `controllers/`."""', of="type"),
        "",
        *_render(services, "Services", '"""The tree below `services/`."""'),
    ]
    body = [*imports, "", *trees] if imports else trees
    lines = [HEAD, "if TYPE_CHECKING:", *(f"    {line}" if line else "" for line in body)]
    return "\n".join(lines) + "\n"


def _imports(tree: Tree) -> list[str]:
    kinds = [found for found in tree._branches.values() if not isinstance(found, Tree)]
    if tree._own is not None:
        kinds.append(tree._own)
    found = [f"from {kind.__module__} import {kind.__name__}" for kind in kinds]
    for branch in tree._branches.values():
        found += _imports(branch) if isinstance(branch, Tree) else []
    return found


def _render(tree: Tree, name: str, docstring: str = "", of: str = "") -> list[str]:
    """Return the lines of a class with an attribute for each name of *tree*."""
    lines = [f"class {name}({tree._own.__name__ if tree._own else 'Protocol'}):"]
    body = [docstring, ""] if docstring else []
    attributes = []
    for branch_name, branch in sorted(tree._branches.items()):
        if isinstance(branch, Tree) and branch._own and not branch._branches:
            kind, wrap = branch._own.__name__, of
        elif isinstance(branch, Tree):
            kind = "_" + "".join(part.capitalize() for part in branch_name.split("_"))
            body += [*_render(branch, kind, of=of), ""]
            wrap = of if branch._own else ""
        else:
            kind, wrap = branch.__name__, of
        attributes.append(f"{branch_name}: {f'{wrap}[{kind}]' if wrap else kind}")
    return lines + [f"    {line}" if line else "" for line in body + (attributes or ["..."])]
