"""A file in a form (RFC 7578), read as a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from controllers.api.file.form_filename import parse_filename
from services.errors import UploadBroken

MAX_OTHER_BYTES = 1024 * 1024
"""The total size of the other fields of a form, which are ignored."""


class FormFile:
    """
    The first part of a form that has a filename.

    Args:
        content_type: the `Content-Type` of the request.
        chunks: the body of the request.

    Raises:
        UploadBroken: the `Content-Type` is not that of a form.
    """

    def __init__(self, content_type: str, chunks: AsyncIterator[bytes]) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise UploadBroken
        self._chunks = chunks
        self._header_name = self._header_value = b""
        self._filename: str | None = None
        self._pieces: list[bytes] = []
        self._other_bytes = 0
        self._in_file = self._file_complete = self._form_complete = False
        try:
            self._parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except FormParserError:
            raise UploadBroken from None

    async def filename(self) -> str:
        """
        Read up to the file, and return its name.

        Raises:
            UploadBroken: there is no file in the form.
            NameRefused: the name is not text.
        """
        while not (self._in_file or self._file_complete):
            if not await self._parse_next():
                raise UploadBroken
        return self._filename or ""

    async def content(self) -> AsyncIterator[bytes]:
        """
        Yield the content of the file, and read the form to its end.

        Raises:
            UploadBroken: the form is incomplete.
        """
        more = True
        while more:
            pieces, self._pieces = self._pieces, []
            for piece in pieces:
                yield piece
            more = await self._parse_next()
        if not self._form_complete:
            raise UploadBroken

    async def _parse_next(self) -> bool:
        """Parse the next chunk of the body; return False if there is none."""
        async for chunk in self._chunks:
            try:
                self._parser.write(chunk)
            except FormParserError:
                raise UploadBroken from None
            if self._other_bytes > MAX_OTHER_BYTES:
                raise UploadBroken
            return True
        return False

    def _on_part_begin(self) -> None:
        self._header_name = self._header_value = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition" and self._filename is None:
            self._filename = parse_filename(self._header_value)
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        self._in_file = self._filename is not None and not self._file_complete

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._pieces.append(data[start:end])
        else:
            self._other_bytes += end - start

    def _on_part_end(self) -> None:
        self._file_complete = self._file_complete or self._in_file
        self._in_file = False

    def _on_end(self) -> None:
        self._form_complete = True
