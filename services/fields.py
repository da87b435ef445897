"""Types of fields that several requests and settings share, with their bounds."""

from __future__ import annotations

from typing import Annotated

import msgspec

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
"""The id of a user, or of a group."""

EVENT_TYPES = ("recall", "edit", "notice")
"""The types of events, which announce a change. Only the server makes them; no message has one."""

MessageType = Annotated[
    str, msgspec.Meta(max_length=16, pattern=rf"^(?!({'|'.join(EVENT_TYPES)})$)[a-z_]+(?![\s\S])")
]
MessageText = Annotated[str, msgspec.Meta(max_length=2**20)]
