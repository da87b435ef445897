"""The language that a client asks for."""

from __future__ import annotations

import pytest

from yolk.languages import choose_language


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        (None, "zh"),
        ("", "zh"),
        ("en", "en"),
        ("EN-gb", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("fr, de;q=0.9, en;q=0.5", "en"),
        ("en;q=0.1, zh;q=0.2", "zh"),
        ("en;q=0, fr", "zh"),
        ("*", "zh"),
        ("fr", "zh"),
        ("en;q=x", "zh"),
        ("en;level=1", "en"),
        (";;,,=;q=", "zh"),
        ("fr," * 100_000 + "en", "zh"),
    ],
)
def test_the_preferred_language_is_chosen(accepted: str | None, expected: str) -> None:
    """The highest quality counts, then the first; anything else is the default."""
    assert choose_language(accepted, ("zh", "en"), "zh") == expected
