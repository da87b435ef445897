"""The language that a client asks for."""

from __future__ import annotations

from collections.abc import Collection

MAX_RANGES = 16
"""Items of `Accept-Language` that are looked at."""


def choose_language(accepted: str | None, offered: Collection[str], default: str) -> str:
    """
    Return the language of *offered* that a client prefers (RFC 9110, section 12.5.4).

    Args:
        accepted: the value of `Accept-Language`, such as "zh-CN,zh;q=0.9,en;q=0.8"; None if there
            is none.
        offered: languages without a region, such as "en".
        default: is returned if the client accepts none of them, or does not say.
    """
    best, most = default, 0.0
    for item in (accepted or "").split(",", MAX_RANGES)[:MAX_RANGES]:
        tag, _, weight = item.partition(";")
        language = tag.strip().lower().partition("-")[0]
        quality = _quality(weight)
        if language in offered and quality > most:
            best, most = language, quality
    return best


def _quality(weight: str) -> float:
    name, _, value = weight.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
