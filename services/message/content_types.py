"""The contents of each type of message: `data` and `options`, and their checks."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, Any

import msgspec
from uuid_utils.compat import UUID

from models import User
from services.account.sql import comparable_ids
from services.database import Database
from services.errors import InvalidData, NoFile, NoSuchPerson, TypeRefused
from services.fields import Id
from services.file.info import file_info, kind_of, parse_file_id
from services.file.sql import find_readable_files
from services.message.draft import Draft
from yolk.decoding import NotJson, decode_json

FREE_TYPES = frozenset({"text", "custom"})
"""Types that hold any text: there is nothing to check."""
FILE_TYPES = frozenset({"image", "audio", "video", "file"})
"""Types that hold the address of a file."""
TYPES = (*sorted(FREE_TYPES), *sorted(FILE_TYPES), "card", "location")

FILES_PATH = "/files/"
"""The beginning of the address of a file of this server; the rest is its id."""
_OTHER_ADDRESS = re.compile(r"https?://[^\s/?#][^\s]*", re.IGNORECASE)
MAX_ADDRESS_LENGTH = 2048

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]


class Location(msgspec.Struct):
    """The data of a `location`."""

    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    address: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Card(msgspec.Struct):
    """The data of a `card`, which recommends a user."""

    user_id: Id


class Sound(msgspec.Struct):
    """The options of an `audio`."""

    duration_ms: Annotated[int, msgspec.Meta(ge=0)] | None = None
    waveform: Annotated[list[Percent], msgspec.Meta(max_length=64)] | None = None


async def check_content(draft: Draft, database: Database, extra_types: Collection[str]) -> Draft:
    """
    Check that the content of a message fits its type.

    Whether the sender may read the file that it carries is checked here, before the transaction
    that stores it. That is enough: a sender who loses access meanwhile, because its message is
    recalled or they leave the group, could have sent it a moment before, as with a text that they
    copied. The message and its row in `attachment` are stored in one transaction, under the lock
    of the conversation, which a recall takes, too.

    Args:
        draft: the message.
        database: the database, to look up the file.
        extra_types: types of the configuration, with any content.

    Returns:
        the message to store: its options describe the file, if it is one of this server.

    Raises:
        InvalidData: there is no such type, or the data does not fit it.
        NoFile: there is no such file, or the sender may not read it.
        TypeRefused: the file is of another type, such as an `image` that is no picture.
        NoSuchPerson: the user of a card does not exist.
    """
    kind = draft.type
    if kind in FILE_TYPES:
        if kind == "audio" and draft.options:
            _check_options(draft.options, Sound)
        return await _with_file(draft, database)
    if kind == "location":
        _decode(draft.data, Location)
    elif kind == "card":
        card: Card = _decode(draft.data, Card)
        ids = await comparable_ids(None, [card.user_id])
        if not ids or not await User.exists(id=card.user_id):
            raise NoSuchPerson
    elif kind not in FREE_TYPES and kind not in extra_types:
        raise InvalidData(f"type: none of {', '.join(TYPES)}")
    return draft


def carries_file(kind: str, data: str) -> bool:
    """Return whether a stored message has a row in `attachment`."""
    return kind in FILE_TYPES and data.startswith(FILES_PATH)


async def _with_file(draft: Draft, database: Database) -> Draft:
    file_id = _file_id(draft.data)
    if file_id is None:
        return draft
    files = await find_readable_files(database, draft.from_id, [file_id])
    if not files:
        raise NoFile
    info = file_info(files[0])
    if draft.type not in ("file", kind_of(info)):
        raise TypeRefused
    options = {**(draft.options or {}), "file": msgspec.to_builtins(info)}
    return draft.change(file=file_id, options=options)


def _file_id(address: str) -> UUID | None:
    """
    Return the id of a file of this server, or None for an address elsewhere.

    Raises:
        InvalidData: it is neither.
    """
    if address.startswith(FILES_PATH):
        text = address.removeprefix(FILES_PATH)
        file_id = parse_file_id(text)
        # Only the canonical form: clients compare these addresses.
        if file_id is not None and text == str(file_id):
            return file_id
    elif len(address) <= MAX_ADDRESS_LENGTH and _OTHER_ADDRESS.fullmatch(address):
        return None
    raise InvalidData("data: neither /files/<id> nor an address that begins with https://")


def _decode(data: str, kind: type[Any]) -> Any:
    try:
        return decode_json(data, msgspec.json.Decoder(kind))
    except NotJson as error:
        raise InvalidData(f"data: {error}") from None


def _check_options(options: dict[str, Any], kind: type[Any]) -> None:
    try:
        msgspec.convert(options, kind)
    except msgspec.MsgspecError as error:
        raise InvalidData(f"options: {error}") from None
