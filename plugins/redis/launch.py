"""Execute another program that ends with the process that started this one.

Run as a script: `launch.py <parent's pid> <program> <argument>...`. On Linux the kernel sends
SIGTERM when the parent's thread that started this process ends. Other systems have no such signal;
there the next start cleans up with the state file. This is a separate process because the same
system call between fork and exec of a process with threads can deadlock.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Replace this process by *command*, bound to *parent* where the system supports it."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before the call
            sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
