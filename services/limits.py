"""What a message may hold, whoever wrote it."""

from __future__ import annotations

from typing import Annotated

import msgspec

# Not what the server's own entries are called: nobody else says that something was recalled.
Kind = Annotated[str, msgspec.Meta(max_length=16, pattern=r"^(?!(recall|edit|notice)$)[a-z_]+$")]
Text = Annotated[str, msgspec.Meta(max_length=2**20)]
LONGEST_OPTIONS = 8 * 1024
"""Bytes, as JSON."""
