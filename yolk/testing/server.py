"""A real server process for tests, with a port and a data folder of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, TextIO

import httpx
import jwt

from yolk.testing.client import TIMEOUT_SECONDS, Socket

SETTINGS = (
    "YOLK_",
    "SANIC_",
    "S3_",
    "DATABASE_URL",
    "REDIS_URL",
    "JWT_SECRET",
    "HOST",
    "PORT",
    "WORKERS",
)
READY = "Serving on "


class StartFailed(AssertionError):
    """
    The application did not start.

    Args:
        text: the reason and the output of the application.
        status: its exit status; negative when it was killed.
    """

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class User:
    """A registered user: see `Server.user`."""

    server: Server
    id: int
    username: str
    password: str
    token: str
    refresh_token: str

    async def connect(self, path: str = "/ws", **options: Any) -> Socket:
        """Open a socket and wait until it is registered; the greeting is in `passed`."""
        found = await self.server.connect(f"{path}?token={self.token}", **options)
        found.passed.append(await found.wait_for(type="connected"))
        return found

    async def get(self, path: str, **parameters: Any) -> Any:
        """GET *path* with this user's token, and return the data of the answer."""
        return await self.server.get(path, token=self.token, **parameters)

    async def post(self, path: str, **body: Any) -> Any:
        """POST *body* with this user's token, and return the data of the answer."""
        return await self.server.post(path, token=self.token, **body)


