"""The import rules cover the whole project."""

from __future__ import annotations

import tomllib
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
UNCHECKED = {"bench", "data", "docs", "examples", "tests"}
"""Folders that import-linter does not check."""


def test_the_import_rules_see_every_file() -> None:
    """
    import-linter checks every Python file of every checked folder.

    It skips a folder without `__init__.py` inside a folder that has one, and the files there could
    import anything.
    """
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = settings["tool"]["importlinter"]["root_packages"]
    files = [
        path.relative_to(ROOT).with_suffix("")
        for path in ROOT.glob("[!.]*/**/*.py")
        if path.relative_to(ROOT).parts[0] not in UNCHECKED
    ]
    expected = {".".join(file.parts).removesuffix(".__init__") for file in files}

    seen = grimp.build_graph(*packages, cache_dir=None).modules

    assert expected - seen == set()
