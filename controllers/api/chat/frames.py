"""The requests over a socket, and the form of the answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from services.errors import ChatError, InvalidData, UnreadableFrame
from services.fields import Id, MessageText, MessageType
from services.message.draft import Draft, without_file
from yolk.decoding import NUL, SMALL_BYTES, NotJson, check_breadth, decode_json, holds_nul

ChatType = Literal["single", "group"]
Seq = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Conv = Annotated[str, msgspec.Meta(max_length=48)]
# No blanks at its ends: MySQL takes "a" and "a " for the same.
Cid = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^\S(.*\S)?(?![\s\S])")]

MAX_REQUEST_ID_LENGTH = 64
MAX_SCANNED = 32 * 1024
"""Characters of an unreadable frame that are searched for its id."""

# Integers beyond could be decoded, and not be encoded again.
RequestId = (
    Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
    | Annotated[str, msgspec.Meta(max_length=MAX_REQUEST_ID_LENGTH)]
    | None
)
_TOKEN = re.compile(
    r'"id"\s*:\s*(?P<id>-?\d{1,19}\b|"(?:[^"\\]|\\.){0,400}")'
    r'|"(?:[^"\\]|\\.)*"|(?P<open>[\[{]+)|(?P<close>[\]}]+)'
)
MAX_TOKEN_LENGTH = 8192


class Frame(msgspec.Struct):
    """A request: `{"id", "type", "data"}`."""

    type: Annotated[str, msgspec.Meta(max_length=32)]
    id: RequestId = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Send(msgspec.Struct):
    """A message to a user or a group."""

    to_id: Id
    data: MessageText
    cid: Cid | None = None
    type: MessageType = "text"
    chat_type: ChatType = "single"
    options: dict[str, Any] | None = None

    def draft(self, from_id: int, origin: object = None) -> Draft:
        """
        Return the message that is to be stored.

        Args:
            from_id: the sender.
            origin: the sender's socket.

        Raises:
            InvalidData: the options are too long, or a text cannot be stored.
        """
        draft = Draft(
            from_id=from_id,
            to_id=self.to_id,
            cid=self.cid,
            type=self.type,
            data=self.data,
            options=without_file(self.options),
            chat_type=self.chat_type,
            origin=origin,
        )
        draft.check_limits()
        return draft


class SendResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to `send`, once the message is committed."""

    id: str
    conv: str
    seq: int
    create_time: int
    dup: bool
    changed: bool = False
    """The server or a plugin modified the message; left out if not."""


class Cursor(msgspec.Struct):
    """How far the user is in a conversation."""

    conv: Conv
    seq: Seq


class Resume(msgspec.Struct):
    """What a client has, so that it gets the rest."""

    cursors: Annotated[dict[Conv, Seq], msgspec.Meta(max_length=20_000)] = {}
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    page: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    """`next` of the previous answer, for further conversations."""


class Pull(msgspec.Struct):
    """A part of a conversation."""

    conv: Conv
    before: Seq | None = None
    after: Seq | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class NewToken(msgspec.Struct):
    """A token in place of the one that the socket has."""

    token: Annotated[str, msgspec.Meta(max_length=MAX_TOKEN_LENGTH)]


class TokenAccepted(msgspec.Struct):
    """The answer to a new token."""

    expires_in: int | None
    """Seconds; None for a token that never expires."""


class Typing(msgspec.Struct):
    """The user or the group that the user is typing a message to."""

    to_id: Id
    chat_type: ChatType = "single"


class Recall(msgspec.Struct):
    """The message to recall."""

    id: Annotated[str, msgspec.Meta(max_length=36)]


class ReadersOf(msgspec.Struct):
    """The message whose readers are wanted, and a page of them."""

    id: Annotated[str, msgspec.Meta(max_length=36)]
    after: Seq = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 200


class Edit(msgspec.Struct):
    """The message to edit, and its new text."""

    id: Annotated[str, msgspec.Meta(max_length=36)]
    data: MessageText


class Watch(msgspec.Struct):
    """The users whose presence is wanted."""

    users: Annotated[list[Id], msgspec.Meta(max_length=1000)]


class Online(msgspec.Struct):
    """Those of the users who are online."""

    online: list[int]


class _OnlySend(Send, forbid_unknown_fields=True):
    pass


