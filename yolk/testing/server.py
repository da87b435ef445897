"""The real application in processes of its own, with a port and a data folder of its own."""

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
from typing import Any, Self

import httpx
import jwt

from yolk.testing.client import PATIENCE, Socket

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
    The application did not start; the text is what it printed.

    Args:
        text: that.
        status: its exit status; negative when it had to be killed.
    """

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class User:
    """Somebody with an account, as `Server.user` made it."""

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
        """Ask over HTTP with this user's token, and give the data of the answer."""
        return await self.server.get(path, token=self.token, **parameters)

    async def post(self, path: str, **body: Any) -> Any:
        """Ask over HTTP with this user's token, and give the data of the answer."""
        return await self.server.post(path, token=self.token, **body)


class Server:
    """
    One running application.

    Args:
        root: the folder with its `app.py`.
        data: an empty folder for what running makes.
        env: environment variables, such as `{"WORKERS": "2"}`. Those of the test's own process
            that would change the application are left out.
        command: what starts it; by default this Python with `app.py`.
    """

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
        self.output = ""
        """What it has printed so far."""
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._printed = threading.Condition()

    @property
    def url(self) -> str:
        """Where it serves: `http://127.0.0.1:<port>`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its main process."""
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    # --- starting and stopping

    def start(self, timeout: float = 60) -> Self:
        """
        Start it, and return when all workers are ready.

        Args:
            timeout: seconds.

        Raises:
            StartFailed: it ended, or is not ready in time.
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
        self.output = ""
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

    def wait_for_output(self, text: str, times: int = 1, timeout: float = PATIENCE) -> None:
        """
        Wait until it has printed *text*.

        Args:
            text: part of a line.
            times: how often, since the start.
            timeout: seconds.

        Raises:
            StartFailed: it ended, or did not print it in time.
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
        """Whether any of its processes is there."""
        return self._reader is not None and self._reader.is_alive()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                with self._printed:
                    self.output += line
                    self._printed.notify_all()
        with self._printed:
            self._reader = None
            self._printed.notify_all()

    def stop(
        self, timeout: float = 30, by: signal.Signals = signal.SIGTERM, *, to_all: bool = False
    ) -> int:
        """
        Stop it as an administrator does, and give its exit status.

        Args:
            timeout: seconds, after which it is killed.
            by: SIGINT is what Ctrl-C at a terminal sends.
            to_all: send it to all processes, as a terminal does, not only to the main one.

        Raises:
            AssertionError: it did not stop in time, or left a process behind.
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
        if not self._let_go():
            raise AssertionError(f"the server left a process behind:\n{self.output}")
        return status

    def kill(self) -> int:
        """Kill all of its processes at once (SIGKILL), as a power cut does; give its status."""
        process = self._process
        if process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
        self._let_go()
        return status

    def _let_go(self) -> bool:
        """Wait until nobody holds its output any more: then all of its processes are gone."""
        reader, self._process = self._reader, None
        if reader is not None:
            reader.join(PATIENCE)
        return not self.running

    # --- asking

    async def ask(
        self, method: str, path: str, *, token: str | None = None, **options: Any
    ) -> httpx.Response:
        """
        Send one HTTP request.

        Args:
            method: such as "GET".
            path: from the root on.
            token: goes into the header `token`.
            options: of `httpx.AsyncClient.request`.
        """
        headers = {**({"token": token} if token else {}), **options.pop("headers", {})}
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30) as client:
            return await client.request(method, path, headers=headers, **options)

    async def get(self, path: str, *, token: str | None = None, **parameters: Any) -> Any:
        """GET *path*, and give the `data` of the answer, which must be `ok`."""
        return _data(await self.ask("GET", path, token=token, params=parameters))

    async def post(self, path: str, *, token: str | None = None, **body: Any) -> Any:
        """POST *body* as JSON to *path*, and give the `data` of the answer, which must be `ok`."""
        return _data(await self.ask("POST", path, token=token, json=body))

    async def connect(self, path: str = "/ws", **options: Any) -> Socket:
        """Open a socket at *path*, query included."""
        return await Socket.open(f"ws://127.0.0.1:{self.port}{path}", **options)

    def token(self, **claims: Any) -> str:
        """Sign a token as the application does (HS256); `exp` may be among the claims."""
        now = int(time.time())
        return jwt.encode({"iat": now, "exp": now + 3600, **claims}, self.secret, "HS256")

    async def user(self, name: str = "user", password: str = "correct horse") -> User:
        """
        Register somebody at `/auth/register`.

        Args:
            name: the beginning of the username; the rest makes it unique.
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
    """Give a TCP port on 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _data(response: httpx.Response) -> Any:
    answer = response.json()
    if answer.get("msg") != "ok":
        raise AssertionError(f"{response.request.url.path}: {response.status_code} {answer}")
    return answer["data"]
