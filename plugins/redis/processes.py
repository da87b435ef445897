"""Looking at processes, and ending them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

STOP_TIMEOUT = 10.0
"""Seconds that a server has to write its file and end, before it is killed."""


def command_line(pid: int) -> str:
    """Give the command line of a process, or nothing when there is no such process."""
    if Path("/proc/self/cmdline").exists():
        try:
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes())
        except OSError:
            return ""
    command = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def end_stranger(pid: int, mark: str) -> None:
    """
    End a process that is not our child, first gently.

    Args:
        pid: the process.
        mark: part of its command line, looked at before every signal: a pid may be given to
            another process at any time.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + STOP_TIMEOUT
        if mark not in command_line(pid):
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        while time.monotonic() < deadline:
            if mark not in command_line(pid):
                return
            time.sleep(0.02)


def last_line(path: Path) -> str:
    """Give the last line of a log, to say why."""
    try:
        lines = path.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1].strip() if lines else "it wrote no log"
