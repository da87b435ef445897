"""The text by which a search finds an event of a conversation."""

from __future__ import annotations

from typing import Any

import msgspec

SEARCHED_TYPES = ("text", "file", "image", "video", "audio", "location", "notice")
"""The types of messages and events that a search finds."""


def searched_text(kind: str, data: str, options: bytes | str | None) -> str:
    """
    Return the text by which an event is found, or an empty one.

    That is the text of a message, the name of a file, the name and address of a location, or the
    notice or name that a group was given.

    Args:
        kind: the event's type.
        data: the event's.
        options: the event's, as JSON.
    """
    if kind == "text":
        return data
    if kind not in SEARCHED_TYPES:
        return ""
    found = _object(data if kind == "location" else options)
    if kind == "location":
        parts = [found.get("name"), found.get("address")]
    elif kind == "notice":
        parts = [found.get("name"), found.get("notice")]
    elif "waveform" in found:
        return ""  # a voice message: the name of its file was chosen by a program
    else:
        file = found.get("file")
        parts = [file.get("name")] if isinstance(file, dict) else []
    return "\n".join(part for part in parts if isinstance(part, str))


def _object(text: bytes | str | None) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text or b"{}")
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}
