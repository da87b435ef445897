"""The JavaScript client in its own process, controlled by lines."""

from __future__ import annotations

import asyncio
import json
import shutil
from types import TracebackType
from typing import Any, Self

import pytest

from tests.conftest import ROOT
from yolk.testing import Server, Timeout

NODE = ROOT / "tests" / "node"
TIMEOUT = 20.0
"""The timeout of every wait, in seconds."""


def find_node() -> str:
    """Return the path of Node.js, or skip if it cannot run."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node.js; `make test` says how to have it")
    if not (NODE / "node_modules" / "ws").is_dir():
        pytest.skip("the Node clients are not installed; `make test` does it")
    return node


class RequestFailed(Exception):
    """The client rejected a call; `fields` are those of its error."""

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__(str(fields))
        self.fields = fields


class NodeClient:
    """
    A `Client` of `web/client/yolk.js`.

    Args:
        url: the address of the server, or of a proxy before it.
        options: options of the client, and of `tests/node/yolk_client.mjs`.
    """

    def __init__(self, url: str, **options: Any) -> None:
        self.events: list[tuple[str, Any]] = []
        """All events in order: type and data."""
        self.errors = ""
        """Its error output."""
        self._lines: list[Any] = []
        self._options = {"url": url, **options}
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._last_id = 0
        self.user_id = 0
        """The user who is logged in, or was last."""
        self._news = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(find_node(), "--expose-gc", str(NODE / "yolk_client.mjs")),
            json.dumps(self._options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**26,
        )
        self._tasks = [
            asyncio.create_task(self._read()),
            asyncio.create_task(self._read_errors()),
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.kill()

    async def kill(self) -> None:
        """Kill the process, as a crash does."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        for task in self._tasks:
            await task

    async def do(self, method: str, *values: Any) -> Any:
        """
        Call a method of the client, and return its result.

        Raises:
            RequestFailed: the method threw.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        self._last_id += 1
        answer = self._answers[self._last_id] = asyncio.get_running_loop().create_future()
        line = {"id": self._last_id, "do": method, "with": values}
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        return await asyncio.wait_for(answer, TIMEOUT * 3)

    async def wait_for(self, kind: str, count: int = 1, **fields: Any) -> Any:
        """
        Wait until that many events with these fields have happened; return the last.

        Raises:
            Timeout: they did not happen in time.
        """

        def found() -> list[Any]:
            return [
                data
                for happened, data in self.events
                if happened == kind and (not fields or fields.items() <= data.items())
            ]

        try:
            async with asyncio.timeout(TIMEOUT), self._news:
                await self._news.wait_for(lambda: len(found()) >= count)
        except TimeoutError:
            raise Timeout(f"no {kind} {fields} x{count}: {self.events} {self.errors}") from None
        return found()[count - 1]

    def messages(self, conv: str | None = None) -> list[Any]:
        """Return the messages that have been delivered so far."""
        every = [data for kind, data in self.events if kind == "message"]
        return [one for one in every if conv is None or one["conv"] == conv]

    @property
    def lines(self) -> list[Any]:
        """All output lines, with what `yolk_client.mjs` adds to an event."""
        return self._lines

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for text in self._process.stdout:
            line = json.loads(text)
            self._lines.append(line)
            async with self._news:
                if "event" in line:
                    self.events.append((line["event"], line.get("data")))
                    if line["event"] == "session" and line["data"]:
                        self.user_id = line["data"]["id"]
                elif "error" in line:
                    self._answers.pop(line["id"]).set_exception(RequestFailed(line["error"]))
                else:
                    self._answers.pop(line["id"]).set_result(line.get("ok"))
                self._news.notify_all()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(RuntimeError(f"the client has ended: {self.errors}"))

    async def _read_errors(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for text in self._process.stderr:
            self.errors += text.decode()


def client_for(server: Server, port: int | None = None, **options: Any) -> NodeClient:
    """Return a client that connects to *server*, or to another port of this machine."""
    return NodeClient(f"http://127.0.0.1:{port or server.port}", **options)
