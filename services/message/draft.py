"""A message between its request and the database."""

from __future__ import annotations

from typing import Any

import msgspec
from uuid_utils.compat import UUID

from services.errors import InvalidData
from services.fields import MessageText, MessageType
from services.wire import group_conv, single_conv
from yolk.decoding import NUL, holds_nul, is_nested_deeper

MAX_OPTIONS_LENGTH = 8 * 1024
"""Characters of JSON, without `file`."""
MAX_OPTIONS_DEPTH = 32
"""Every client of the conversation has to be able to decode them."""


class Draft(msgspec.Struct, frozen=True):
    """
    A message that is not stored yet: one value from the request to the batch that stores it.

    Plugins get it at `before_send`, and may return another one, made with `change`.
    """

    from_id: int
    to_id: int
    """A user, or a group."""
    cid: str | None
    """The sender's own id of the message; a repetition has the same one."""
    type: MessageType
    data: MessageText
    options: dict[str, Any] | None = None
    chat_type: str = "single"
    """ "single" or "group"."""
    origin: object = None
    """The socket that it came over, which gets the answer and not the push."""
    file: UUID | None = None
    """The file of this server that the message carries."""
    changed: bool = False
    """Whether the server or a plugin modified what the sender sent."""
    options_json: str | None = None
    """`options` as JSON, as they are stored. Derived from `options` when a draft is made."""

    def __post_init__(self) -> None:
        if self.options and self.options_json is None:
            encoded = _encode_options(self.options)
            msgspec.structs.force_setattr(self, "options_json", encoded)

    @property
    def conv(self) -> str:
        """The conversation that it goes to."""
        if self.chat_type == "group":
            return group_conv(self.to_id)
        return single_conv(self.from_id, self.to_id)

    def change(self, **fields: Any) -> Draft:
        """Return a modified copy: with another `data`, `type` or `options`."""
        if "options" in fields:
            fields["options_json"] = None
        changed: Draft = msgspec.structs.replace(self, changed=True, **fields)
        return changed

    def check_limits(self) -> None:
        """
        Check the limits that the types of the fields do not express.

        Raises:
            InvalidData: the options are too long, or a text holds a NUL, which PostgreSQL cannot
                store.
        """
        options = self.options_json or ""
        if len(options) > MAX_OPTIONS_LENGTH:
            raise InvalidData(f"options: more than {MAX_OPTIONS_LENGTH} bytes")
        if is_nested_deeper(options, MAX_OPTIONS_DEPTH):
            raise InvalidData(f"options: nested more than {MAX_OPTIONS_DEPTH} deep")
        if "\0" in self.data or "\0" in (self.cid or "") or holds_nul(options):
            raise InvalidData(NUL)


def _encode_options(options: dict[str, Any]) -> str:
    try:
        return msgspec.json.encode(options).decode()
    except RecursionError as error:
        raise InvalidData(f"options: {error}") from None


def without_file(options: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return options without `file`: only the server says what file a message carries."""
    if options is None or "file" not in options:
        return options
    return {name: value for name, value in options.items() if name != "file"}
