"""The rules of the house hold for all of it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
NO_ROOMS = {"bench", "data", "docs", "examples", "tests"}


def test_the_import_rules_see_every_file() -> None:
    """
    Every Python file of every room is one that import-linter judges.

    It passes over a folder without `__init__.py` inside one that has it, and what lies there could
    import anything.
    """
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rooms = settings["tool"]["importlinter"]["root_packages"]
    files = [
        path.relative_to(ROOT).with_suffix("")
        for path in ROOT.glob("[!.]*/**/*.py")
        if path.relative_to(ROOT).parts[0] not in NO_ROOMS
    ]
    expected = {".".join(file.parts).removesuffix(".__init__") for file in files}

    seen = grimp.build_graph(*rooms, cache_dir=None).modules

    assert expected - seen == set()
