"""Starting and stopping an application."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator

import pytest

from tests.yolk.conftest import Start
from tests.yolk.small_apps import process
from yolk.testing import Server, StartFailed, free_port

FILES = {
    "routes/__init__.py": """
    import os

    async def hello(ctx):
        ctx.body = {"pid": os.getpid(), "parent": os.getppid(), "env": ctx.app.env}

    def mount(app):
        app.http.get("/hello", hello)
    """
}
EXTENDED = {**FILES, "config/config_default.py": "CORS_ORIGINS = 'https://chat.example'\n"}
"""The same with sanic-ext."""

SANIC = [sys.executable, "-m", "sanic", "app:create_app", "--factory"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a small application that runs in one worker."""
    running = process(tmp_path_factory.mktemp("small"), EXTENDED).start()
    yield running
    running.stop()


async def test_python_app_py_serves(server: Server) -> None:
    """`python app.py` starts a main process with a worker, which answers."""
    answer = (await server.ask("GET", "/hello")).json()

    assert answer["parent"] == server.pid
    assert answer["env"] == "local"


async def test_the_sanic_command_serves(start: Start) -> None:
    """`sanic app:create_app --factory` serves at the configured port, in its environment."""
    server = start(FILES, SANIC, YOLK_ENV="test")
    answer = (await server.ask("GET", "/hello")).json()

    assert answer["env"] == "test"
    assert server.stop() == 0


async def test_several_workers_serve_one_port(start: Start) -> None:
    """With WORKERS=2 there are two workers under one main process, and all end together."""
    server = start(FILES, WORKERS="2")
    pids: set[int] = set()
    tries = 0
    while len(pids) < 2 and tries < 500:
        tries += 1
        answer = (await server.ask("GET", "/hello")).json()
        assert answer["parent"] == server.pid
        pids.add(answer["pid"])

    assert len(pids) == 2
    assert server.stop() == 0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("command", [None, SANIC], ids=["python", "sanic"])
async def test_a_signal_ends_it(
    start: Start, by: signal.Signals, command: list[str] | None
) -> None:
    """SIGTERM and Ctrl-C end all processes in order, with status 0 and no traceback."""
    server = start(FILES, command)
    worker = (await server.ask("GET", "/hello")).json()["pid"]

    assert server.stop(by=by) == 0
    assert "Worker complete" in server.output
    assert "Traceback" not in server.output
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_ctrl_c_at_a_terminal_ends_it(start: Start) -> None:
    """SIGINT to every process of the group, as from a terminal, causes no tracebacks."""
    server = start(FILES, WORKERS="2")

    assert server.stop(by=signal.SIGINT, to_all=True) == 0
    assert "Traceback" not in server.output


@pytest.mark.parametrize("command", [None, SANIC], ids=["python", "sanic"])
def test_a_port_in_use_stops_the_start(
    server: Server, start: Start, command: list[str] | None
) -> None:
    """One sentence names the port and the remedy, and the status is 1."""
    with pytest.raises(StartFailed) as failure:
        start(FILES, command, PORT=str(server.port))

    said = str(failure.value).partition(":\n")[2]
    assert said == (
        f"yolk: Cannot listen on 127.0.0.1:{server.port} (Address already in use); stop the "
        f"other program or choose another port, such as PORT={server.port + 1}.\n"
    )
    assert failure.value.status == 1


async def test_it_may_start_again_at_once(start: Start) -> None:
    """A port with a connection that was just closed is free for the next start."""
    port = str(free_port())
    first = start(FILES, PORT=port)
    with socket.create_connection(("127.0.0.1", int(port))) as open_connection:
        open_connection.sendall(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        assert open_connection.recv(100)
        # The server's side closes first, and its port is left in TIME_WAIT.
        first.stop()

    again = start(FILES, PORT=port)
    assert again.stop() == 0, again.output


@pytest.mark.parametrize("command", [None, SANIC], ids=["python", "sanic"])
def test_a_fault_is_one_sentence_and_nothing_else(start: Start, command: list[str] | None) -> None:
    """A wrong plugin table prints one line, without a traceback, and the status is 1."""
    with pytest.raises(StartFailed) as failure:
        start({"config/plugin.py": "mail = {'path': 'parts/mail'}"}, command)

    assert str(failure.value).partition(":\n")[2] == (
        "yolk: config/plugin.py: the plugin mail names the path parts/mail, "
        "but there is no parts/mail/__init__.py; correct the path.\n"
    )
    assert failure.value.status == 1


# --- sanic-ext


async def test_sanic_ext_is_alive(server: Server) -> None:
    """CORS works; without pydantic all of sanic-ext would be missing."""
    asking = {"Origin": "https://chat.example", "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = await server.ask(method, "/hello", headers=asking)
        assert answer.headers["access-control-allow-origin"] == "https://chat.example"


async def test_every_address_answers_head_and_options(server: Server) -> None:
    """Every GET route answers HEAD, and every path answers OPTIONS with its methods."""
    assert (await server.ask("HEAD", "/hello")).status_code == 200
    assert "GET" in (await server.ask("OPTIONS", "/hello")).headers["allow"]


def test_one_address_may_be_of_two_hosts(start: Start) -> None:
    """Sanic routes that differ only in the host do not stop the start."""
    routes = """
    from sanic import text

    async def one(request):
        return text("one")

    def mount(app):
        app.add_route(one, "/", host="a.example", name="one")
        app.add_route(one, "/", host="b.example", name="two")
    """
    assert start({**EXTENDED, "routes/__init__.py": routes}).stop() == 0


async def test_what_is_mounted_is_documented(server: Server) -> None:
    """/docs/openapi.json describes the routes of `app.http`, and /docs shows it."""
    described = (await server.ask("GET", "/docs/openapi.json")).json()

    assert "/hello" in described["paths"]
    assert "docs/openapi.json" in (await server.ask("GET", "/docs")).text


async def test_the_documentation_can_be_switched_off(start: Start) -> None:
    """`OAS = False` in config_prod.py takes /docs away in prod."""
    server = start({**EXTENDED, "config/config_prod.py": "OAS = False"}, YOLK_ENV="prod")

    assert (await server.ask("GET", "/hello")).json()["env"] == "prod"
    assert (await server.ask("GET", "/docs")).status_code == 404
