"""Small applications, written to a folder and loaded into this process or one of their own."""

from __future__ import annotations

import importlib
import itertools
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import httpx
from sanic import Sanic
from sanic.server.protocols.http_protocol import HttpProtocol

from yolk import Application
from yolk.testing import Server

YOLK = Path(__file__).resolve().parents[2]
"""The folder from which `yolk` is imported."""

FOLDERS = {
    "app",
    "commands",
    "config",
    "controllers",
    "extend",
    "middleware",
    "models",
    "parts",
    "plugins",
    "routes",
    "services",
}
"""The folders of an application's modules; the chat has no `parts`."""

APP = """
from pathlib import Path
from yolk import Application, Boot, StartError, serve
from hooks import Hooks

def create_app(_=None):
    return Application(Path(__file__).parent, boot=Hooks)

if __name__ == "__main__":
    serve(create_app)
"""
"""An `app.py` whose Boot is in `hooks.py`."""

HOOKS = "from yolk import Boot as Hooks\n"

CONFIG = "AUTO_EXTEND = False\n"
"""Without sanic-ext, which is slow to start and tested separately."""

_names = itertools.count()


def plugin(name: str, body: str = "") -> str:
    """
    Give the text of a plugin's module.

    Args:
        name: what it calls itself.
        body: what stands in its class.
    """
    kind = f"{name.title()}Plugin"
    return (
        "import msgspec\nfrom yolk import Plugin, StartError\n\n"
        f"class {kind}(Plugin):\n    name = {name!r}\n{indent(dedent(body), '    ')}\n"
        f"plugin = {kind}\n"
    )


def write(root: Path, files: Mapping[str, str]) -> Path:
    """Write *files*, whose paths are relative to *root*, and return *root*."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    if (root / "services").is_dir():  # else the chat's own package would be found first
        (root / "services" / "__init__.py").touch()
    return root


def process(
    root: Path, files: Mapping[str, str], command: list[str] | None = None, **env: str
) -> Server:
    """
    Give an application in processes of its own, not yet started.

    Args:
        root: an empty folder.
        files: of the application, beside or in place of a plain `app.py`.
        command: what starts it in place of `python app.py`.
        env: environment variables.
    """
    plain = {"app.py": APP, "hooks.py": HOOKS, "config/config_default.py": CONFIG}
    write(root / "app", {**plain, **files})
    search = os.pathsep.join([str(root / "app"), str(YOLK)])
    return Server(root / "app", root / "data", {"PYTHONPATH": search, **env}, command)


@contextmanager
def own_rooms() -> Iterator[None]:
    """Let an application import packages of its own, and restore the chat's afterwards."""
    path, apps, rooms = list(sys.path), dict(Sanic._app_registry), _forget_rooms()
    Sanic._app_registry.clear()
    try:
        yield
    finally:
        _forget_rooms()
        sys.modules.update(rooms)
        sys.path[:] = path
        Sanic._app_registry.clear()
        Sanic._app_registry.update(apps)


def _forget_rooms() -> dict[str, Any]:
    importlib.invalidate_caches()
    names = [name for name in sys.modules if name.partition(".")[0] in FOLDERS]
    return {name: sys.modules.pop(name) for name in names}


def load(root: Path, files: Mapping[str, str], **options: Any) -> Application:
    """Load the application of *files* into this process, inside `own_rooms`."""
    files = {"config/config_default.py": CONFIG, **files}
    return Application(write(root, files), name=f"small-{next(_names)}", **options)


@asynccontextmanager
async def serving(app: Application) -> AsyncIterator[httpx.AsyncClient]:
    """Serve *app* in this process, and yield a client."""
    app.config.ACCESS_LOG = False
    app.config.TOUCHUP = False  # it rewrites Sanic's classes, once in a process
    listener = socket.create_server(("127.0.0.1", 0))  # Sanic takes a port of 0 for 8000
    port = listener.getsockname()[1]
    server: Any = await app.create_server(
        sock=listener,
        return_asyncio_server=True,
        protocol=app.http_protocol or HttpProtocol,
    )
    await server.startup()
    await server.before_start()
    await server.start_serving()
    await server.after_start()
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False
        ) as client:
            yield client
    finally:
        await server.before_stop()
        server.close()
        await server.wait_closed()
        await server.after_stop()
