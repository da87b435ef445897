"""
Pictures: metadata removed, turned upright, with a thumbnail.

This runs in the processes of `decoder_process.py`, and imports nothing of the server.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any, NamedTuple

from PIL import AvifImagePlugin, Image, ImageOps, WebPImagePlugin  # both register themselves

from services.file.media.metadata import count_scans, remove_metadata

MAX_THUMBNAIL_PIXELS = 480
"""The longer side of a thumbnail."""
MAX_PREVIEW_PIXELS = 16
"""The longer side of the blurred preview."""
MAX_PREVIEW_LENGTH = 2000
"""The number of characters that the database stores of a preview."""

MAX_SCANS = 50
"""The number of scans of a progressive JPEG with the largest number of pixels: each scan goes over
the whole picture. A smaller picture may have more."""
MAX_ANIMATION_FACTOR = 10
"""How many times the pixels of the largest picture all frames of an animation may have together."""
MAX_ENCODED_PIXELS = 16_000_000
"""The largest number of pixels that are encoded for the smallest size; above it, for speed."""

# One thread: each takes address space, which is limited, and other pictures wait for processors.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
assert WebPImagePlugin.SUPPORTED  # noqa: S101 - the thumbnails are WebP

_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/avif": "AVIF",
    "image/bmp": "BMP",
}
_ORIENTATION = 0x0112
_DECODE_ERRORS = (
    OSError,  # and Pillow's UnidentifiedImageError
    ValueError,  # and `Malformed`
    SyntaxError,
    EOFError,
    OverflowError,
    MemoryError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises for pictures that are malformed."""


class UndecodableError(Exception):
    """The picture is malformed, or has too many pixels, frames or scans."""


class Picture(NamedTuple):
    """The properties of a decoded picture."""

    width: int
    height: int
    blur: str | None
    """A tiny preview as a `data:` URL."""


def process_picture(
    source: Path, media_type: str, clean: Path, thumbnail: Path, max_pixels: int
) -> Picture:
    """
    Write a picture without its metadata and upright, and a thumbnail of it.

    The thumbnail is WebP. That of an animation shows the first frame.

    Args:
        source: the path of the picture as it was uploaded.
        media_type: its type.
        clean: the path for the picture without metadata.
        thumbnail: the path for the thumbnail.
        max_pixels: how many pixels the picture may have.

    Raises:
        UndecodableError: the picture cannot be decoded, or has too many pixels.
        OSError: the disk is full or unavailable.
    """
    data = source.read_bytes()
    try:
        content, small, size = _decode(data, media_type, max_pixels)
        blur = _preview(small)
        written = io.BytesIO()
        small.save(written, "WEBP", quality=80, method=4)
    except _DECODE_ERRORS as error:
        raise UndecodableError from error
    clean.write_bytes(content)
    thumbnail.write_bytes(written.getvalue())
    return Picture(*size, blur)


def _decode(
    data: bytes, media_type: str, max_pixels: int
) -> tuple[bytes, Image.Image, tuple[int, int]]:
    """Return the picture without metadata, its thumbnail, and its size."""
    image: Image.Image = Image.open(io.BytesIO(data), formats=[_FORMATS[media_type]])
    width, height = image.size
    if width * height > max_pixels:
        raise UndecodableError
    # A JPEG has no frames: Pillow calls it animated if it contains a second picture (MPO).
    animated = media_type != "image/jpeg" and getattr(image, "is_animated", False)
    if animated:
        # An animated AVIF is encoded again, frame by frame; the frames of others are copied.
        factor = 1 if media_type == "image/avif" else MAX_ANIMATION_FACTOR
        if width * height * getattr(image, "n_frames", 1) > max_pixels * factor:
            raise UndecodableError
    if media_type == "image/jpeg" and width * height * count_scans(data) > max_pixels * MAX_SCANS:
        raise UndecodableError
    turned = not animated and image.getexif().get(_ORIENTATION, 1) not in (0, 1)
    if turned:
        image.load()
        image = ImageOps.exif_transpose(image)
    content = None if turned else remove_metadata(media_type, data)
    if content is None:
        content = _encode(image, media_type, animated=animated)
    elif media_type == "image/jpeg":
        # Decode at a lower resolution, which is faster; all of the data is still checked.
        image.draft("RGB", (MAX_THUMBNAIL_PIXELS * 2, MAX_THUMBNAIL_PIXELS * 2))
    size = image.size if turned else (width, height)
    image.load()
    small = image.convert("RGBA" if _is_transparent(image) else "RGB")
    small.thumbnail((MAX_THUMBNAIL_PIXELS, MAX_THUMBNAIL_PIXELS), Image.Resampling.LANCZOS)
    return content, small, size


def _encode(image: Image.Image, media_type: str, *, animated: bool) -> bytes:
    """Encode a picture again, with its colour profile and no other metadata."""
    written = io.BytesIO()
    options: dict[str, Any] = {"exif": b"", "xmp": b""}
    if profile := image.info.get("icc_profile"):
        options["icc_profile"] = profile
    if media_type == "image/jpeg":
        options |= {"quality": 92}
    elif media_type in ("image/webp", "image/avif"):
        options |= {"quality": 90, "save_all": animated}
        pixels = image.width * image.height * (getattr(image, "n_frames", 1) if animated else 1)
        if media_type == "image/avif" and pixels > MAX_ENCODED_PIXELS:
            options["speed"] = 10
    elif media_type == "image/png":
        image.info.clear()
        del options["xmp"]
    image.save(written, _FORMATS[media_type], **options)
    return written.getvalue()


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def _preview(small: Image.Image) -> str | None:
    tiny = small.copy()
    tiny.thumbnail((MAX_PREVIEW_PIXELS, MAX_PREVIEW_PIXELS), Image.Resampling.BOX)
    written = io.BytesIO()
    tiny.save(written, "WEBP", quality=50, method=4)
    url = f"data:image/webp;base64,{base64.b64encode(written.getvalue()).decode()}"
    return url if len(url) <= MAX_PREVIEW_LENGTH else None
