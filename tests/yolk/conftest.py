"""Small applications for one test each."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.yolk import small_apps
from yolk import Application
from yolk.testing import Server
from yolk.testing.server import SETTINGS

Load = Callable[..., Application]
Start = Callable[..., Server]
Handler = Callable[[Any], Awaitable[Any]]
Ask = Callable[..., Awaitable[httpx.Response]]

SENDING = {"json", "data", "content", "files"}


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Return what loads the application of some files into this process."""
    for variable in os.environ:
        if variable.startswith(SETTINGS):
            monkeypatch.delenv(variable)

    def load_files(files: Mapping[str, str] | None = None, **options: Any) -> Application:
        return small_apps.load(tmp_path, files or {}, **options)

    with small_apps.own_rooms():
        yield load_files


@pytest.fixture
def ask(load: Load) -> Ask:
    """Return what sends one request to one handler and gives the answer."""

    async def send(handler: Handler, path: str = "/x", **options: Any) -> httpx.Response:
        app = load()
        route = options.pop("route", path.partition("?")[0])
        method = options.pop("method", "POST" if options.keys() & SENDING else "GET")
        app.http.mount([method], route, handler)
        async with small_apps.serving(app) as client:
            return await client.request(method, path, **options)

    return send


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return what starts the application of some files in processes of its own."""
    started: list[Server] = []

    def start_files(
        files: Mapping[str, str] | None = None, command: list[str] | None = None, **env: str
    ) -> Server:
        server = small_apps.process(tmp_path / str(len(started)), files or {}, command, **env)
        started.append(server)
        return server.start(20)

    yield start_files
    for server in started:
        server.stop()
