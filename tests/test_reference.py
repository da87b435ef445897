"""The reference of the public API."""

from __future__ import annotations

from docs.reference import PAGE, render


def test_the_reference_is_up_to_date() -> None:
    """docs/reference.md is what `make reference` writes."""
    assert PAGE.read_text(encoding="utf-8") == render()
