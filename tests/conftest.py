"""Fixtures of all tests, their markers, and the rule that nothing is skipped in CI."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import mariadb, postgres, sqlite
from tests.log_check import leaks, secrets_in
from tests.rows import add_user
from tests.servers import ChatServer
from yolk.testing import Server, User, close_all

__all__ = ["mariadb", "postgres", "sqlite"]

ROOT = Path(__file__).resolve().parent.parent

Serve = Callable[..., Server]

MARKED_PATHS = {
    "tests/browser/": "browser",
    "tests/chat/test_admin_commands.py": "slow",
    "tests/chat/test_admin_databases.py": "slow",
    "tests/chat/test_clients.py": "node",
    "tests/chat/test_crashes.py": "slow",
    "tests/chat/test_hooks.py": "slow",
    "tests/chat/test_mutations.py": "slow",
    "tests/chat/test_openapi.py": "slow",
    "tests/chat/test_original_faults.py": "slow",
    "tests/chat/test_permissions.py": "slow",
    "tests/chat/test_presence.py": "slow",
    "tests/clients/": "slow",
    "tests/clients/test_javascript": "node",
    "tests/files/test_access.py": "slow",
    "tests/files/test_large.py": "slow",
    "tests/files/test_refusals.py::test_a_full_disk": "slow",
    "tests/files/test_s3.py": "s3",
    "tests/files/test_tus.py::test_nobody_waits_for_ever": "slow",
    "tests/test_docs.py::test_the_documented_client_chats": "node",
    "tests/load/test_overload.py": "slow",
    "tests/websocket/test_frame_sequences.py": "slow",
    "tests/websocket/test_limits.py": "slow",
    "tests/yolk/test_cli.py": "slow",
    "tests/yolk/test_commands.py": "slow",
}
"""The marker of tests whose ID begins with a path."""

MARKED_FIXTURES = {
    "mariadb": "database",
    "node": "node",
    "playful": "slow",
    "postgres": "database",
    "quick": "slow",
    "serve": "slow",
    "small": "slow",
    "start": "slow",
}
"""The marker of tests that use a fixture, or run with a parameter of its name."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test with what it needs; mark it `fast` if it needs nothing that takes long."""
    marks = {mark for start, mark in MARKED_PATHS.items() if item.nodeid.startswith(start)}
    if isinstance(item, pytest.Function):
        callspec = getattr(item, "callspec", None)
        parameters: dict[str, object] = callspec.params if callspec else {}
        used = {*item.fixturenames} - parameters.keys()
        used |= {value for value in parameters.values() if isinstance(value, str)}
        marks |= {mark for name, mark in MARKED_FIXTURES.items() if name in used}
    for mark in marks or {"fast"}:
        item.add_marker(mark)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """
    Report a skipped test as failed in CI, where everything must run.

    So is one in whose own process a secret was logged; servers are checked at the end of the run.
    """
    report = yield
    log = "".join(text for name, text in report.sections if name.startswith("Captured log"))
    if leaked := [*secrets_in(log)]:
        report.outcome = "failed"
        report.longrepr = "\n".join(leaked)
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which in CI is a failure: {report.longrepr}"
    return report


@pytest.fixture(scope="session", autouse=True)
def logs_without_secrets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the logs of all servers, and fail at the end if one has a secret or a message's text."""
    Server.logs = tmp_path_factory.mktemp("logs")
    yield
    leaked = leaks(Server.logs)
    assert not leaked, "\n".join(leaked)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat that all tests share, except those that stop it."""
    running = Server(ROOT, tmp_path_factory.mktemp("data")).start()
    yield running
    running.stop()


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Yield a function that starts a chat of the test's own, with environment variables."""
    running: list[Server] = []

    def start(**env: str) -> Server:
        made = ChatServer(ROOT, tmp_path / f"data{len(running)}", env)
        running.append(made)
        return made.start()

    yield start
    await close_all()  # first: a server that stops waits for sockets that do not answer
    for one in running:
        one.stop()


@pytest.fixture(autouse=True)
async def closed_sockets() -> AsyncIterator[None]:
    """Close the sockets that a test leaves open."""
    yield
    await close_all()


@pytest.fixture
def ada(server: Server) -> User:
    """Return Ada, a user with an account."""
    return add_user(server, "ada")


@pytest.fixture
def bob(server: Server) -> User:
    """Return Bob, a user with an account."""
    return add_user(server, "bob")
