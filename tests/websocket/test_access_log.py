"""Lines about sockets in Sanic's access log."""

from __future__ import annotations

import logging
from typing import Any

from tests.websocket.raw import Raw, Recorder, close, frame


class Lines(logging.Handler):
    """A handler that keeps its records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


async def talk(workers: Any, access_log: bool) -> list[Any]:
    """Send three frames and a close, and return the lines that were logged."""
    recorder, lines = Recorder(), Lines()
    worker = await workers.start(recorder.mount, access_log=access_log)
    logger = logging.getLogger("sanic.access")
    logger.addHandler(lines)
    client = await Raw.open(worker, "/ws?token=secret&x=1")
    client.writer.write(frame(1, b"a") + frame(1, b"b") + frame(9))
    client.writer.write(close(4321, b"bye\nGET /fake"))
    await client.rest()
    await recorder.end()
    logger.removeHandler(lines)
    return lines.records


async def test_a_socket_has_a_line_when_opened_and_one_when_closed(workers: Any) -> None:
    """They have the code, the reason on one line, seconds, and frames; no token and no query."""
    lines = await talk(workers, access_log=True)

    opened, closed = lines
    assert (opened.status, closed.status) == (101, 4321)
    assert opened.request.startswith("WS /ws ")
    assert closed.request.endswith(" closed 'bye\\nGET /fake'")
    assert closed.byte == "4/3"
    assert closed.duration.endswith("s")
    assert float(closed.duration.strip(" s")) >= 0
    assert opened.host.startswith("127.0.0.1")
    assert not [line for line in lines if "secret" in str(vars(line))]
    assert not [line for line in lines if "x=1" in str(vars(line))]


async def test_nothing_is_logged_without_an_access_log(workers: Any) -> None:
    """The setting decides when a socket is opened."""
    assert await talk(workers, access_log=False) == []
