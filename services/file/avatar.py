"""The pictures that users upload as an avatar, of themselves or of a group."""

from __future__ import annotations

from tortoise.backends.base.client import BaseDBAsyncClient

from models import File
from services.errors import InvalidData, NoFile, TypeRefused
from services.file.info import file_info, kind_of, parse_file_id

FILES_PATH = "/files/"


async def find_own_picture(
    user_id: int, address: str, connection: BaseDBAsyncClient | None = None
) -> File:
    """
    Return the picture at an address.

    Args:
        user_id: the user, who must have uploaded it: an avatar can be read by everybody.
        address: `/files/<id>`.
        connection: the transaction, if there is one.

    Raises:
        InvalidData: it is no address of a file of this server.
        NoFile: the user uploaded no such file.
        TypeRefused: it is no picture.
    """
    file_id = parse_file_id(address.removeprefix(FILES_PATH))
    if file_id is None or not address.startswith(FILES_PATH):
        raise InvalidData("avatar: neither /files/<id> nor empty")
    file = await File.get_or_none(id=file_id, user_id=user_id, using_db=connection)
    if file is None:
        raise NoFile
    if kind_of(file_info(file)) != "image":
        raise TypeRefused
    return file
