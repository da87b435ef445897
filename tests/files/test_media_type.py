"""Types of audio and video from the structure of their containers."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from services.file.media.containers import MAX_ELEMENTS
from services.file.media.detection import HEAD_BYTES, detect_type
from tests.uploads import uploaded
from yolk.testing import User

SAMPLES = Path(__file__).parent / "samples"
TYPES = {
    "voice-chromium.webm": "audio/webm",
    "film-chromium.webm": "video/webm",
    "voice.mka": "audio/x-matroska",
    "film.mkv": "video/x-matroska",
    "voice.mp4": "audio/mp4",
    "film.mp4": "video/mp4",
    "fragmented.mp4": "video/mp4",
    "voice.mov": "audio/mp4",
    "voice.ogg": "audio/ogg",
    "film.ogv": "video/ogg",
}
CODEC_NAMES = b"V_VP9 A_OPUS vide soun \x80theora "


def detect(content: bytes, folder: Path) -> str:
    """Return the type of a content."""
    path = folder / "content"
    path.write_bytes(content)
    return detect_type(content[:HEAD_BYTES], path)


@pytest.mark.parametrize(("name", "media_type"), TYPES.items())
def test_the_type_of_the_tracks_decides(name: str, media_type: str, tmp_path: Path) -> None:
    """Audio alone is audio; the names of codecs in the data change nothing."""
    content = (SAMPLES / name).read_bytes()

    assert detect(content, tmp_path) == media_type
    assert detect(content + CODEC_NAMES, tmp_path) == media_type


@pytest.mark.parametrize("seconds", range(8, 21, 2))
async def test_a_voice_message_of_chromium_is_audio(ada: User, seconds: int) -> None:
    """A recording of WebM and Opus is audio, whatever bytes its compressed sound has."""
    sound = random.Random(seconds).randbytes(16_000 * seconds)
    recorded = (SAMPLES / "voice-chromium.webm").read_bytes()

    info = await uploaded(ada, "voice", recorded + sound[:30_000] + CODEC_NAMES + sound[30_000:])

    assert info["type"] == "audio/webm"


@pytest.mark.parametrize("name", TYPES)
def test_damaged_media_are_files_of_some_type(name: str, tmp_path: Path) -> None:
    """Wherever a container ends, and whichever of its bytes are wrong, a type is found."""
    content = (SAMPLES / name).read_bytes()
    choose = random.Random(name)

    for _ in range(300):
        damaged = bytearray(content[: choose.randint(1, len(content))])
        for _ in range(choose.randint(0, 5)):
            damaged[choose.randrange(min(len(damaged), 700))] = choose.choice((0, 1, 8, 127, 255))
        assert "/" in detect(bytes(damaged), tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"\0\0\0\x08ftypqt  \0\0\0\0" + b"\0\0\0\x08free" * 1_000_000,
        b"\0\0\0\x14ftypisom\0\0\2\0isom" + b"\0\0\0\1moov" + b"\xff" * 8,
        b"\0\0\0\x14ftypisom\0\0\2\0isom" + b"\0\0\0\0moov" * 100_000,
        b"\x1aE\xdf\xa3\x87B\x82\x84webm" + b"\xec\x80" * 4_000_000,
        b"\x1aE\xdf\xa3\x87B\x82\x84webm" + b"\x18S\x80g\xff" * 1_000_000,
        b"\x1aE\xdf\xa3\x87B\x82\x84webm"
        + b"\x18S\x80g\x01"
        + b"\xff" * 7
        + b"\xec\1"
        + b"\xfe" * 9,
    ],
)
def test_no_container_takes_long(content: bytes, tmp_path: Path) -> None:
    """Only so many elements of a file are read, whatever it says of their number and size."""
    path = tmp_path / "content"
    path.write_bytes(content)
    began = time.process_time()

    found = detect_type(content[:HEAD_BYTES], path)

    assert found.startswith("video/")
    assert time.process_time() - began < 1
    assert MAX_ELEMENTS <= 10_000
