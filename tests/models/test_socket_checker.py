"""The rotation over open sockets, against a database and sockets that only note what happens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from models import User
from services.account.socket_checker import SocketChecker
from services.errors import Disconnected, UserDisabled
from tests.databases import Databases, Host, open_orm


@pytest.fixture
def url(sqlite: Databases) -> str:
    """Return the URL of a database."""
    return sqlite.migrated()


@pytest.fixture
async def host(tmp_path: Path, url: str) -> AsyncIterator[Host]:
    """Yield a database with two users, one of them disabled."""
    async with open_orm(tmp_path, url) as host:
        await User.create(username="ada", password="")
        await User.create(username="bob", password="", status=0)
        yield host


def context(user_id: int | None, **fields: Any) -> Any:
    """Return the context of a socket that notes why it was closed."""
    made = SimpleNamespace(websocket=SimpleNamespace(open=True, user_id=user_id), closed=[])
    made.disconnect = made.closed.append
    vars(made).update(fields)
    return made


async def reasons(host: Host, *contexts: Any) -> list[list[type[Disconnected]]]:
    """Check sockets once, and return why each was closed."""
    checker = SocketChecker(contexts, host.orm, logging.getLogger("tests"))
    checker.start()
    await asyncio.sleep(1)
    await checker.close()
    return [[type(error) for error in one.closed] for one in contexts]


async def test_only_sockets_of_disabled_users_are_closed(host: Host) -> None:
    """Those that are not registered yet, or have no token at all, are left alone."""
    found = await reasons(
        host,
        context(1, claims={"id": 1}),
        context(2, claims={"id": 2}),
        context(None, claims={"id": 2}),
        context(2),
    )

    assert found == [[], [UserDisabled], [], []]


async def test_a_failing_query_is_tried_again(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged once, and the rotation goes on when the database is back."""
    calls = []

    class Broken:
        """A database that is unavailable at first."""

        dialect = host.orm.dialect

        @property
        def connection(self) -> Any:
            calls.append(1)
            if len(calls) < 3:
                raise ConnectionError("away")
            return host.orm.connection

    socket = context(2, claims={"id": 2})
    database: Any = Broken()
    checker = SocketChecker([socket], database, logging.getLogger("tests"))
    checker.start()
    async with asyncio.timeout(10):
        while not socket.closed:
            await asyncio.sleep(0.05)
    await checker.close()

    assert len(calls) == 3
    assert caplog.text.count("cannot be checked") == 1
