"""What a client may ask over its socket, and the form of the answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from services.errors import ChatError, InvalidData, UnreadableFrame
from services.fields import LONGEST_OPTIONS, Id, Kind, Text, own_options

Seq = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Conv = Annotated[str, msgspec.Meta(max_length=48)]
# No blanks at its ends: MySQL takes "a" and "a " for the same.
Cid = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^\S(.*\S)?$")]


class Frame(msgspec.Struct):
    """A request: `{"id", "type", "data"}`."""

    type: Annotated[str, msgspec.Meta(max_length=32)]
    id: int | Annotated[str, msgspec.Meta(max_length=64)] | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


class Send(msgspec.Struct):
    """A message to somebody."""

    to_id: Id
    data: Text
    cid: Cid | None = None
    type: Kind = "text"
    chat_type: Literal["single", "group"] = "single"
    options: dict[str, Any] | None = None

    def options_text(self) -> str | None:
        """
        Give the options as they are stored: without `file`, which the server says itself.

        Raises:
            InvalidData: they are too long, or a text holds a NUL, which PostgreSQL cannot store.
        """
        options = own_options(self.options)
        text = msgspec.json.encode(options).decode() if options else None
        if text is not None and len(text) > LONGEST_OPTIONS:
            raise InvalidData(f"options: more than {LONGEST_OPTIONS} bytes")
        if "\0" in self.data or "\0" in (self.cid or "") or "\\u0000" in (text or ""):
            raise InvalidData("a text holds the character U+0000")
        return text


class Cursor(msgspec.Struct):
    """How far somebody is in a conversation."""

    conv: Conv
    seq: Seq


class Resume(msgspec.Struct):
    """What a client has, so that it gets the rest."""

    cursors: Annotated[dict[Conv, Seq], msgspec.Meta(max_length=5000)] = {}
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class Pull(msgspec.Struct):
    """Which piece of a conversation."""

    conv: Conv
    before: Seq | None = None
    after: Seq | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class Typing(msgspec.Struct):
    """Whom one is writing to at this moment."""

    to_id: Id
    chat_type: Literal["single", "group"] = "single"


class Recall(msgspec.Struct):
    """Which message to take back."""

    id: Annotated[str, msgspec.Meta(max_length=36)]


class ReadersOf(msgspec.Struct):
    """Of which message one wants to know the readers, and from where on."""

    id: Annotated[str, msgspec.Meta(max_length=36)]
    after: Seq = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 200


class Edit(msgspec.Struct):
    """Which message to change, and its new text."""

    id: Annotated[str, msgspec.Meta(max_length=36)]
    data: Text

    def text(self) -> str:
        """
        Give the new text.

        Raises:
            InvalidData: it holds a NUL, which PostgreSQL cannot store.
        """
        if "\0" in self.data:
            raise InvalidData("a text holds the character U+0000")
        return self.data


class Watch(msgspec.Struct):
    """Whose coming and going one wants to see."""

    users: Annotated[list[Id], msgspec.Meta(max_length=1000)]


class Online(msgspec.Struct):
    """Who of them is online."""

    online: list[int]


_frames = msgspec.json.Decoder(Frame)


def decode(message: str | bytes) -> Frame:
    """
    Read a request.

    Raises:
        UnreadableFrame: it is none.
    """
    try:
        return _frames.decode(message)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise UnreadableFrame from None


def request_id(message: str | bytes) -> Any:
    """Give the id of a frame that is otherwise unreadable, so that the client knows which."""
    try:
        frame = msgspec.json.decode(message)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    found = frame.get("id") if isinstance(frame, dict) else None
    return found if isinstance(found, (int, str)) and len(str(found)) <= 64 else None


def read(frame: Frame, kind: type[Any]) -> Any:
    """
    Read the data of a request.

    Raises:
        InvalidData: a field is missing or not what it should be.
    """
    try:
        return msgspec.json.decode(frame.data, type=kind)
    except msgspec.MsgspecError as error:
        raise InvalidData(str(error)) from None


def ok(request: Any, data: object) -> str:
    """Encode the answer to a request that went well."""
    return msgspec.json.encode({"id": request, "msg": "ok", "data": data}).decode()


def fail(request: Any, error: ChatError, locale: str) -> str:
    """Encode the answer to a request that was refused."""
    answer = {
        "id": request,
        "msg": "fail",
        "data": error.text(locale),
        "code": error.code,
        "temporary": error.temporary,
    }
    return msgspec.json.encode(answer).decode()
