"""A copy of the application, for tests that change its configuration or its files."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (
    "commands",
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
    Copy the application into *folder*, compiled as it is, and return the copy's root.

    Args:
        folder: an existing folder.
        files: files to add or replace, path to text, such as `config/config_test.py`.
    """
    root = folder / "app"
    leave_out = shutil.ignore_patterns("*.pyc.*")  # somebody is writing those
    for name in FOLDERS:
        shutil.copytree(ROOT / name, root / name, ignore=leave_out)
    shutil.copy(ROOT / "app.py", root)
    for path, text in files.items():
        (root / path).write_text(text)
    return root
