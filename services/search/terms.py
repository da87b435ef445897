"""Texts as words of ASCII, so that every database's full-text index finds the same. No I/O.

A term is a pair of neighbouring characters: Chinese has no blanks between words, and what somebody
looks for may stand anywhere. Every term is six small letters, which all tokenizers keep whole, none
takes for a stopword, and none finds too short. Two pairs may share a term; whoever searches
compares the texts themselves afterwards.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from unicodedata import normalize

LONGEST = 5000
"""Characters of a message that can be found; what comes after them cannot."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = str.maketrans("0123456789:", "abcdefghijk")
_TIME_SHIFT = 21


def plain(text: str) -> str:
    """Give a text as it is compared: without case, width, form, and kind of blank."""
    text = normalize("NFKC", normalize("NFKC", text[:LONGEST]).casefold())
    return " ".join(text.split())


def text_terms(plain_text: str) -> list[str]:
    """
    Give the different terms of a text, in the order in which they stand there.

    Args:
        plain_text: what `plain` gave. A character beyond U+FFFF, such as most emoji, is a term by
            itself, too.
    """
    pairs = map(str.__add__, plain_text, plain_text[1:])
    found = dict.fromkeys(map(_term, pairs))
    if not plain_text.isascii():
        found |= dict.fromkeys(_term(one) for one in plain_text if one > "\uffff")
    return list(found)


def conversation_term(conv: str) -> str:
    """Give the term of a conversation: it stands with every message of it."""
    return "y" + conv.translate(_DIGITS)


def person_term(user_id: int) -> str:
    """Give the term of a person: it stands with every message of theirs to one, or to them."""
    return "xx" + str(user_id).translate(_DIGITS)


def entry_terms(conv: str, text: str) -> str:
    """Give the terms of a message, as they are stored; nothing, where nobody can look for it."""
    found = text_terms(plain(text))
    if not found:
        return ""
    kind, *pair = conv.split(":")
    people = map(person_term, map(int, dict.fromkeys(pair))) if kind == "s" else ()
    return " ".join([conversation_term(conv), *people, *found])


def entry_id(create_time: int, conv: str, seq: int) -> int:
    """
    Give the id of a message's entry: its time, so that entries are in that order.

    Another message may have the same; it takes the next one.
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
