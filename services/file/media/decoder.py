"""
The processes that decode pictures: one picture at a time each, and killed when it takes too long.

A decoder in native code can be stopped in no other way. The processes are plain subprocesses and
not those of `multiprocessing` or `pebble`, which would import the whole server in each of them and
need a thread to watch them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import msgspec

from services.errors import BadPicture, Busy, PictureTooComplex, StorageUnavailable
from services.file.media import decoder_process

IDLE_SECONDS = 60.0
"""How long a process waits for the next picture before it ends, and its memory is free."""
WALL_FACTOR = 6
"""A picture may take this many times its processor time: the processes have a low priority."""
MIN_WALL_SECONDS = 30.0
"""The least time that a picture may take on a busy machine."""
MAX_ANSWER_BYTES = 64 * 1024
"""The length of the longest answer of a process."""


class Job(msgspec.Struct, frozen=True):
    """A picture to decode; the paths are described at `process_picture`."""

    source: str
    media_type: str
    clean: str
    thumbnail: str
    max_pixels: int


class DecodedPicture(msgspec.Struct, frozen=True):
    """The properties of a decoded picture, or the reason why there is none."""

    width: int = 0
    height: int = 0
    blur: str | None = None
    """A tiny preview as a `data:` URL."""
    error: str = ""
    """"" or "picture" (malformed or too large), "memory" or "disk"."""
    text: str = ""
    """The error, for the log."""


class PictureDecoder:
    """
    A pool of processes that decode pictures, started when there is a picture.

    Each user has one picture decoded at a time, so that one user does not keep others waiting as
    long as there is more than one process.

    Args:
        processes: the largest number of processes.
        seconds: how much processor time a picture may take.
        memory_bytes: how much memory a process may use (address space).
        logger: for pictures that took too much.
    """

    def __init__(
        self, processes: int, seconds: float, memory_bytes: int, logger: logging.Logger
    ) -> None:
        self._seconds = seconds
        self._memory_bytes = memory_bytes
        self._logger = logger
        self._slots = asyncio.Semaphore(processes)
        self._users: dict[int, deque[asyncio.Future[None]]] = {}
        """User id to the pictures that wait while another one of the user is being decoded."""
        self._idle: list[_Process] = []
        self._all: set[_Process] = set()
        self._closed = False

    async def decode(self, user_id: int, job: Job) -> DecodedPicture:
        """
        Decode a picture: see `process_picture`.

        Args:
            user_id: the user whose picture it is.
            job: the picture.

        Raises:
            BadPicture: the picture cannot be decoded, or has too many pixels.
            PictureTooComplex: it takes too much time or memory.
            Busy: it did not get enough processor time.
            StorageUnavailable: the disk is full or unavailable, or this worker is stopping.
        """
        async with self._one_of_user(user_id), self._slots:
            if self._closed:
                raise StorageUnavailable
            try:
                process = self._idle.pop() if self._idle else await self._start()
            except OSError as error:
                self._logger.error("no process can be started for a picture: %s", error)
                raise StorageUnavailable from error
            process.keep()
            try:
                async with asyncio.timeout(max(MIN_WALL_SECONDS, self._seconds * WALL_FACTOR)):
                    answer = await process.ask(job)
            except TimeoutError:
                self._logger.warning("a %s took too long and was ended", job.media_type)
                raise Busy from None
            except EOFError:
                code = await process.wait()
                if self._closed:
                    raise StorageUnavailable from None
                self._logger.warning(
                    "a %s took too much time or memory and was ended (%s)", job.media_type, code
                )
                raise PictureTooComplex from None
            finally:
                self._put_back(process)
        if answer.error == "disk":
            self._logger.error("a picture could not be written: %s", answer.text)
            raise StorageUnavailable
        if answer.error == "memory":
            raise PictureTooComplex
        if answer.error:
            raise BadPicture
        return answer

    async def close(self) -> None:
        """Kill all processes, also those that are decoding."""
        self._closed = True
        processes = list(self._all)
        for process in processes:
            process.kill()
        for process in processes:
            await process.wait()

    async def _start(self) -> _Process:
        # Isolated (-I), and without the server's environment, which may contain secrets.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            decoder_process.__file__,
            str(self._memory_bytes),
            str(self._seconds),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=MAX_ANSWER_BYTES,
            env={"PATH": os.defpath, "MALLOC_ARENA_MAX": "1"},
            start_new_session=True,  # Ctrl+C is for the server, which ends them
        )
        started = _Process(process)
        self._all.add(started)
        if self._closed:
            started.kill()
        return started

    def _put_back(self, process: _Process) -> None:
        """Keep a process for the next picture, or kill it if it is still at work or dead."""
        if process.ready and not self._closed:
            self._idle.append(process)
            process.end_later(self._end)
        else:
            self._all.discard(process)
            process.kill()

    def _end(self, process: _Process) -> None:
        with suppress(ValueError):
            self._idle.remove(process)
        self._all.discard(process)
        process.kill()

    @asynccontextmanager
    async def _one_of_user(self, user_id: int) -> AsyncIterator[None]:
        """Wait until no other picture of this user is in work."""
        if user_id in self._users:
            turn = asyncio.get_running_loop().create_future()
            self._users[user_id].append(turn)
            try:
                await turn
            except BaseException:
                if turn.done() and not turn.cancelled():
                    self._next_of_user(user_id)
                raise
        else:
            self._users[user_id] = deque()
        try:
            yield
        finally:
            self._next_of_user(user_id)

    def _next_of_user(self, user_id: int) -> None:
        waiting = self._users[user_id]
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._users[user_id]


class _Process:
    """A process that decodes one picture after the other."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._timer: asyncio.TimerHandle | None = None
        self.ready = True
        """Whether it waits for a picture."""

    async def ask(self, job: Job) -> DecodedPicture:
        """
        Decode a picture.

        Raises:
            EOFError: the process died.
        """
        self.ready = False
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101 - it is a pipe
        assert stdout is not None  # noqa: S101 - it is a pipe
        try:
            stdin.write(msgspec.json.encode(job) + b"\n")
            await stdin.drain()
            answer = await stdout.readuntil(b"\n")
        except ConnectionError as error:
            raise EOFError from error
        found = msgspec.json.decode(answer, type=DecodedPicture)
        self.ready = True
        return found

    def keep(self) -> None:
        """Do not end it: there is work."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end_later(self, end: Callable[[_Process], None]) -> None:
        """Call *end* after a while without work."""
        self._timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, end, self)

    def kill(self) -> None:
        """Kill it at once."""
        self.keep()
        with suppress(ProcessLookupError):
            self._process.kill()

    async def wait(self) -> str:
        """Wait until it is dead; return the signal that ended it, or its exit code."""
        code = await self._process.wait()
        return signal.Signals(-code).name if code < 0 else str(code)
