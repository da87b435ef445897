"""What each type of message holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from uuid_utils.compat import UUID

from models import User
from services.errors import InvalidData, NoFile, NoSuchPerson, TypeRefused
from services.fields import Id
from services.file.access import readable
from services.file.info import FileInfo, file_info, kind_of
from services.message.batch import Draft
from services.message.target import parse_id
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context

ANYTHING = frozenset({"text", "custom"})
"""Types that hold any text: there is nothing to look at."""
FILES = frozenset({"image", "audio", "video", "file"})
"""Types that hold the address of a file."""
TYPES = (*sorted(ANYTHING), *sorted(FILES), "card", "location")

LOCAL = "/files/"
"""What the address of a file of this server begins with; the rest is its id."""
_ELSEWHERE = re.compile(r"https?://[^\s/?#][^\s]*", re.IGNORECASE)
LONGEST_ADDRESS = 2048

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]


class Location(msgspec.Struct):
    """Where something is."""

    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    address: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Card(msgspec.Struct):
    """Somebody to get to know."""

    user_id: Id


class Sound(msgspec.Struct):
    """What the options of a sound may say of it."""

    duration_ms: Annotated[int, msgspec.Meta(ge=0)] | None = None
    waveform: Annotated[list[Percent], msgspec.Meta(max_length=64)] | None = None


class ContentTypesService(Service):
    """Holds that a message is what its type says."""

    ctx: Context

    async def check(self, draft: Draft) -> Draft:
        """
        Give a message as it may be sent: one with a file of ours says in its options what it is.

        Whether the sender may read that file is looked up here, before the transaction that
        stores the message, and that is enough: what is looked at later than the request came is
        what held when it was made. Who loses sight of a file meanwhile, because its message is
        recalled or they leave, has passed it on a moment before, as with a text that they copied.
        What may not be torn apart, the message and its row in `attachment`, is stored in one
        transaction, under the lock of the conversation that a recall takes too.

        Raises:
            InvalidData: there is no such type, or the data is not what belongs to it.
            NoFile: there is no such file, or it is not the sender's to see.
            TypeRefused: the file is of another kind, such as an `image` that is no picture.
            NoSuchPerson: a card's user does not exist.
        """
        kind = draft.type
        if kind in FILES:
            if kind == "audio" and draft.options is not None:
                _read(draft.options, Sound, "options")
            return await self._with_file(draft)
        if kind == "location":
            _read(draft.data, Location, "data")
        elif kind == "card":
            card: Card = _read(draft.data, Card, "data")
            if not await User.exists(id=card.user_id):
                raise NoSuchPerson
        elif kind not in ANYTHING and kind not in self.ctx.app.config.chat.extra_types:
            raise InvalidData(f"type: none of {', '.join(TYPES)}")
        return draft

    async def _with_file(self, draft: Draft) -> Draft:
        file_id = _address(draft.data)
        if file_id is None:
            return draft
        files = await readable(self.ctx.app.orm, draft.from_id, [file_id])
        if not files:
            raise NoFile
        found = file_info(files[0])
        if draft.type not in ("file", kind_of(found)):
            raise TypeRefused
        return msgspec.structs.replace(draft, file=file_id, options=_with(draft.options, found))


def without_file(draft: Draft) -> Draft:
    """Give a message as it was before it was checked: the server says anew what its file is."""
    if draft.file is None:
        return draft
    options = _options(draft.options)
    options.pop("file", None)
    text = msgspec.json.encode(options).decode() if options else None
    return msgspec.structs.replace(draft, file=None, options=text)


def carries_file(kind: str, data: str) -> bool:
    """Tell whether a stored message has a row in `attachment`."""
    return kind in FILES and data.startswith(LOCAL)


def _address(data: str) -> UUID | None:
    """
    Give the id of a file of ours; None for an address elsewhere.

    Raises:
        InvalidData: it is neither.
    """
    if data.startswith(LOCAL):
        found = parse_id(data.removeprefix(LOCAL))
        # In the one form that it has: clients compare these addresses.
        if found is not None and data == f"{LOCAL}{found}":
            return found
    elif len(data) <= LONGEST_ADDRESS and _ELSEWHERE.fullmatch(data):
        return None
    raise InvalidData("data: neither /files/<id> nor an address that begins with https://")


def _with(options: str | None, info: FileInfo) -> str:
    return msgspec.json.encode({**_options(options), "file": info}).decode()


def _options(options: str | None) -> dict[str, Any]:
    return msgspec.json.decode(options, type=dict[str, Any]) if options else {}


def _read(text: str, kind: type[Any], where: str) -> Any:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError as error:
        raise InvalidData(f"{where}: {error}") from None
