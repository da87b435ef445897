"""The modules of the page depend on one another in one direction only."""

from __future__ import annotations

import graphlib

from tests.javascript import WEB, imported_modules, modules


def test_no_javascript_module_imports_itself() -> None:
    """No module imports itself over others, not even one that is loaded when it is needed."""
    graph = {path.resolve(): imported_modules(path) for path in modules()}
    cycle = []

    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        cycle = [str(path.relative_to(WEB)) for path in error.args[1]]

    assert cycle == []


def test_every_import_names_a_file() -> None:
    """Every relative import, static or dynamic, leads to a file."""
    graph = {path: imported_modules(path) for path in modules()}

    missing = [
        (str(path), str(other)) for path in graph for other in graph[path] if not other.is_file()
    ]

    assert len(graph) > 50
    assert missing == []
