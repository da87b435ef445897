"""The Chromium of this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

NAMES = (
    # The same engine without windows: tests take half the time in it.
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
CACHES = (
    Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "~/.cache/ms-playwright")),
    Path("~/Library/Caches/ms-playwright"),
)
PROGRAMS = (
    "chromium_headless_shell-*/*/*headless?shell",
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
)


def find_browser() -> str | None:
    """Return the path of a Chromium: playwright's own, or the system's."""
    for cache in CACHES:
        for pattern in PROGRAMS:
            for program in sorted(cache.expanduser().glob(pattern)):
                return str(program)
    for name in NAMES:
        if found := shutil.which(name):
            return found
    return None
