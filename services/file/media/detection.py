"""Detect the media type of a file from its content; what the client declares is ignored."""

from __future__ import annotations

import re
from pathlib import Path

import puremagic

from services.file.media.containers import (
    AUDIO,
    VIDEO,
    matroska_track_types,
    mp4_track_types,
    ogg_track_types,
)

HEAD_BYTES = 64 * 1024
"""The length of the beginning of a file in which signatures and texts are looked for."""

UNKNOWN = "application/octet-stream"
TEXT = "text/plain"

PICTURES = frozenset(
    ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp")
)
"""Pictures that are decoded, freed of metadata and get a thumbnail. Others are stored as files."""

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
"""Types that a browser may show in place: it executes nothing in them."""

EXECUTABLE = (
    "application/vnd.microsoft.portable-executable",
    "application/x-elf",
    "application/x-mach-binary",
)
"""Executables, which are refused unless the configuration says otherwise."""

# By hand, because these types decide what is refused and what a browser shows: puremagic has none
# for ELF and Mach-O, and guesses several for an MP4 or a program. It is asked for all other types.
_SIGNATURES: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), media_type)
    for pattern, media_type in (
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


def detect_type(head: bytes, path: Path) -> str:
    """
    Return the media type of a file, such as "image/jpeg".

    Args:
        head: the first `HEAD_BYTES` of it.
        path: the file, or as much of it as there is.
    """
    for pattern, media_type in _SIGNATURES:
        if pattern.match(head):
            return _by_tracks(media_type, head, path)
    if head.startswith(b"PK\x03\x04"):
        return _by_zip_entries(head)
    if _MARKUP.search(head[:1024]):
        return "image/svg+xml" if b"<svg" in head[:4096].lower() else "text/html"
    return _by_puremagic(head) or (TEXT if _is_text(head) else UNKNOWN)


def _by_tracks(media_type: str, head: bytes, path: Path) -> str:
    """Return the type of a media file by its tracks: audio, if there is audio and no video."""
    if media_type in ("video/mp4", "video/quicktime"):
        with path.open("rb") as file:
            tracks = mp4_track_types(file)
        return "audio/mp4" if _is_audio(tracks) else media_type
    if media_type in ("video/webm", "video/x-matroska"):
        with path.open("rb") as file:
            tracks = matroska_track_types(file)
        return media_type.replace("video", "audio") if _is_audio(tracks) else media_type
    if media_type == "audio/ogg":
        return "video/ogg" if VIDEO in ogg_track_types(head) else media_type
    return media_type


def _is_audio(tracks: set[str]) -> bool:
    return AUDIO in tracks and VIDEO not in tracks


def _by_zip_entries(head: bytes) -> str:
    for folder, document in _OFFICE.items():
        if b"[Content_Types].xml" in head and folder in head:
            return f"application/vnd.openxmlformats-officedocument.{document}"
    if head[30:38] == b"mimetype":
        named = re.match(rb"application/[\w.+-]{1,100}", head[38:])
        if named:
            return named.group().removesuffix(b"PK").decode()
    return "application/zip"


def _by_puremagic(head: bytes) -> str | None:
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return None
    likely = [one.mime_type for one in found if one.confidence >= 0.5 and "/" in one.mime_type]
    return likely[0] if likely else None


def _is_text(head: bytes) -> bool:
    if not head or _CONTROL.search(head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # The head may end in the middle of a character.
        return error.start > len(head) - 4 and len(head) == HEAD_BYTES
    return True
