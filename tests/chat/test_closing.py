"""What a worker does when it stops."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.rows import add_user, rows
from tests.servers import ChatServer

COUNT = 300
"""More than one transaction takes."""


async def test_parts_that_fail_to_close_lose_no_message(tmp_path: Path) -> None:
    """Messages that are queued when the server stops are stored, whatever else fails to close."""
    server = ChatServer(
        ROOT, tmp_path / "data", command=[sys.executable, "tests/apps/failing_closers.py"]
    )
    server.start()
    ada, bob = add_user(server, "ada"), add_user(server, "bob")
    socket = await ada.connect()
    for number in range(COUNT):
        data = {"to_id": bob.id, "data": str(number)}
        await socket.send({"type": "send", "id": number, "data": data})
    await socket.send({"type": "ping", "id": "received"})
    await socket.wait_for(id="received")
    await socket.connection.close()
    await socket.connection.close()
    stored_before = rows(server, "SELECT COUNT(*) FROM message")[0][0]

    assert server.stop() == 0

    assert stored_before < COUNT
    stored = rows(server, "SELECT data FROM message ORDER BY seq")
    assert [data for (data,) in stored] == [str(number) for number in range(COUNT)]
    for part in ("Batcher", "Uploader", "PeriodicTask"):
        assert f"{part} did not close, on purpose" in server.output
