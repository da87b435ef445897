"""
One normalisation of usernames, display names and passwords, on every database.

It follows PRECIS, by the library `precis_i18n`:

- A username is stored as it was typed, in the profile UsernameCasePreserved (RFC 8265): composed
  (NFC), full-width forms narrowed; letters, digits and printable ASCII only. It is unique and found
  by its key, in the profile UsernameCaseMapped: "Ada", "ada" and full-width "Ａｄａ" are one name.
- A display name (a nickname, or the name of a group) follows the profile Nickname (RFC 8266) with
  its case preserved: any letters and symbols, single spaces. Display names are not unique.
- A password follows the profile OpaqueString (RFC 8265): composed, and every space is U+0020, so
  that it does not depend on the keyboard.

All of them refuse control characters, invisible characters and those that change the direction of
text. Beyond PRECIS:

- A username has letters of one script only, because letters of two scripts look alike: "аda" with
  a Cyrillic "а" is refused. Han may be used with the scripts of Chinese, Japanese and Korean, and
  these with Latin, as Unicode recommends (UTS 39, "highly restrictive"). A whole name in Cyrillic
  is allowed, even if it looks like a Latin one: otherwise its speakers could not use short names.
- Display names may contain emoji. PRECIS would refuse the joiners and variation selectors inside
  them, so these are accepted where they follow a symbol, and nowhere else.
- At most `MAX_MARKS` combining marks in a row, which are enough for every language; none at the
  beginning, and no dot above a letter that has one, which nobody sees.
"""

from __future__ import annotations

import re
import unicodedata

from confusable_homoglyphs import categories
from precis_i18n import get_profile

from services.errors import NameNotAllowed, PasswordNotAllowed

USERNAME_LENGTH = (2, 30)
"""Characters of a username, at least and at most, before and after it is normalised."""
MAX_KEY_LENGTH = 120
MAX_NICKNAME_LENGTH = 30
MAX_MARKS = 4

_PRESERVED = get_profile("UsernameCasePreserved")
_MAPPED = get_profile("UsernameCaseMapped")
_DISPLAYED = get_profile("NicknameCasePreserved")
_OPAQUE = get_profile("OpaqueString")

_NO_SCRIPT = frozenset({"COMMON", "INHERITED"})
_WRITTEN_TOGETHER = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
)
_JOINER, _EMOJI_STYLE, _KEYCAP = "\u200d", "\ufe0f", "\u20e3"
_BLANKS = frozenset("\u2800\u3164\uffa0\u115f\u1160\u17b4\u17b5\U0001d159")
"""Characters that show nothing although Unicode calls them letters or symbols."""
_MARKS = ("Mn", "Mc", "Me")
_INVISIBLE_DOT = re.compile("[ijịɨɉϳіј]\u0307")
"""A dot above a letter that has one."""


def normalize_username(text: str) -> str:
    """
    Return a username as it is stored and shown.

    Raises:
        NameNotAllowed: it has characters that no username may have, or letters of two scripts that
            are not written together, or its length is not allowed.
    """
    name = _enforce(_PRESERVED, text)
    least, most = USERNAME_LENGTH
    if not least <= len(name) <= most or _has_blank(name) or _has_misleading_marks(name):
        raise NameNotAllowed
    scripts = categories.unique_aliases(name) - _NO_SCRIPT
    if len(scripts) > 1 and not any(scripts <= together for together in _WRITTEN_TOGETHER):
        raise NameNotAllowed
    if username_key(name) is None:
        raise NameNotAllowed
    return name


def username_key(text: str) -> str | None:
    """
    Return what two usernames have in common if they count as one, or None for no username.

    It accepts more than `normalize_username`, for the usernames of existing tables.
    """
    try:
        key = str(_MAPPED.enforce(text))
    except UnicodeEncodeError:
        return None
    return key if len(key) <= MAX_KEY_LENGTH else None


def normalize_display_name(text: str, max_length: int = MAX_NICKNAME_LENGTH) -> str:
    """
    Return a nickname or the name of a group as it is stored and shown.

    Args:
        text: as it was typed; empty or only spaces for none.
        max_length: the largest number of characters after it is normalised.

    Raises:
        NameNotAllowed: it has invisible, control or direction characters, or is too long.
    """
    # The mapping of the profile, but with what is inside emoji. Twice, as RFC 8266 asks for: the
    # normalisation may make new spaces.
    name = _single_spaces(unicodedata.normalize("NFKC", _single_spaces(text)))
    if not name:
        return ""
    plain = _without_joiners(name)
    _enforce(_DISPLAYED, plain)
    if len(name) > max_length or _has_blank(plain) or _has_misleading_marks(plain):
        raise NameNotAllowed
    return name


def normalize_password(text: str) -> str:
    """
    Return a password as it is hashed.

    Raises:
        PasswordNotAllowed: it is empty, or has control or invisible characters.
    """
    try:
        return str(_OPAQUE.enforce(text))
    except UnicodeEncodeError:
        raise PasswordNotAllowed from None


def _enforce(profile: object, text: str) -> str:
    try:
        return str(profile.enforce(text))  # type: ignore[attr-defined]
    except UnicodeEncodeError:
        raise NameNotAllowed from None


def _single_spaces(text: str) -> str:
    spaced = "".join(" " if unicodedata.category(one) == "Zs" else one for one in text)
    return re.sub(" +", " ", spaced).strip(" ")


def _without_joiners(name: str) -> str:
    """Remove joiners and variation selectors that are inside emoji, and no others."""
    kept: list[str] = []
    for place, character in enumerate(name):
        before, after = name[:place][-1:], name[place + 1 :][:1]
        if character == _EMOJI_STYLE and (_is_symbol(before) or after == _KEYCAP):
            continue
        if character == _JOINER and _is_symbol(before, _EMOJI_STYLE) and _is_symbol(after):
            continue
        kept.append(character)
    return "".join(kept)


def _is_symbol(character: str, *others: str) -> bool:
    """Return whether an emoji may begin with *character*, or it is one of the *others*."""
    if not character or character in others:
        return bool(character)
    in_category = unicodedata.category(character) in ("So", "Sk", "Sm", "Po")
    return in_category and (character > "\u2000" or character in "©®")


def _has_blank(name: str) -> bool:
    return not _BLANKS.isdisjoint(name)


def _has_misleading_marks(name: str) -> bool:
    """Return whether marks pile up, cannot be seen, or combine with what is before the name."""
    marks = 0
    if unicodedata.category(name[:1] or " ") in _MARKS or _INVISIBLE_DOT.search(name):
        return True
    for character in unicodedata.normalize("NFD", name):
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks > MAX_MARKS:
            return True
    return False
