"""Text that every server can read."""

from __future__ import annotations

import json
import re
from typing import Any

_SURROGATES = re.compile("[\ud800-\udfff]+")


def well_formed(text: str) -> str:
    """
    Return *text* with pairs of surrogates joined, and U+FFFD for one without its other half.

    Half an emoji is left where a text was cut, and UTF-8 cannot encode it.
    """
    return _SURROGATES.sub(
        lambda found: found[0].encode("utf-16", "surrogatepass").decode("utf-16", "replace"), text
    )


def to_json(value: Any) -> str:
    """Return *value* as well-formed JSON."""
    return well_formed(json.dumps(value, ensure_ascii=False))
