"""Texts as terms of ASCII, so that the full-text index of every database finds the same. No I/O.

A term stands for a pair of neighbouring characters: Chinese has no spaces between words, and a
search may match anywhere. Every term is six lower-case letters: all tokenizers keep it whole, and
none drops it as a stop word or as too short. Two pairs may share a term, so a search compares the
texts themselves afterwards.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from unicodedata import normalize

MAX_INDEXED_CHARACTERS = 5000
"""Characters of a message that are indexed; the rest is not found."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = str.maketrans("0123456789:", "abcdefghijk")
_TIME_SHIFT = 21


def plain(text: str) -> str:
    """Return a text for comparison: case, width, form and kind of white space removed."""
    text = normalize("NFKC", normalize("NFKC", text[:MAX_INDEXED_CHARACTERS]).casefold())
    return " ".join(text.split())


def text_terms(plain_text: str) -> list[str]:
    """
    Return the distinct terms of a text, in their order.

    Args:
        plain_text: the result of `plain`. A character beyond U+FFFF, such as most emoji, is a term
            by itself, too.
    """
    pairs = map(str.__add__, plain_text, plain_text[1:])
    found = dict.fromkeys(map(_term, pairs))
    if not plain_text.isascii():
        found |= dict.fromkeys(_term(one) for one in plain_text if one > "\uffff")
    return list(found)


def conversation_term(conv: str) -> str:
    """Return the term of a conversation, which all its messages have."""
    return "y" + conv.translate(_DIGITS)


def user_term(user_id: int) -> str:
    """Return the term of a user, which all messages between two have that the user is one of."""
    return "xx" + str(user_id).translate(_DIGITS)


def entry_terms(conv: str, text: str) -> str:
    """Return the terms of a message, as they are stored; empty where no search can find it."""
    found = text_terms(plain(text))
    if not found:
        return ""
    kind, *pair = conv.split(":")
    users = map(user_term, map(int, dict.fromkeys(pair))) if kind == "s" else ()
    return " ".join([conversation_term(conv), *users, *found])


def entry_id(create_time: int, conv: str, seq: int) -> int:
    """
    Return the id of a message's entry. It begins with the time, so that entries are in order.

    Where another message has this id already, the next free one is taken.
    """
    spread = zlib.crc32(f"{conv} {seq}".encode()) & ((1 << _TIME_SHIFT) - 1)
    return create_time << _TIME_SHIFT | spread


@lru_cache(maxsize=20_000)
def _term(characters: str) -> str:
    number = zlib.crc32(characters.encode("utf-8", "surrogatepass"))
    letters = ["z"]
    for _ in range(5):
        number, place = divmod(number, 26)
        letters.append(_LETTERS[place])
    return "".join(letters)
