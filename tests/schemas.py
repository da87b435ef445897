"""What tests of described interfaces have in common."""

from __future__ import annotations

from typing import Any


def strict(schema: Any) -> Any:
    """
    Forbid in objects what their schema does not name, unless it says that it may be there.

    Clients pass over what they do not know; a test wants to see it.
    """
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: strict(value) for name, value in schema.items()}
    if found.get("type") == "object" and "properties" in found:
        found.setdefault("additionalProperties", False)
    return found
