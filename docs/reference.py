"""Write docs/reference.md, the public API of `yolk`, from its docstrings: `make reference`."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import griffe

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference.md"
MODULES: dict[str, tuple[str, ...]] = {
    "yolk": (),
    "yolk.router": ("HttpRouter",),
    "yolk.request": ("Headers", "Request", "Values"),
    "yolk.body": ("Body", "BodyBroken"),
    "yolk.assets": ("Assets",),
    "yolk.concurrency": (),
    "yolk.testing": (),
}
"""The public names of each module; without any, those in its `__all__`."""

HEAD = """\
# Reference

The public API of the framework, generated from its docstrings by `make reference`. Names that are
not on this page may change in any version. [Write a plugin](write-a-plugin.md) and
[Port an Egg app](port-an-egg-app.md) show how they are used.
"""


def render() -> str:
    """Return the page."""
    parts = [HEAD, *(part for name in MODULES for part in _module(name))]
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--stdin-filename", PAGE, "-"],
        input="\n".join(parts).rstrip() + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return formatted.stdout


def _module(name: str) -> Iterator[str]:
    framework: Any = griffe.load(
        "yolk", search_paths=[ROOT], docstring_parser="google", resolve_aliases=True
    )
    module = framework.modules_collection[name]
    real = importlib.import_module(name)
    names = MODULES[name] or sorted(real.__all__, key=str.lower)
    yield f"## {name}\n"
    yield from _docstring(module)
    anchors = [f"{name}.{each}".replace(".", "").lower() for each in names]
    yield " · ".join(f"[{each}](#{at})" for each, at in zip(names, anchors, strict=True)) + "\n"
    for each in names:
        yield f"### {name}.{each}\n"
        # By the module that defines it: a submodule may have the name of its function.
        origin = getattr(getattr(real, each), "__module__", "")
        defined_in = framework.modules_collection[origin] if origin.startswith("yolk") else module
        member = defined_in[each]
        yield from _object(member.final_target if member.is_alias else member)


def _object(found: Any) -> Iterator[str]:
    if found.is_attribute:
        yield from _code(f"{found.name} = {found.value}")
        yield from _docstring(found)
        return
    if found.is_function:
        yield from _function(found)
        return
    bases = ", ".join(str(base) for base in found.bases)
    head = f"class {found.name}({bases}):" if bases else f"class {found.name}:"
    initializer = found.members.get("__init__")
    body = f"def {initializer.signature(return_type=True)}: ..." if initializer else "..."
    yield from _code(f"{head}\n{indent(body, '    ')}")
    yield from _docstring(found)
    members = list(_public_members(found))
    attributes = [line for each in members if not each.is_function for line in _attribute(each)]
    if attributes:
        yield "\n".join(["Attributes:\n", *attributes, ""])
    for member in members:
        if member.is_function:
            yield f"#### {found.name}.{member.name}\n"
            yield from _function(member)


def _public_members(owner: Any) -> Iterator[Any]:
    """Yield the members that the framework adds: not private, and of no other library's class."""
    kind = getattr(importlib.import_module(owner.module.canonical_path), owner.name)
    foreign = [base for base in kind.__mro__ if not base.__module__.startswith("yolk")]
    for name, member in owner.members.items():
        if not name.startswith("_") and not any(hasattr(base, name) for base in foreign):
            yield member


def _attribute(found: Any) -> Iterator[str]:
    initializer = found.parent.members.get("__init__")
    assigned = initializer and initializer.lineno <= found.lineno <= initializer.endlineno
    if assigned and not found.docstring:
        return
    kind = f": {found.annotation}" if found.annotation else ""
    constant = found.value is not None and not assigned and "property" not in found.labels
    default = f" = {found.value}" if constant else ""
    text = f": {_line(found.docstring.value)}" if found.docstring else ""
    yield f"- `{found.name}{kind}{default}`{text}"


def _function(found: Any) -> Iterator[str]:
    head = "@classmethod\n" if "classmethod" in found.labels else ""
    head += "async def" if "async" in found.labels else "def"
    yield from _code(f"{head} {found.signature(return_type=True)}: ...")
    yield from _docstring(found)


def _code(text: str) -> Iterator[str]:
    yield f"```python\n{text}\n```\n"


def _line(text: str) -> str:
    return " ".join(text.split())


def _docstring(found: Any) -> Iterator[str]:
    for section in found.docstring.parsed if found.docstring else ():
        kind = section.kind.value
        if kind == "text":
            yield section.value + "\n"
            continue
        yield f"{kind.capitalize()}:\n"
        for item in section.value:
            name = getattr(item, "name", "") or ("" if kind == "returns" else item.annotation)
            label = f"`{name}`: " if name else ""
            yield f"- {label}{_line(item.description)}"
        yield ""


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
