"""What a message may hold, whoever wrote it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
"""Of a person, or of a group."""
ENTRIES = ("recall", "edit", "notice")
"""The types of what tells of a change. They are no messages, and only the server says them."""
Kind = Annotated[str, msgspec.Meta(max_length=16, pattern=rf"^(?!({'|'.join(ENTRIES)})$)[a-z_]+$")]
Text = Annotated[str, msgspec.Meta(max_length=2**20)]
LONGEST_OPTIONS = 8 * 1024
"""Bytes, as JSON."""


def own_options(options: dict[str, Any] | None) -> dict[str, Any] | None:
    """Give options without `file`, which the server alone says."""
    if options is None or "file" not in options:
        return options
    return {name: value for name, value in options.items() if name != "file"}
