"""The search for secrets and texts of messages in what servers and workers have logged."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

PASSWORDS = ("correct horse",)
"""With which tests register users."""
SHAPES = {
    "a token": r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]{5,}",
    "a ticket, or a token without claims": (
        r"(?<![\w-])(?=[a-z0-9_-]*[A-Z])(?=[A-Z0-9_-]*[a-z])(?=[A-Za-z_-]*[0-9])[\w-]{22,}"
    ),
    "a secret in an address": (
        r"[?&](?:token|ticket|refresh_token|password|signature)=(?!\*\*\*)[^&\s]"
    ),
    "a password": "|".join(map(re.escape, PASSWORDS)),
}
_SECRETS = {kind: re.compile(shape, re.ASCII) for kind, shape in SHAPES.items()}
MIN_TEXT_LENGTH = 12
"""Characters of a text that is looked for; shorter ones are words of the log, too."""
MAX_TEXTS = 2000
"""Texts of one server that are looked for."""


def secrets_in(log: str) -> Iterator[str]:
    """Yield what a log must not contain: the kind, and its line."""
    for kind, shape in _SECRETS.items():
        for found in shape.finditer(log):
            yield f"{kind} ({found[0]}): {_line(log, found.start())}"


def texts_in(log: str, data: Path) -> Iterator[str]:
    """Yield the texts of messages in the SQLite database of *data* that are in a log."""
    for text in _texts(data / "yolk.sqlite3"):
        if (at := log.find(text)) >= 0:
            yield f"the text of a message ({text}): {_line(log, at)}"


def leaks(logs: Path) -> list[str]:
    """Return the secrets and texts in the logs of a folder: see `yolk.testing.Server.logs`."""
    found: list[str] = []
    for path in sorted(logs.iterdir()):
        data, _, log = path.read_text(encoding="utf-8").partition("\n")
        found += (f"{path}: {one}" for one in (*secrets_in(log), *texts_in(log, Path(data))))
    return found


def _line(log: str, at: int) -> str:
    return log[log.rfind("\n", 0, at) + 1 :].partition("\n")[0]


def _texts(database: Path) -> list[str]:
    if not database.is_file():
        return []
    query = "SELECT DISTINCT substr(data, 1, 200) FROM message WHERE length(data) >= ? LIMIT ?"
    with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as connection:
        connection.text_factory = lambda data: data.decode(errors="replace")
        return [text for (text,) in connection.execute(query, (MIN_TEXT_LENGTH, MAX_TEXTS))]
    return []
