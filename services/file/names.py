"""The rules for names of files and folders. They are labels: no path on disk contains them."""

from __future__ import annotations

import re
import unicodedata

from services.errors import NameRefused

MAX_NAME_LENGTH = 255
"""The number of characters in the name of a file."""
FOLDER = re.compile(r"[\w-]{1,32}(/[\w-]{1,32}){0,2}")
"""Letters, digits, `-` and `_`, up to three levels."""
DIRECTION_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""Characters that change the direction of text: with them an executable can look like a picture."""


def check_name(name: str) -> str:
    """
    Return the name of a file in Unicode's composed form (NFC).

    Raises:
        NameRefused: it is empty, too long, a path, or contains invisible characters.
    """
    name = unicodedata.normalize("NFC", name.strip())
    if (
        not name
        or len(name) > MAX_NAME_LENGTH
        or name in (".", "..")
        or any(map(_is_refused, name))
    ):
        raise NameRefused
    return name


def check_folder(folder: str) -> str:
    """
    Return the name of a folder; "" stands for none.

    Raises:
        NameRefused: it is not letters, digits, `-` and `_` in up to three levels.
    """
    if folder and not FOLDER.fullmatch(folder):
        raise NameRefused
    return folder


def _is_refused(character: str) -> bool:
    # Control characters, surrogates, line and path separators.
    category = unicodedata.category(character)
    return (
        category in ("Cc", "Cs", "Zl", "Zp")
        or character in "/\\"
        or character in DIRECTION_CONTROLS
    )
