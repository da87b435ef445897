"""Names of devices, from the User-Agent header."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_LENGTH = 60

Names = Sequence[tuple[str, str]]

# In order: many browsers also contain the names of those below them.
_PROGRAMS: Names = (
    ("MicroMessenger/", "WeChat"),
    ("DingTalk/", "DingTalk"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Electron/", "Electron"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Names = (
    ("HarmonyOS", "HarmonyOS"),
    ("OpenHarmony", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str | None) -> str:
    """
    Return a short name for a device, such as "Firefox on Linux".

    Of a program that is no browser, it is the first word: "python-httpx/0.28.1". Only printable
    ASCII is kept, as in any proper header.
    """
    text = re.sub(r"[^ -~]", "", user_agent or "")
    program, system = _find(_PROGRAMS, text), _find(_SYSTEMS, text)
    if program and system:
        return f"{program} on {system}"
    first = text.split(maxsplit=1)[:1]
    return (program or system or (first[0] if first else ""))[:MAX_LENGTH]


def _find(names: Names, text: str) -> str:
    return next((name for part, name in names if part in text), "")
