"""The part of an event that a member may read if it changed a message from before they joined."""

from __future__ import annotations

import msgspec

from services.wire import WireMessage


class _Edit(msgspec.Struct):
    """The options of an edit."""

    target: str = ""
    seq: int = 0
    edit_time: int = 0
    hidden: bool = True


_edits = msgspec.json.Decoder(_Edit)


def edited_seq(event: WireMessage) -> int | None:
    """Return the seq of the message that an event edits; None if it edits none."""
    if event.type != "edit" or event.options is None:
        return None
    return _edits.decode(event.options).seq


def without_text(event: WireMessage) -> WireMessage:
    """Return an edit without the new text, for members who may not read the message."""
    options = msgspec.Raw(msgspec.json.encode(_edits.decode(event.options or b"{}")))
    return msgspec.structs.replace(event, data="", options=options)


def visible(event: WireMessage, join_seq: int) -> WireMessage:
    """
    Return an event as a member may see it.

    Args:
        event: an event that happened after the member joined.
        join_seq: the member sees only messages after this one.
    """
    if join_seq == 0:
        return event
    seq = edited_seq(event)
    return event if seq is None or seq > join_seq else without_text(event)
