"""The data folder: only its owner may read what is in it."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path

OTHERS = 0o077
"""The permissions of the group and of all others."""


def secure(folder: Path, logger: logging.Logger) -> None:
    """
    Create the data folder, and keep what is in it from other users of the machine.

    Files that the application creates from now on, in any process, are readable by its own user
    only. Files that are directly in the folder are made so. A folder that others may enter is
    warned about: it may be meant.

    Args:
        folder: the data folder.
        logger: for the warning.

    Raises:
        OSError: it cannot be created.
    """
    os.umask(OTHERS)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & OTHERS:
        logger.warning(
            "The data folder %s is open to other users of this machine (mode %04o); "
            "close it with chmod 700",
            folder,
            mode,
        )
    for path in folder.iterdir():
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_mode & OTHERS and found.st_uid == os.geteuid():
            path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)
