"""The file in a form (RFC 7578), as it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.errors import NameRefused, UploadBroken

BESIDE = 1024 * 1024
"""Bytes that other fields of the form may have in all; they are not looked at."""


class FormFile:
    """
    The first part of a form that has the name of a file.

    Args:
        content_type: the request's.
        chunks: its body.

    Raises:
        UploadBroken: it is no such form.
    """

    def __init__(self, content_type: str, chunks: AsyncIterator[bytes]) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise UploadBroken
        self._chunks = chunks
        self._field = self._value = b""
        self._name: bytes | None = None
        self._pieces: list[bytes] = []
        self._beside = 0
        self._inside = self._over = self._ended = False
        try:
            self._parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._add_field,
                    "on_header_value": self._add_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._enter,
                    "on_part_data": self._add,
                    "on_part_end": self._leave,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            raise UploadBroken from None

    async def name(self) -> str:
        """
        Read up to the file, and give its name.

        Raises:
            UploadBroken: there is no file in the form.
            NameRefused: its name is no text.
        """
        while not (self._inside or self._over):
            if not await self._feed():
                raise UploadBroken
        try:
            # As browsers write it (HTML, section 4.10.21.8).
            return (self._name or b"").decode().replace("%22", '"')
        except UnicodeDecodeError:
            raise NameRefused from None

    async def content(self) -> AsyncIterator[bytes]:
        """
        Give what the file holds; at its end the whole form has been read.

        Raises:
            UploadBroken: the form ends before its end.
        """
        more = True
        while more:
            pieces, self._pieces = self._pieces, []
            for piece in pieces:
                yield piece
            more = await self._feed()
        if not self._ended:
            raise UploadBroken

    async def _feed(self) -> bool:
        async for chunk in self._chunks:
            try:
                self._parser.write(chunk)
            except FormParserError:
                raise UploadBroken from None
            if self._beside > BESIDE:
                raise UploadBroken
            return True
        return False

    def _begin(self) -> None:
        self._field = self._value = b""

    def _add_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._field.lower() == b"content-disposition" and self._name is None:
            self._name = parse_options_header(self._value)[1].get(b"filename")
        self._field = self._value = b""

    def _enter(self) -> None:
        self._inside = self._name is not None and not self._over

    def _add(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self._pieces.append(data[start:end])
        else:
            self._beside += end - start

    def _leave(self) -> None:
        self._over = self._over or self._inside
        self._inside = False

    def _end(self) -> None:
        self._ended = True
