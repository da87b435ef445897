"""Track types of media containers, read from their structure with fixed bounds; nothing is decoded.

By hand, because no library does it safely: puremagic and filetype name the container only, mutagen
and tinytag read no Matroska, and PyAV would hand untrusted bytes to FFmpeg's native demuxers.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

AUDIO = "audio"
VIDEO = "video"

MAX_ELEMENTS = 10_000
"""The number of boxes or elements of one file that are read."""
MAX_OGG_PAGES = 64
"""The number of Ogg pages that are read."""

_MP4_PARENTS = frozenset((b"moov", b"trak", b"mdia"))
_MP4_HANDLERS = {b"soun": AUDIO, b"vide": VIDEO}

_EBML_HEADER = 0x1A45DFA3
_SEGMENT = 0x18538067
_TRACKS = 0x1654AE6B
_TRACK_ENTRY = 0xAE
_TRACK_TYPE = 0x83
_EBML_PARENTS = frozenset((_SEGMENT, _TRACKS, _TRACK_ENTRY))
_EBML_TRACK_TYPES = {1: VIDEO, 2: AUDIO}

_OGG_VIDEO = (b"\x80theora", b"\x01video", b"BBCD\0", b"OVP80")
"""How the first packet of a video stream begins: Theora, OGM, Dirac, VP8."""
_OGG_FIRST_PAGE = 0x02
"""The flag of a stream's first page."""


def mp4_track_types(file: BinaryIO) -> set[str]:
    """
    Return the types of the tracks of an MP4 or a QuickTime movie (ISO/IEC 14496-12).

    Args:
        file: the content, or as much of it as there is.
    """
    found: set[str] = set()
    for name, start, end in _mp4_boxes(file):
        if name == b"hdlr" and end - start >= 12:
            file.seek(start + 8)  # after the version, the flags and `pre_defined`
            found.add(_MP4_HANDLERS.get(file.read(4), "other"))
    return found


def matroska_track_types(file: BinaryIO) -> set[str]:
    """
    Return the types of the tracks of a Matroska or WebM file (RFC 8794, RFC 9559).

    Args:
        file: the content, or as much of it as there is.
    """
    found: set[str] = set()
    for element, start, end in _ebml_elements(file):
        if element == _TRACK_TYPE and 1 <= end - start <= 8:
            file.seek(start)
            number = int.from_bytes(file.read(end - start), "big")
            found.add(_EBML_TRACK_TYPES.get(number, "other"))
    return found


def ogg_track_types(head: bytes) -> set[str]:
    """
    Return the types of the streams of an Ogg file (RFC 3533).

    The first pages of all streams come first, each with the first packet of its codec.

    Args:
        head: the beginning of the content.
    """
    found: set[str] = set()
    place = 0
    for _ in range(MAX_OGG_PAGES):
        header = head[place : place + 27]
        if len(header) < 27 or header[:4] != b"OggS" or not header[5] & _OGG_FIRST_PAGE:
            break
        lengths = head[place + 27 : place + 27 + header[26]]
        packet = place + 27 + len(lengths)
        found.add(VIDEO if head.startswith(_OGG_VIDEO, packet) else AUDIO)
        place = packet + sum(lengths)
    return found


def _mp4_boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name, the start and the end of the content of each box, parents first."""
    whole = file.seek(0, os.SEEK_END)
    place = 0
    for _ in range(MAX_ELEMENTS):
        if place > whole - 8:
            return
        file.seek(place)
        header = file.read(16)
        size, name = struct.unpack(">I4s", header[:8])
        start = place + 8
        if size == 1 and len(header) == 16:
            (size,) = struct.unpack(">Q", header[8:])
            start = place + 16
        end = place + size if size else whole
        if end < start:
            return
        yield name, start, end
        # Boxes follow each other, so entering a parent is going on at its content.
        place = start if name in _MP4_PARENTS else end


def _ebml_elements(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Yield the ID, the start and the end of the content of each element, parents first."""
    whole = file.seek(0, os.SEEK_END)
    place = 0
    for _ in range(MAX_ELEMENTS):
        if place >= whole:
            return
        file.seek(place)
        header = file.read(12)  # at most 4 bytes of ID and 8 of size
        id_length = _ebml_length(header, 0)
        size_length = _ebml_length(header, id_length)
        start = place + id_length + size_length
        if not (1 <= id_length <= 4 and size_length >= 1) or len(header) < start - place:
            return
        element = int.from_bytes(header[:id_length], "big")
        mask = (1 << 7 * size_length) - 1
        size = int.from_bytes(header[id_length : start - place], "big") & mask
        if place == 0 and element != _EBML_HEADER:
            return
        yield element, start, start + size
        if element in _EBML_PARENTS:
            place = start
        elif size == mask:  # of unknown size, as the clusters of a live stream
            return
        else:
            place = start + size


def _ebml_length(header: bytes, place: int) -> int:
    """Return the length of the number at *place*, from its leading zero bits; 0 for none."""
    return 9 - header[place].bit_length() if place < len(header) and header[place] else 0
