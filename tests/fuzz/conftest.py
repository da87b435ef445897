"""A server for random input, and how much of it there is."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from models.columns import milliseconds
from tests.conftest import ROOT
from tests.databases import Databases, open_orm
from yolk.testing import Server

LONG = os.environ.get("FUZZ") == "long"
"""Whether a run takes half an hour and is random, or seconds and always the same."""


class Amount(NamedTuple):
    """How much random input there is."""

    frames: int
    handshakes: int
    examples: int
    """Of each operation of the OpenAPI document."""


AMOUNT = Amount(1_000_000, 100_000, 200) if LONG else Amount(6_000, 800, 3)


@pytest.fixture(scope="session")
def amount() -> Amount:
    """Return how much random input there is."""
    return AMOUNT


@pytest.fixture
def source() -> random.Random:
    """Return the source of all that is random. `FUZZ_SEED` repeats a long run."""
    seed = os.environ.get("FUZZ_SEED") or (random.randrange(10**9) if LONG else 1)
    print(f"FUZZ_SEED={seed}")
    return random.Random(int(seed))


@pytest.fixture(scope="session", params=["postgres", *(["sqlite"] if LONG else [])])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Start a chat. PostgreSQL is the strictest of the databases; a long run tries SQLite, too."""
    databases: Databases = request.getfixturevalue(request.param)
    env = {"DATABASE_URL": databases.migrated(), "SANIC_ACCESS_LOG": "true"}
    running = Server(ROOT, tmp_path_factory.mktemp("fuzz"), env).start()
    yield running
    running.stop()


async def add_administrator(server: Server, user_id: int) -> None:
    """Make a user an administrator, whatever the database is."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_orm(Path(folder), server.env["DATABASE_URL"]) as host:
            await host.model.UserRole.create(
                user_id=user_id, role="administrator", create_time=milliseconds()
            )
