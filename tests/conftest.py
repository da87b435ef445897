"""What all tests share: the running chat, and the rule that nothing is skipped in CI."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import mariadb, postgres, sqlite
from tests.rows import add_user
from yolk.testing import Server, User, close_all

__all__ = ["mariadb", "postgres", "sqlite"]

ROOT = Path(__file__).resolve().parent.parent

Serve = Callable[..., Server]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Take a skipped test for a failed one in CI: there everything must run."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which in CI is a failure: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give the chat, running once for all tests that do not stop it."""
    running = Server(ROOT, tmp_path_factory.mktemp("data")).start()
    yield running
    running.stop()


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Give what starts a chat of one's own, with environment variables as one likes."""
    running: list[Server] = []

    def start(**env: str) -> Server:
        made = Server(ROOT, tmp_path / f"data{len(running)}", env)
        running.append(made)
        return made.start()

    yield start
    await close_all()  # first: who stops waits for sockets that do not answer
    for one in running:
        one.stop()


@pytest.fixture(autouse=True)
async def closed_sockets() -> AsyncIterator[None]:
    """Close what a test leaves open."""
    yield
    await close_all()


@pytest.fixture
def ada(server: Server) -> User:
    """Give Ada, who has an account."""
    return add_user(server, "ada")


@pytest.fixture
def bob(server: Server) -> User:
    """Give Bob, who has an account."""
    return add_user(server, "bob")
