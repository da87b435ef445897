"""
The program that decodes pictures in a process of its own.

It reads jobs from its standard input and writes answers to its standard output, one JSON object a
line, until the input ends. The system ends it when a picture takes too much processor time. It
imports Pillow and nothing of the server.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import types
from contextlib import suppress
from pathlib import Path
from typing import Any

NICENESS = 10
"""The priority of the process, below that of the server (0)."""


def main() -> None:
    """Decode pictures until the input ends."""
    memory_bytes, seconds = int(sys.argv[1]), float(sys.argv[2])
    os.nice(NICENESS)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, memory_bytes)
    # `services` itself would import the framework.
    package = types.ModuleType("services")
    package.__path__ = [str(Path(__file__).resolve().parents[2])]
    sys.modules["services"] = package
    from services.file.media import pictures  # noqa: PLC0415 - after the limits, and the stub

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # so that nothing that a library prints becomes an answer
    for line in sys.stdin.buffer:
        used = resource.getrusage(resource.RUSAGE_SELF)
        # The hard limit stays: soft ones can be raised for the next picture.
        spent = used.ru_utime + used.ru_stime
        _limit(resource.RLIMIT_CPU, int(spent + seconds) + 1)
        answers.write(json.dumps(_answer(pictures, json.loads(line))).encode() + b"\n")
        answers.flush()


def _answer(pictures: Any, job: dict[str, Any]) -> dict[str, Any]:
    try:
        found = pictures.process_picture(
            Path(job["source"]),
            job["media_type"],
            Path(job["clean"]),
            Path(job["thumbnail"]),
            job["max_pixels"],
        )
    except pictures.UndecodableError as error:
        memory = isinstance(error.__cause__, MemoryError)
        return {"error": "memory" if memory else "picture"}
    except MemoryError:
        return {"error": "memory"}
    except OSError as error:
        return {"error": "disk", "text": str(error)}
    return {"width": found.width, "height": found.height, "blur": found.blur}


def _limit(kind: int, value: int) -> None:
    """Lower a limit of this process, where the system has it (macOS has no RLIMIT_AS)."""
    with suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))


if __name__ == "__main__":
    main()
