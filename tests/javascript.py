"""The JavaScript modules of the page, and which of them import which."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import ROOT

WEB = ROOT / "web"

_STATIC = re.compile(
    r"""(?:^|;)\s*
    (?: import\b \s* (?: [^"'();]*? \b from \s* )? | export\b [^"'();]*? \b from \s* )
    ["'] ([^"']+) ["']""",
    re.MULTILINE | re.VERBOSE,
)
_DYNAMIC = re.compile(r"""\bimport\(\s*["']([^"']+)["']\s*\)""")


def modules() -> list[Path]:
    """Return the modules of the project; those of `vendor/` are not ours."""
    return [
        path
        for pattern in ("*.js", "*.mjs")
        for path in WEB.rglob(pattern)
        if "vendor" not in path.parts
    ]


def static_imports(module: Path) -> list[str]:
    """Return the names that must be loaded before a module runs, as it writes them."""
    return _STATIC.findall(module.read_text(encoding="utf-8"))


def imported_modules(module: Path) -> set[Path]:
    """Return the files that a module imports by a relative name, also those it loads later."""
    names = static_imports(module) + _DYNAMIC.findall(module.read_text(encoding="utf-8"))
    return {(module.parent / name).resolve() for name in names if name.startswith(".")}
