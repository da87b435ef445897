"""Where this machine has a Chromium."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CACHES = (
    Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "~/.cache/ms-playwright")),
    Path("~/Library/Caches/ms-playwright"),
)
PROGRAMS = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")


def find_browser() -> str | None:
    """Give the path of a Chromium: the system's, or playwright's own."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    for cache in CACHES:
        for pattern in PROGRAMS:
            for program in sorted(cache.expanduser().glob(pattern)):
                return str(program)
    return None
