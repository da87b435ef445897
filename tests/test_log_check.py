"""The search of logs finds each kind of secret, and the texts of messages."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.log_check import leaks


@pytest.mark.parametrize(
    "line",
    [
        "verified eyJhbGciOiJIUzI1NiJ9.eyJpZCI6MX0.nvH6Zv3TGisDSVL49DPTaOz6awZTIG2yyQyn6sOyI_A",
        "refreshed j3McPh2dYwVcS0bqS1t5mXG8mVzWcBvX3m1oWqkP5uE",
        "GET /files/1?a=b&signature=abc 200",
        "login with correct horse",
        "sent Meet me at the harbour at seven",
    ],
)
def test_a_planted_secret_is_found(tmp_path: Path, line: str) -> None:
    """The report names the file and the line."""
    log(tmp_path, f"Serving\n{line}\nStopped\n")

    found, *_ = leaks(tmp_path / "logs")

    assert "server.log" in found
    assert line in found


def test_ordinary_lines_are_no_secrets(tmp_path: Path) -> None:
    """Masked secrets, ids of files and messages, and short texts may be logged."""
    lines = (
        "GET /ws?token=***&a=b 101",
        "f" * 64 + " cannot be read: /tmp/pytest-of-root/pytest-1/test_a_very_long_name_of_a_test0",
        "GET /files/01a207b0-6c1e-7f02-9d3b-6f0c2b1d4e55 200",
        "Hello",
    )
    log(tmp_path, "\n".join(lines))

    assert leaks(tmp_path / "logs") == []


def log(folder: Path, text: str) -> None:
    """Write the log of a server, in whose database two messages are."""
    (folder / "logs").mkdir()
    (folder / "logs" / "server.log").write_text(f"{folder}\n{text}")
    with closing(sqlite3.connect(folder / "yolk.sqlite3")) as connection, connection:
        connection.execute("CREATE TABLE message (data TEXT)")
        texts = [("Meet me at the harbour at seven",), ("Hello",)]
        connection.executemany("INSERT INTO message VALUES (?)", texts)
