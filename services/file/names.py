"""Which names files and folders may have. They are labels: nothing on the disk is called so."""

from __future__ import annotations

import re
import unicodedata

from services.errors import NameRefused

LONGEST = 255
"""Characters of a file's name."""
FOLDER = re.compile(r"[\w-]{1,32}(/[\w-]{1,32}){0,2}")
"""Letters, digits, `-` and `_`, up to three levels."""
HIDDEN = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the direction of writing: with it, a program is made to look like a picture."""


def check_name(name: str) -> str:
    """
    Give the name of a file, in Unicode's composed form.

    Raises:
        NameRefused: it is empty, too long, a path, or holds what cannot be seen.
    """
    name = unicodedata.normalize("NFC", name.strip())
    if not name or len(name) > LONGEST or name in (".", "..") or any(map(_refused, name)):
        raise NameRefused
    return name


def check_folder(folder: str) -> str:
    """
    Give the name of a folder; "" is none.

    Raises:
        NameRefused: it is not made of letters, digits, `-` and `_`, or has over three levels.
    """
    if folder and not FOLDER.fullmatch(folder):
        raise NameRefused
    return folder


def _refused(character: str) -> bool:
    # Control characters, halves of characters, and what separates paths.
    kind = unicodedata.category(character)
    return kind in ("Cc", "Cs", "Zl", "Zp") or character in "/\\" or character in HIDDEN
