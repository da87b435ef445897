from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.uploads import SECRET, picture, read, uploaded, with_place
from yolk.testing import User


def opened(content: bytes) -> Image.Image:
    """Read a picture."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def red_at_the_left(image: Image.Image) -> bool:
    """Return whether a picture is upright."""
    pixel: Any = image.convert("RGB").getpixel((1, image.height // 2))
    return bool(pixel[0] > 200 and pixel[2] < 60)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP"])
async def test_a_picture_has_a_size_a_thumbnail_and_a_preview(ada: User, kind: str) -> None:
    """The thumbnail is at most 480 pixels wide and high, the placeholder tiny."""
    info = await uploaded(ada, "a", picture(kind, (1200, 800)))

    small = await read(ada, f"{info['url']}/thumbnail")
    blur = base64.b64decode(info["blur"].partition(";base64,")[2])

    assert (info["width"], info["height"], info["thumbnail"]) == (1200, 800, True)
    assert info["type"] == f"image/{kind.lower()}"
    assert small.headers["content-type"] == "image/webp"
    assert opened(small.content).size == (480, 320)
    assert red_at_the_left(opened(small.content))
    assert max(opened(blur).size) <= 20
    assert len(info["blur"]) < 1500


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
async def test_exif_is_removed(ada: User, kind: str) -> None:
    """EXIF is removed, and the picture looks the same."""
    original = with_place(kind)
    assert SECRET in original

    info = await uploaded(ada, "a", original)
    found = (await read(ada, info["url"])).content

    assert SECRET not in found
    assert not opened(found).getexif()
    assert info["size"] == len(found)
    if kind != "AVIF":  # which is compressed anew
        assert opened(found).tobytes() == opened(original).tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_other_metadata_is_removed(ada: User, kind: str) -> None:
    """XMP, comments, texts and data behind the picture, such as a film, are removed."""
    options: dict[str, Any] = {"xmp": b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"}
    if kind == "JPEG":
        options["comment"] = SECRET
    if kind == "PNG":
        texts = PngInfo()
        texts.add_text("Comment", SECRET.decode())
        texts.add_itxt("XML:com.adobe.xmp", SECRET.decode())
        options = {"pnginfo": texts}
    original = picture(kind, **options) + SECRET
    assert original.count(SECRET) >= 2

    info = await uploaded(ada, "a", original)
    found = (await read(ada, info["url"])).content

    assert SECRET not in found
    assert red_at_the_left(opened(found))


async def test_animations_are_kept(ada: User) -> None:
    """The frames of an animation are kept, and its metadata is removed."""
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "green", "blue")]
    for kind in ("GIF", "WEBP"):
        written = io.BytesIO()
        frames[0].save(
            written,
            kind,
            save_all=True,
            append_images=frames[1:],
            duration=100,
            loop=0,
            **({"comment": SECRET} if kind == "GIF" else {"exif": b"Exif\0\0" + SECRET}),
        )
        assert SECRET in written.getvalue()

        info = await uploaded(ada, "a", written.getvalue())
        found = (await read(ada, info["url"])).content

        assert SECRET not in found
        assert opened(found).n_frames == 3  # type: ignore[attr-defined]
        assert opened(found).info["loop"] == 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_picture_is_turned_upright(ada: User, kind: str) -> None:
    """The orientation in the metadata is applied to the picture."""
    info = await uploaded(ada, "a", with_place(kind, orientation=3))
    found = (await read(ada, info["url"])).content
    turned = await uploaded(ada, "a", with_place(kind, orientation=6))
    small = await read(ada, f"{turned['url']}/thumbnail")

    assert not red_at_the_left(opened(found))
    assert SECRET not in found
    assert (turned["width"], turned["height"]) == (40, 60)
    assert opened(small.content).size == (40, 60)


async def test_a_jpeg_with_a_second_picture_is_turned(ada: User) -> None:
    """Cameras add a preview to a JPEG (MPO); the first picture is kept, the right way up."""
    exif = Image.Exif()
    exif[0x0112] = 6
    written = io.BytesIO()
    second = Image.new("RGB", (200, 100), "green")
    opened(picture("JPEG", (200, 100))).save(
        written, "MPO", save_all=True, append_images=[second], exif=exif
    )
    assert opened(written.getvalue()).n_frames == 2  # type: ignore[attr-defined]

    info = await uploaded(ada, "a.jpg", written.getvalue())
    found = opened((await read(ada, info["url"])).content)
    small = opened((await read(ada, f"{info['url']}/thumbnail")).content)

    assert (info["width"], info["height"], info["type"]) == (100, 200, "image/jpeg")
    assert (found.size, found.format, small.size) == ((100, 200), "JPEG", (100, 200))
    assert getattr(found, "n_frames", 1) == 1
    assert not found.getexif()
    top, bottom = (found.getpixel((50, row)) for row in (10, 190))
    assert top[0] - top[2] > 200  # type: ignore[index]
    assert bottom[2] - bottom[0] > 200  # type: ignore[index]


async def test_transparency_is_kept(ada: User) -> None:
    """Picture, thumbnail and placeholder keep their transparency."""
    written = io.BytesIO()
    Image.new("RGBA", (50, 50), (255, 0, 0, 0)).save(written, "PNG")

    info = await uploaded(ada, "a", written.getvalue())
    small = await read(ada, f"{info['url']}/thumbnail")

    assert opened(small.content).mode == "RGBA"


async def test_colour_profiles_are_kept(ada: User) -> None:
    """A colour profile belongs to the picture."""
    profile = b"a colour profile, as far as anybody here knows"

    info = await uploaded(ada, "a", picture("JPEG", icc_profile=profile))

    found = opened((await read(ada, info["url"])).content)
    assert found.info["icc_profile"] == profile


async def test_equal_pictures_are_stored_once(ada: User, bob: User) -> None:
    """The stored contents are compared, without the metadata."""
    first = await uploaded(ada, "a", with_place("JPEG"))
    second = await uploaded(bob, "b", picture("JPEG", (60, 40)))

    tags = [
        (await read(user, one["url"])).headers["etag"]
        for user, one in ((ada, first), (bob, second))
    ]

    assert tags[0] == tags[1]


async def test_other_pictures_are_files(ada: User) -> None:
    """TIFF is stored as it is, and not shown."""
    info = await uploaded(ada, "a.tiff", picture("TIFF"))

    assert info["type"] == "image/tiff"
    assert "width" not in info
    assert (await read(ada, info["url"])).headers["content-disposition"].startswith("attachment")
