"""Become another program, which ends when the process that started us does.

Run as a script: `launch.py <parent's pid> <program> <argument>...`. On Linux the kernel sends
SIGTERM when the parent's thread that started us ends; elsewhere nothing does, and whoever starts
next cleans up by the state file. It is a process of its own because the same call made between
fork and exec of a process with threads can deadlock.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Replace this process by *command*, tied to *parent* where the system can do that."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before we asked to be told
            sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