class _OnlyTyping(Typing, forbid_unknown_fields=True):
    pass


_EXACT: dict[type[Any], type[Any]] = {Send: _OnlySend, Typing: _OnlyTyping}
"""Those with a recipient are decoded without unknown fields first, which costs nothing."""
_EGG_NAME = "chatType"
"""Egg's name of `chat_type`."""
_RECIPIENT_NAMES = {"chattype", "toid", "touserid", "groupid", "togroupid"}

_frames = msgspec.json.Decoder(Frame)
# Not strict, as over HTTP: a number may be a text of digits.
_DECODERS: dict[type[Any], msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(_EXACT.get(kind, kind), strict=False)
    for kind in (Send, Cursor, Resume, Pull, Recall, ReadersOf, Edit, Watch, NewToken, Typing)
}


def decode(message: str | bytes) -> Frame:
    """
    Decode a request.

    Raises:
        UnreadableFrame: it is not a request.
        InvalidData: a text holds the character U+0000.
    """
    try:
        frame: Frame = decode_json(message, _frames)
    except NotJson:
        raise UnreadableFrame from None
    if holds_nul(message):
        raise InvalidData(NUL)
    return frame


def request_id(message: str | bytes) -> Any:
    """Return the id of an invalid frame, so that the client can match the error with it."""
    if len(message) > SMALL_BYTES:
        return _scan_id(message)  # decoding it for nothing but the id would hold the loop
    try:
        frame = decode_json(message)
    except NotJson:
        return _scan_id(message)
    return _checked_id(frame.get("id")) if isinstance(frame, dict) else None


def _scan_id(message: str | bytes) -> Any:
    """Return the id of a frame that is nested too deeply, or broken behind the id."""
    text = (
        message[:MAX_SCANNED]
        if isinstance(message, str)
        else message[:MAX_SCANNED].decode(errors="replace")
    )
    depth = 0
    for token in _TOKEN.finditer(text):
        if token["id"] is not None:
            if depth == 1:
                try:
                    return _checked_id(decode_json(token["id"]))
                except NotJson:
                    return None
        elif token["open"] is not None:
            depth += len(token["open"])
        elif token["close"] is not None:
            depth -= len(token["close"])
    return None


def _checked_id(found: object) -> Any:
    try:
        return msgspec.convert(found, RequestId)
    except msgspec.ValidationError:
        return None


def read(frame: Frame, kind: type[Any]) -> Any:
    """
    Decode the data of a request.

    Raises:
        InvalidData: a field is missing or invalid.
    """
    try:
        data = bytes(frame.data)
        check_breadth(data)
        return decode_json(data, _DECODERS[kind])
    except NotJson as error:
        if kind not in _EXACT or "unknown field" not in str(error):
            raise InvalidData(str(error)) from None
    try:
        return msgspec.convert(known_fields(decode_json(frame.data)), kind, strict=False)
    except (NotJson, msgspec.ValidationError) as error:
        raise InvalidData(str(error)) from None


def known_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the fields of a request that has a recipient, by the names that they have here.

    Egg's `chatType` is `chat_type`. Any other name like that is refused: if it were ignored, the
    message for a group would go to the user who has the group's id.

    Raises:
        InvalidData: a name looks like one of the recipient's.
    """
    known = dict(fields)
    if _EGG_NAME in known:
        chat_type = known.pop(_EGG_NAME)
        if known.setdefault("chat_type", chat_type) != chat_type:
            raise InvalidData(f"{_EGG_NAME}: not the same as chat_type")
    for name in known:
        if name not in ("to_id", "chat_type") and _letters(name) in _RECIPIENT_NAMES:
            raise InvalidData(f"{name}: the recipient is named by to_id and chat_type")
    return known


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


def ok(request: Any, data: object) -> str:
    """Encode the answer to a request that succeeded."""
    return msgspec.json.encode({"id": request, "msg": "ok", "data": data}).decode()


def fail(request: Any, error: ChatError, locale: str) -> str:
    """Encode the answer to a request that failed."""
    answer = {
        "id": request,
        "msg": "fail",
        "data": error.text(locale),
        "code": error.code,
        "temporary": error.temporary,
    }
    return msgspec.json.encode(answer).decode()
