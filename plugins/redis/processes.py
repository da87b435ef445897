"""Inspect and end processes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

STOP_SECONDS = 10.0
"""How long a server may take to write its file and end before it is killed, in seconds."""


def command_line(pid: int) -> str:
    """Return the command line of a process, or "" when there is no such process."""
    if Path("/proc/self/cmdline").exists():
        try:
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes())
        except OSError:
            return ""
    command = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def end_stranger(pid: int, mark: str) -> None:
    """
    End a process that is not a child of this one: first with SIGTERM, then with SIGKILL.

    Args:
        pid: the process.
        mark: a part of its command line, checked before every signal, because the pid may be
            reused by another process at any time.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + STOP_SECONDS
        if mark not in command_line(pid):
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        while time.monotonic() < deadline:
            if mark not in command_line(pid):
                return
            time.sleep(0.02)


def last_line(path: Path) -> str:
    """Return the last line of a log."""
    try:
        lines = path.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1].strip() if lines else "it wrote no log"
