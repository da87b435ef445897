"""`python -m yolk`, run for a chat as its operator does."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

from yolk.testing import Server
from yolk.testing.server import SETTINGS


async def run(
    server: Server, *arguments: str, stdin: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in the folder and with the variables of *server*, which may be running."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "yolk", *arguments],
        cwd=server.root,
        env={
            **kept,
            "JWT_SECRET": server.secret,
            "YOLK_DATA": str(server.data),
            **server.env,
            **env,
        },
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def answer(server: Server, *arguments: str, **options: str) -> str:
    """Return what a command prints that succeeds."""
    done = await run(server, *arguments, **options)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout
