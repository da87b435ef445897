"""Pictures to send, drawn when they are needed."""

from __future__ import annotations

import io
import math

from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]


def harbour(size: tuple[int, int] = (960, 640)) -> bytes:
    """Return a picture of an evening at the sea: a low sun, hills, and light on the water."""
    width, height = size
    image = _sky(size, (255, 206, 128), (242, 118, 96), (74, 66, 122))
    draw = ImageDraw.Draw(image)
    shore = int(height * 0.62)
    sun = int(width * 0.64), int(height * 0.47)
    glow = Image.new("RGB", size, (0, 0, 0))
    ImageDraw.Draw(glow).ellipse(_around(sun, height * 0.2), fill=(120, 90, 50))
    image.paste(_added(image, glow.filter(ImageFilter.GaussianBlur(height / 12))))
    draw.ellipse(_around(sun, height * 0.075), fill=(255, 240, 204))
    for step, colour in enumerate(((150, 82, 112), (104, 60, 100), (64, 44, 84))):
        draw.polygon(_hills(width, shore, height * (0.2 - step * 0.055), step), fill=colour)
    water = image.crop((0, 0, width, shore)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    water = water.resize((width, height - shore)).filter(ImageFilter.GaussianBlur(3))
    image.paste(Image.blend(water, Image.new("RGB", water.size, (52, 48, 96)), 0.42), (0, shore))
    draw = ImageDraw.Draw(image)
    for line in range(26):
        y = shore + 6 + line * (height - shore) // 26
        half = 10 + line * 2.6 + 12 * math.sin(line * 1.9)
        x = sun[0] + 9 * math.sin(line * 2.3)
        draw.line((x - half, y, x + half, y), fill=(255, 196, 140), width=2)
    _boat(draw, (width * 0.27, shore + height * 0.1), height * 0.13)
    return _jpeg(image)


def breakfast(size: tuple[int, int] = (900, 600)) -> bytes:
    """Return a picture of a fried egg in a pan, from above."""
    width, height = size
    image = Image.new("RGB", size, (196, 154, 108))
    draw = ImageDraw.Draw(image)
    for line in range(0, height, 30):
        shade = 184 + 14 * math.sin(line * 0.7)
        draw.rectangle((0, line, width, line + 27), fill=(int(shade), int(shade * 0.76), 108))
    middle = width * 0.45, height / 2
    side = float(height)
    draw.rounded_rectangle(
        (middle[0], middle[1] - 34, width + 90, middle[1] + 34), 30, (44, 44, 48)
    )
    draw.ellipse(_around(middle, side * 0.42), fill=(38, 38, 42))
    draw.ellipse(_around(middle, side * 0.385), fill=(58, 58, 63))
    white = []
    for degree in range(0, 360, 4):
        turn = math.radians(degree)
        reach = side * (0.25 + 0.025 * math.sin(3 * turn) + 0.018 * math.sin(5 * turn + 1))
        white.append((middle[0] + reach * math.cos(turn), middle[1] + reach * math.sin(turn)))
    draw.polygon(white, fill=(252, 250, 242))
    image = image.filter(ImageFilter.GaussianBlur(1.2))
    draw = ImageDraw.Draw(image)
    yolk = middle[0] + 14, middle[1] - 10
    draw.ellipse(_around(yolk, side * 0.112), fill=(247, 172, 22))
    draw.ellipse(_around(yolk, side * 0.1), fill=(255, 194, 46))
    shine = yolk[0] - 26, yolk[1] - 28
    draw.ellipse(_around(shine, side * 0.024), fill=(255, 232, 160))
    return _jpeg(image.filter(ImageFilter.GaussianBlur(0.8)))


def _sky(size: tuple[int, int], low: Colour, middle: Colour, high: Colour) -> Image.Image:
    column = Image.new("RGB", (1, 64))
    for y in range(64):
        share = y / 63
        one, other, part = (
            (high, middle, share * 2) if share < 0.5 else (middle, low, share * 2 - 1)
        )
        mixed = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
        column.putpixel((0, y), tuple(mixed))
    return column.resize(size, Image.Resampling.BICUBIC)


def _hills(width: int, shore: int, height: float, step: int) -> list[tuple[float, float]]:
    line = []
    for x in range(0, width + 16, 16):
        wave = math.sin(x / (150 + 40 * step) + step * 2) + 0.5 * math.sin(x / 63 + step)
        line.append((float(x), shore - height * (0.55 + 0.3 * wave)))
    return [(0.0, float(shore)), *line, (float(width), float(shore))]


def _boat(draw: ImageDraw.ImageDraw, at: tuple[float, float], size: float) -> None:
    x, y = at
    draw.polygon(
        [
            (x - size, y),
            (x + size, y),
            (x + size * 0.7, y + size * 0.3),
            (x - size * 0.7, y + size * 0.3),
        ],
        fill=(38, 28, 58),
    )
    draw.polygon([(x, y - size * 1.7), (x, y - 6), (x + size * 0.85, y - 6)], fill=(255, 238, 214))
    draw.polygon(
        [(x - 8, y - size * 1.4), (x - 8, y - 6), (x - size * 0.6, y - 6)], fill=(240, 206, 178)
    )


def _around(middle: tuple[float, float], radius: float) -> tuple[float, float, float, float]:
    x, y = middle
    return x - radius, y - radius, x + radius, y + radius


def _added(image: Image.Image, light: Image.Image) -> Image.Image:
    pixels = zip(image.tobytes(), light.tobytes(), strict=True)
    return Image.frombytes("RGB", image.size, bytes(min(255, a + b) for a, b in pixels))


def _jpeg(image: Image.Image) -> bytes:
    written = io.BytesIO()
    image.save(written, "JPEG", quality=88)
    return written.getvalue()