class Server:
    """
    An application in processes of its own.

    Args:
        root: the folder that contains its `app.py`.
        data: an empty folder for the application's data.
        env: environment variables, such as `{"WORKERS": "2"}`. Variables of the test's own process
            that would configure the application are not inherited.
        command: the command that starts it; by default this Python with `app.py`.
    """

    logs: ClassVar[Path | None] = None
    """A folder in which the output of every server is kept: a file for each start, whose first line
    is the folder of the data."""

    def __init__(
        self,
        root: Path,
        data: Path,
        env: Mapping[str, str] | None = None,
        command: list[str] | None = None,
    ) -> None:
        self.root = root
        self.data = data
        self.port = free_port()
        self.secret = secrets.token_hex(32)
        self.env = dict(env or {})
        self.command = command or [sys.executable, "app.py"]
        self._output: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._printed = threading.Condition()

    @property
    def output(self) -> str:
        """The output of the application so far."""
        # Joined when it is read: adding each line to a long text would slow the application down.
        with self._printed:
            self._output[:] = ["".join(self._output)]
            return self._output[0]

    @property
    def url(self) -> str:
        """The server's URL: `http://127.0.0.1:<port>`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the main process."""
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    # --- starting and stopping

    def start(self, timeout: float = 60) -> Self:
        """
        Start the application, and wait until all workers are ready.

        Args:
            timeout: the time limit in seconds.

        Raises:
            StartFailed: the application ended, or is not ready in time.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
        env = {
            "JWT_SECRET": self.secret,
            **kept,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "YOLK_DATA": str(self.data),
            "PYTHONUNBUFFERED": "1",
            "SANIC_NO_COLOR": "true",
            **self.env,
        }
        self._output.clear()
        self._process = subprocess.Popen(
            self.command,
            cwd=self.root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Sanic may end its whole process group: that must not be the test's.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        workers = int(self.env.get("WORKERS", "1"))
        self.wait_for_output(READY, workers, timeout)
        return self

    def wait_for_output(self, text: str, times: int = 1, timeout: float = TIMEOUT_SECONDS) -> None:
        """
        Wait until the application has printed *text*.

        Args:
            text: a part of a line.
            times: the number of occurrences since the start.
            timeout: the time limit in seconds.

        Raises:
            StartFailed: the application ended, or did not print it in time.
        """
        with self._printed:
            found = self._printed.wait_for(
                lambda: self.output.count(text) >= times or not self.running, timeout
            )
        if not found or self.output.count(text) < times:
            state = "is running" if self.running else "has ended"
            status = self.kill()
            raise StartFailed(
                f"{text!r} was not printed; the server {state}:\n{self.output}", status
            )

    @property
    def running(self) -> bool:
        """Whether any process of the application is running."""
        return self._reader is not None and self._reader.is_alive()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines, self._open_log(process.pid) as log:
            log.write(f"{self.data}\n")
            for line in lines:
                log.write(line)
                with self._printed:
                    self._output.append(line)
                    self._printed.notify_all()
        with self._printed:
            self._reader = None
            self._printed.notify_all()

    def _open_log(self, pid: int) -> TextIO:
        path = self.logs / f"{self.port}-{pid}.log" if self.logs else Path(os.devnull)
        return path.open("w", encoding="utf-8")

    def stop(
        self, timeout: float = 30, by: signal.Signals = signal.SIGTERM, *, to_all: bool = False
    ) -> int:
        """
        Stop the application with a signal, and return its exit status.

        Args:
            timeout: seconds after which it is killed.
            by: the signal; SIGINT is Ctrl-C.
            to_all: whether all processes receive it, as from a terminal, or the main process only.

        Raises:
            AssertionError: the application did not stop in time, or left a process behind.
        """
        process = self._process
        if process is None:
            return 0
        if to_all:
            os.killpg(process.pid, by)
        else:
            process.send_signal(by)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop in time:\n{self.output}") from None
        if not self._wait_for_end():
            raise AssertionError(f"the server left a process behind:\n{self.output}")
        return status

    def kill(self) -> int:
        """Kill all processes at once (SIGKILL), as a power failure does; return the exit status."""
        process = self._process
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
        self._wait_for_end()
        return status

    def _wait_for_end(self) -> bool:
        """Wait until the output is closed, which is when all processes have ended."""
        reader, self._process = self._reader, None
        if reader is not None:
            reader.join(TIMEOUT_SECONDS)
        return not self.running

    # --- requests

    async def ask(
        self, method: str, path: str, *, token: str | None = None, **options: Any
    ) -> httpx.Response:
        """
        Send an HTTP request.

        Args:
            method: the HTTP method, such as "GET".
            path: the path, query included.
            token: the value of the header `token`.
            options: options of `httpx.AsyncClient.request`.
        """
        headers = {**({"token": token} if token else {}), **options.pop("headers", {})}
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30) as client:
            return await client.request(method, path, headers=headers, **options)

    async def get(self, path: str, *, token: str | None = None, **parameters: Any) -> Any:
        """GET *path*, and return the `data` of the answer, which must be `ok`."""
        return _data(await self.ask("GET", path, token=token, params=parameters))

    async def post(self, path: str, *, token: str | None = None, **body: Any) -> Any:
        """POST *body* as JSON, and return the `data` of the answer, which must be `ok`."""
        return _data(await self.ask("POST", path, token=token, json=body))

    async def connect(self, path: str = "/ws", **options: Any) -> Socket:
        """Open a WebSocket at *path*, query included."""
        return await Socket.open(f"ws://127.0.0.1:{self.port}{path}", **options)

    def token(self, **claims: Any) -> str:
        """Return a token signed as by the application (HS256); the claims may include `exp`."""
        now = int(time.time())
        return jwt.encode({"iat": now, "exp": now + 3600, **claims}, self.secret, "HS256")

    async def user(self, name: str = "user", password: str = "correct horse") -> User:
        """
        Register a new user at `/auth/register`.

        Args:
            name: the beginning of the username; a random suffix makes it unique.
            password: the password.
        """
        username = f"{name}-{secrets.token_hex(4)}"
        made = await self.post("/auth/register", username=username, password=password)
        return User(self, made["id"], username, password, made["token"], made["refresh_token"])

    async def __aenter__(self) -> Self:
        return self.start() if self._process is None else self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def free_port() -> int:
    """Return a free TCP port on 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _data(response: httpx.Response) -> Any:
    answer = response.json()
    if answer.get("msg") != "ok":
        raise AssertionError(f"{response.request.url.path}: {response.status_code} {answer}")
    return answer["data"]
