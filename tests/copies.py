"""A chat of one's own, to be configured otherwise."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = (
    "config",
    "controllers",
    "extend",
    "middleware",
    "models",
    "plugins",
    "routes",
    "services",
    "web",
    "yolk",
)


def copy_chat(folder: Path, files: dict[str, str]) -> Path:
    """
    Copy the application into *folder*, and give its root.

    Args:
        folder: an existing folder.
        files: what to add or replace, path to text, such as `config/config_test.py`.
    """
    root = folder / "app"
    for room in ROOMS:
        shutil.copytree(ROOT / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.py", root)
    for path, text in files.items():
        (root / path).write_text(text)
    return root
