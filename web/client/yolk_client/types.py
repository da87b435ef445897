"""The values that the client returns, with the fields and units of docs/protocol.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self

ChatType = Literal["single", "group"]


class _Wire:
    """A value that is sent as a JSON object. Unknown fields are ignored."""

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> Self:
        """Return the value of a JSON object."""
        return cls(**{one.name: wire[one.name] for one in fields(cls) if one.name in wire})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Person(_Wire):
    """A user."""

    id: int
    username: str = ""
    nickname: str = ""
    avatar: str = ""
    online: bool = False


@dataclass(frozen=True)
class Message(_Wire):
    """A message, or an event of the conversation."""

    id: str
    conv: str
    seq: int
    cid: str | None
    from_id: int
    to_id: int
    chat_type: ChatType
    type: str
    data: str
    options: dict[str, Any] | None
    create_time: int
    isremove: int = 0
    edit_time: int | None = None


@dataclass(frozen=True)
class Page:
    """A page of a conversation."""

    messages: list[Message]
    more: bool
    """Whether there are more in the requested direction."""


@dataclass(frozen=True)
class FileInfo(_Wire):
    """What the server knows about a file; its `url` is the `data` of a message with it."""

    id: str
    url: str
    name: str
    size: int
    type: str
    width: int | None = None
    height: int | None = None
    blur: str | None = None
    thumbnail: bool = False


@dataclass(frozen=True)
class OutboxEntry:
    """A message that is not yet known to be stored."""

    cid: str
    conv: str
    from_id: int
    to_id: int
    chat_type: ChatType
    type: str
    data: str
    options: dict[str, Any] | None
    create_time: int
    state: Literal["sending", "failed"] = "sending"
    code: int = 0
    """Why it failed: the code of the server's answer; 1009: too large."""
    text: str = ""

    def changed(self, **values: Any) -> OutboxEntry:
        """Return a copy with other values."""
        return replace(self, **values)


@dataclass(frozen=True)
class State:
    """The state of the connection."""

    name: Literal["idle", "connecting", "online", "offline", "refused"] = "idle"
    attempt: int = 0
    """Attempts since the last stable connection."""
    is_quiet: bool = False
    """The socket is only being renewed: show nothing to the user."""
    retry_at: float = 0
    """When offline: the time of the next attempt, in seconds since 1970."""
    code: int = 0
    """When refused: the close code, or the code of the answer, and its text for people."""
    text: str = ""
