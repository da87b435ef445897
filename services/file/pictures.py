"""Pictures: read, cleaned of metadata, and made small. Everything here blocks: for a thread."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageOps

from services.errors import BadPicture
from services.file.strip import strip

SMALL = 480
"""Pixels that a thumbnail has at most on its longer side."""
TINY = 16
"""Pixels of the placeholder, likewise."""
LONGEST_BLUR = 2000

_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
    "image/bmp": "BMP",
}
_ORIENTATION = 0x0112
_BROKEN = (
    OSError,  # and Pillow's UnidentifiedImageError
    ValueError,  # and what `strip` raises
    SyntaxError,
    EOFError,
    OverflowError,
    MemoryError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises of pictures that are none."""


class Picture(NamedTuple):
    """What is known of a picture that was read."""

    width: int
    height: int
    blur: str | None
    """A tiny picture as a `data:` address."""


def make_small(source: Path, kind: str, clean: Path, thumbnail: Path, pixels: int) -> Picture:
    """
    Read a picture; write it without its metadata, the right way up, and its thumbnail.

    The thumbnail is WebP; of what moves, it shows the first picture.

    Args:
        source: the picture as it came.
        kind: its type.
        clean: where to write it.
        thumbnail: where to write the small one.
        pixels: how many it may have.

    Raises:
        BadPicture: it cannot be read, or has more.
        OSError: it cannot be written.
    """
    data = source.read_bytes()
    try:
        content, small, size = _work(data, kind, pixels)
        blur = _blur(small)
        written = io.BytesIO()
        small.save(written, "WEBP", quality=80, method=4)
    except _BROKEN as error:
        raise BadPicture from error
    clean.write_bytes(content)
    thumbnail.write_bytes(written.getvalue())
    return Picture(*size, blur)


def _work(data: bytes, kind: str, pixels: int) -> tuple[bytes, Image.Image, tuple[int, int]]:
    """Give the picture without metadata, a small one, and its size."""
    image: Image.Image = Image.open(io.BytesIO(data), formats=[_FORMATS[kind]])
    width, height = image.size
    if width * height > pixels:
        raise BadPicture
    # A JPEG never moves: Pillow calls it animated if it contains a second picture (MPO).
    moving = kind != "image/jpeg" and getattr(image, "is_animated", False)
    turned = not moving and image.getexif().get(_ORIENTATION, 1) not in (0, 1)
    if turned:
        image.load()
        image = ImageOps.exif_transpose(image)
    content = None if turned else strip(kind, data)
    if content is None:
        content = _again(image, kind, moving=moving)
    elif kind == "image/jpeg":
        # Reads only as many of the pixels as the small one is made of, yet goes through all.
        image.draft("RGB", (SMALL * 2, SMALL * 2))
    size = image.size if turned else (width, height)
    image.load()
    small = image.convert("RGBA" if _is_transparent(image) else "RGB")
    small.thumbnail((SMALL, SMALL), Image.Resampling.LANCZOS)
    return content, small, size


def _again(image: Image.Image, kind: str, *, moving: bool) -> bytes:
    """Write a picture anew, with its colours and nothing else that it said of itself."""
    written = io.BytesIO()
    options: dict[str, Any] = {"exif": b"", "xmp": b""}
    if profile := image.info.get("icc_profile"):
        options["icc_profile"] = profile
    if kind == "image/jpeg":
        options |= {"quality": 92}
    elif kind in ("image/webp", "image/avif"):
        options |= {"quality": 90, "save_all": moving}
    elif kind == "image/png":
        image.info.clear()
        del options["xmp"]
    image.save(written, _FORMATS[kind], **options)
    return written.getvalue()


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def _blur(small: Image.Image) -> str | None:
    tiny = small.copy()
    tiny.thumbnail((TINY, TINY), Image.Resampling.BOX)
    written = io.BytesIO()
    tiny.save(written, "WEBP", quality=50, method=4)
    blur = f"data:image/webp;base64,{base64.b64encode(written.getvalue()).decode()}"
    return blur if len(blur) <= LONGEST_BLUR else None
