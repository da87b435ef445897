"""SECURITY.md names files and tests that exist, in every row."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
DEFENCES = TEXT.partition("## What is defended")[2].partition("\n## ")[0]
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in DEFENCES.splitlines()
    if line.startswith("| ") and not line.startswith("| threat")
]
CODE = re.compile(r"`([^`]+)`")
TEST = re.compile(r"`([^`]+)::([^`]+)`")


@cache
def names_in(path: str) -> set[str]:
    """Return the names of the tests in a file below tests/."""
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, functions)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_defence_has_a_file_and_a_test(row: list[str]) -> None:
    """Each row has a threat, a file with the defence, and a test that would fail without it."""
    _, defence, proof = row

    files = [name for name in CODE.findall(defence) if "/" in name.strip("/")]
    assert [name for name in files if (ROOT / name).exists()]
    tests = TEST.findall(proof)
    assert tests
    assert [name for path, name in tests if name not in names_in(path)] == []


def test_every_attacker_has_defences() -> None:
    """There is a table for each, and the page says what is not defended."""
    sections = DEFENCES.split("\n### ")[1:]

    assert len(sections) >= 8
    assert all("\n| threat | defence | test" in section for section in sections)
    assert "## What is not defended" in TEXT
