"""
The removal of metadata from pictures without encoding them again.

Image data and colour profiles are copied byte by byte. EXIF, XMP, IPTC, comments, texts and
everything after the end of the picture are left out: they may contain the place where it was taken.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator


class Malformed(ValueError):
    """The bytes are not a valid picture of their type."""


def remove_metadata(media_type: str, data: bytes) -> bytes | None:
    """
    Return a picture without its metadata.

    Args:
        media_type: its type, such as "image/png".
        data: the whole picture.

    Returns:
        The picture, or None if a picture of this type must be encoded again.

    Raises:
        Malformed: it is not a valid picture of this type.
    """
    remove = _REMOVERS.get(media_type)
    if remove is None:
        return None
    try:
        return b"".join(remove(data))
    except (IndexError, struct.error) as error:
        raise Malformed(str(error)) from None


def count_scans(data: bytes) -> int:
    """Return an upper bound of the number of scans of a JPEG."""
    return data.count(b"\xff\xda")


_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
"""The marker that ends the compressed data of a JPEG (T.81, section B.1.1)."""


def _jpeg(data: bytes) -> Iterator[bytes]:
    yield data[:2]
    place = 2
    while True:
        if data[place] != 0xFF:
            raise Malformed("no marker")
        marker = data[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
            continue
        if marker == 0xD9:
            yield data[place : place + 2]
            return
        (length,) = struct.unpack_from(">H", data, place + 2)
        end = place + 2 + length
        segment = data[place:end]
        if marker == 0xDA:
            found = _SCAN_END.search(data, end)
            if found is None:
                raise Malformed("the end is missing")
            end = found.start()
            segment = data[place:end]
        if _is_kept_in_jpeg(marker, segment):
            yield segment
        place = end


def _is_kept_in_jpeg(marker: int, segment: bytes) -> bool:
    if marker == 0xE2:
        return segment[4:].startswith(b"ICC_PROFILE\0")
    if marker == 0xE0:
        return segment[4:].startswith(b"JFIF\0")
    # 0xEE (Adobe) says how colours are encoded; other APPn segments and comments are metadata.
    return marker == 0xEE or not (0xE1 <= marker <= 0xEF or marker == 0xFE)


_PNG_CHUNKS = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT"
    b" acTL fcTL fdAT".split()
)


def _png(data: bytes) -> Iterator[bytes]:
    yield data[:8]
    place = 8
    while True:
        length, name = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        if end > len(data):
            raise Malformed("the end is missing")
        if name in _PNG_CHUNKS:
            yield data[place:end]
        if name == b"IEND":
            return
        place = end


_GIF_EXTENSIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def _gif(data: bytes) -> Iterator[bytes]:
    place = 13 + _colour_table_size(data[10])
    yield data[:place]
    while True:
        kind = data[place]
        if kind == 0x3B:
            yield data[place : place + 1]
            return
        if kind == 0x2C:
            end = _blocks_end(data, place + 11 + _colour_table_size(data[place + 9]))
            keep = True
        elif kind == 0x21:
            label = data[place + 1]
            end = _blocks_end(data, place + 2)
            keep = label in (0xF9, 0x01) or (
                label == 0xFF and data[place + 3 : place + 14] in _GIF_EXTENSIONS
            )
        else:
            raise Malformed("no block")
        if keep:
            yield data[place:end]
        place = end


def _colour_table_size(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks_end(data: bytes, place: int) -> int:
    while data[place]:
        place += data[place] + 1
    return place + 1


_WEBP_CHUNKS = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_WEBP_METADATA_FLAGS = 0x0C
"""The flags of VP8X for EXIF and XMP."""


def _webp(data: bytes) -> Iterator[bytes]:
    (whole,) = struct.unpack_from("<I", data, 4)
    end = min(len(data), whole + 8)
    kept: list[bytes] = []
    place = 12
    while place + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, place)
        after = place + 8 + length + (length & 1)
        chunk = data[place:after]
        if len(chunk) < 8 + length:
            raise Malformed("the end is missing")
        if name in _WEBP_CHUNKS:
            if name == b"VP8X":
                chunk = chunk[:8] + bytes((chunk[8] & ~_WEBP_METADATA_FLAGS,)) + chunk[9:]
            kept.append(chunk if len(chunk) % 2 == 0 else chunk + b"\0")
        place = after
    body = b"".join(kept)
    yield b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _bmp(data: bytes) -> Iterator[bytes]:
    yield data  # it has no metadata


_REMOVERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/bmp": _bmp,
}
