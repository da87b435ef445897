"""What a file is, from what it holds: nobody's word is taken for it."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import BinaryIO

import puremagic

HEAD = 64 * 1024
"""Bytes of the beginning that are looked at."""
MOOV = 16 * 1024 * 1024
"""Bytes of an MP4's directory that are looked at."""

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"

PICTURES = frozenset(
    ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp")
)
"""What is read, cleaned and made small. Other pictures are kept as files."""

INLINE = PICTURES | {
    "audio/aac",
    "audio/amr",
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/webm",
    "video/mp4",
    "video/ogg",
    "video/quicktime",
    "video/webm",
}
"""What a browser may show by itself; it can run none of it."""

EXECUTABLE = (
    "application/vnd.microsoft.portable-executable",
    "application/x-elf",
    "application/x-mach-binary",
)
"""Programs, which are refused unless the configuration says otherwise."""

_SIGNATURES: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"RIFF....WEBP", "image/webp"),
        (rb"BM....\0\0\0\0", "image/bmp"),
        (rb"II\*\0|MM\0\*", "image/tiff"),
        (rb"....ftyp(avif|avis)", "image/avif"),
        (rb"....ftyp(heic|heix|hevc|hevx|heim|heis|mif1|msf1)", "image/heic"),
        (rb"....ftypM4[AB] ", "audio/mp4"),
        (rb"....ftypqt  ", "video/quicktime"),
        (rb"....ftyp", "video/mp4"),
        (rb"\x1aE\xdf\xa3.{0,64}webm", "video/webm"),
        (rb"\x1aE\xdf\xa3.{0,64}matroska", "video/x-matroska"),
        (rb"OggS", "audio/ogg"),
        (rb"ID3", "audio/mpeg"),
        (rb"\xff[\xf0\xf1\xf8\xf9]", "audio/aac"),
        (rb"\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]", "audio/mpeg"),
        (rb"fLaC", "audio/flac"),
        (rb"RIFF....WAVE", "audio/wav"),
        (rb"#!AMR", "audio/amr"),
        (rb"%PDF-", "application/pdf"),
        (rb"MZ", EXECUTABLE[0]),
        (rb"\x7fELF", EXECUTABLE[1]),
        (rb"\xca\xfe\xba\xbe\0\0\0[\1-\x20]|[\xce\xcf]\xfa\xed\xfe", EXECUTABLE[2]),
        (rb"\x1f\x8b", "application/gzip"),
    )
)

_OFFICE = {
    b"word/": "wordprocessingml.document",
    b"xl/": "spreadsheetml.sheet",
    b"ppt/": "presentationml.presentation",
}
_MARKUP = re.compile(
    rb"<(!doctype html|html|head|body|script|iframe|svg|meta|a |img|style|table|div)", re.IGNORECASE
)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def find_type(head: bytes, path: Path) -> str:
    """
    Give the type of a file, such as "image/jpeg".

    Args:
        head: its first `HEAD` bytes.
        path: the whole of it, or as much as there is.
    """
    for pattern, kind in _SIGNATURES:
        if pattern.match(head):
            return _look_closer(kind, head, path)
    if head.startswith(b"PK\x03\x04"):
        return _in_zip(head)
    if _MARKUP.search(head[:1024]):
        return "image/svg+xml" if b"<svg" in head[:4096].lower() else "text/html"
    return _by_magic(head) or (TEXT if _is_text(head) else UNKNOWN)


def _look_closer(kind: str, head: bytes, path: Path) -> str:
    """Tell sound from pictures that move, where both come in the same wrapping."""
    if kind in ("video/mp4", "video/quicktime"):
        with path.open("rb") as file:
            found = _movie(file)
        return "audio/mp4" if b"soun" in found and b"vide" not in found else kind
    if kind == "video/webm":
        return "audio/webm" if b"A_" in head and b"V_" not in head else kind
    if kind == "audio/ogg":
        return "video/ogg" if b"\x80theora" in head[:4096] else kind
    return kind


def _movie(file: BinaryIO) -> bytes:
    """Give the box `moov` of an MP4 (ISO/IEC 14496-12, section 8.2.1), as far as it is there."""
    place = 0
    for _ in range(1000):
        file.seek(place)
        start = file.read(16)
        if len(start) < 8:
            break
        size, name = struct.unpack(">I4s", start[:8])
        if size == 1 and len(start) == 16:
            (size,) = struct.unpack(">Q", start[8:])
        if name == b"moov":
            return start + file.read(min(size or MOOV, MOOV))
        if size < 8:
            break
        place += size
    return b""


def _in_zip(head: bytes) -> str:
    for folder, kind in _OFFICE.items():
        if b"[Content_Types].xml" in head and folder in head:
            return f"application/vnd.openxmlformats-officedocument.{kind}"
    if head[30:38] == b"mimetype":
        named = re.match(rb"application/[\w.+-]{1,100}", head[38:])
        if named:
            return named.group().removesuffix(b"PK").decode()
    return "application/zip"


def _by_magic(head: bytes) -> str | None:
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return None
    sure = [one.mime_type for one in found if one.confidence >= 0.5 and "/" in one.mime_type]
    return sure[0] if sure else None


def _is_text(head: bytes) -> bool:
    if not head or _CONTROL.search(head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A character may go on behind the end of what is looked at.
        return error.start > len(head) - 4 and len(head) == HEAD
    return True
