"""The filename in the Content-Disposition of a part of a form (RFC 7578, RFC 8187, RFC 2047)."""

from __future__ import annotations

import re
from email.errors import MessageError
from email.header import decode_header
from email.message import Message

from services.errors import NameRefused

CHARSETS = frozenset(
    (
        *("utf-8", "us-ascii", "iso-8859-1", "windows-1252", "gb2312", "gbk", "gb18030", "big5"),
        *("shift_jis", "euc-jp", "euc-kr"),
    )
)
"""Character sets of encoded names. Python knows more, and some of them are slow to decode."""

_ENCODED_WORDS = re.compile(r"\s*(=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=\s*)+")


def parse_filename(disposition: bytes) -> str | None:
    """
    Return the base name of the file, or None if the part has no filename.

    `filename*` has precedence over `filename`; RFC 7578 forbids it, but clients send it.

    Args:
        disposition: the value of the header.

    Raises:
        NameRefused: the name is not text in a known character set.
    """
    message = Message()
    message["content-disposition"] = (
        disposition.decode("latin-1").replace("\r", "").replace("\n", "")
    )
    # Of `filename*`, the value is a tuple of character set, language and text.
    values: list[str | tuple[str | None, str | None, str]] = [
        value
        for name, value in message.get_params(header="content-disposition", failobj=[])
        if name.lower() == "filename"
    ]
    if not values:
        return None
    chosen = next((value for value in values if isinstance(value, tuple)), values[0])
    try:
        if isinstance(chosen, tuple):
            charset, _, text = chosen
            name = _decode(text.encode("latin-1"), charset or "utf-8")
        else:
            # Browsers escape quotation marks like this (HTML, section 4.10.21.8).
            plain = chosen.encode("latin-1").decode()
            name = _decode_words(plain).replace("%22", '"')
    except ValueError:
        raise NameRefused from None
    # Some clients send the path on their device.
    return re.split(r"[/\\]", name)[-1]


def _decode_words(name: str) -> str:
    """Decode the encoded words that a name consists of (RFC 2047); other names stay as they are."""
    if not _ENCODED_WORDS.fullmatch(name):
        return name
    try:
        return "".join(
            _decode(word, charset or "us-ascii") if isinstance(word, bytes) else word
            for word, charset in decode_header(name)
        )
    except (MessageError, ValueError):
        return name


def _decode(value: bytes, charset: str) -> str:
    if charset.lower() not in CHARSETS:
        raise ValueError(f"unknown character set: {charset}")
    return value.decode(charset)
