from __future__ import annotations

import asyncio
import io
import logging
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from services.errors import BadPicture, PictureTooComplex, StorageUnavailable
from services.file.media.decoder import DecodedPicture, Job, PictureDecoder
from tests.uploads import picture

GIB = 1024**3


class Decoder(PictureDecoder):
    """A decoder that writes the pictures into a folder first."""

    folder: Path
    number = 0

    async def ask(
        self, content: bytes, media_type: str, user_id: int = 1, max_pixels: int = 50_000_000
    ) -> DecodedPicture:
        self.number += 1
        source = self.folder / str(self.number)
        source.write_bytes(content)
        job = Job(str(source), media_type, f"{source}.clean", f"{source}.small", max_pixels)
        return await self.decode(user_id, job)

    def pids(self) -> set[int]:
        return {one._process.pid for one in self._all}


@pytest.fixture
async def decoder(tmp_path: Path) -> AsyncIterator[Decoder]:
    """A decoder with two processes, where a picture may take about a second."""
    decoder = Decoder(2, 0.2, 2 * GIB, logging.getLogger(__name__))
    decoder.folder = tmp_path
    yield decoder
    await decoder.close()


def noise(size: int) -> Image.Image:
    """Return a picture that takes long to encode."""
    return Image.merge("RGB", [Image.effect_noise((size, size), 90) for _ in range(3)])


@pytest.fixture(scope="module")
def slow() -> bytes:
    """An AVIF whose metadata cannot be removed within a second or two."""
    written = io.BytesIO()
    noise(1800).save(written, "AVIF", quality=10, speed=10)
    return written.getvalue()


def with_many_scans(size: int, count: int) -> bytes:
    """Return a progressive JPEG whose last scan is repeated."""
    written = io.BytesIO()
    Image.new("RGB", (size, size), "red").save(written, "JPEG", progressive=True)
    data = written.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


async def test_a_picture_that_takes_too_long_is_ended(decoder: Decoder, slow: bytes) -> None:
    """Its process is killed and replaced, and pictures of others are decoded meanwhile."""
    await asyncio.gather(*(decoder.ask(picture("PNG"), "image/png", user) for user in (1, 2)))
    before = decoder.pids()
    assert len(before) == 2

    bombs = [asyncio.create_task(decoder.ask(slow, "image/avif", 1)) for _ in range(2)]
    await asyncio.sleep(0.05)
    found = await decoder.ask(picture("PNG", (60, 40)), "image/png", 2)
    assert not any(bomb.done() for bomb in bombs)
    outcomes = await asyncio.gather(*bombs, return_exceptions=True)

    assert (found.width, found.height) == (60, 40)
    assert [type(one) for one in outcomes] == [PictureTooComplex, PictureTooComplex]
    assert (await decoder.ask(picture("JPEG"), "image/jpeg", 1)).blur
    assert before - decoder.pids()


async def test_a_picture_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    """The memory of a process is bounded."""
    decoder = Decoder(1, 30, 256 * 1024**2, logging.getLogger(__name__))
    decoder.folder = tmp_path
    written = io.BytesIO()
    Image.new("RGBA", (7000, 7000)).save(written, "PNG")
    try:
        with pytest.raises(PictureTooComplex):
            await decoder.ask(written.getvalue(), "image/png")
        assert (await decoder.ask(picture("PNG"), "image/png")).width
    finally:
        await decoder.close()


async def test_closing_does_not_wait_for_a_picture(decoder: Decoder, slow: bytes) -> None:
    """The processes are killed; the upload fails as temporary."""
    decoding = asyncio.create_task(decoder.ask(slow, "image/avif"))
    await asyncio.sleep(0.3)
    pids = decoder.pids()
    began = time.monotonic()

    await decoder.close()

    assert time.monotonic() - began < 2
    with pytest.raises(StorageUnavailable):
        await decoding
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_cancelled_picture_occupies_no_process(decoder: Decoder, slow: bytes) -> None:
    """Its process is killed."""
    for _ in range(3):
        decoding = asyncio.create_task(decoder.ask(slow, "image/avif"))
        await asyncio.sleep(0.1)
        decoding.cancel()
        await asyncio.wait([decoding])

    assert not decoder.pids()
    assert (await decoder.ask(picture("PNG"), "image/png")).width


async def test_one_user_gets_one_process(decoder: Decoder) -> None:
    """However many pictures a user uploads, another one is free for others."""
    pictures = (decoder.ask(picture("PNG"), "image/png", 1) for _ in range(10))

    assert len(await asyncio.gather(*pictures)) == 10

    assert len(decoder.pids()) == 1


async def test_scans_of_a_jpeg_are_bounded(decoder: Decoder) -> None:
    """A scan goes over the whole picture, however few bytes it has."""
    with pytest.raises(BadPicture):
        await decoder.ask(with_many_scans(7000, 2000), "image/jpeg")
    assert (await decoder.ask(with_many_scans(60, 20), "image/jpeg")).width == 60


@pytest.mark.parametrize(("kind", "frames"), [("AVIF", 3), ("WEBP", 21), ("GIF", 21), ("PNG", 21)])
async def test_frames_of_an_animation_are_bounded(decoder: Decoder, kind: str, frames: int) -> None:
    """The pixels of all frames count, whether or not they are decoded."""
    images = [Image.new("RGB", (100, 100), (10 * one, 0, 0)) for one in range(frames)]
    written = io.BytesIO()
    images[0].save(written, kind, save_all=True, append_images=images[1:], duration=100)
    media_type = f"image/{kind.lower()}"

    with pytest.raises(BadPicture):
        await decoder.ask(written.getvalue(), media_type, max_pixels=20_000)
    assert (await decoder.ask(written.getvalue(), media_type)).width == 100
