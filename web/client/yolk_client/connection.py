r"""
A socket that is reopened whenever it closes.

    idle -> connecting -> online -> offline -> connecting -> ...
                   \_________\______ refused, until connect() is called again

Online means that the server's `connected` frame was received: from then on no push is missed, so
this is the moment to sync. The close code says whether to reconnect.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from yolk_client.background import BackgroundTasks
from yolk_client.backoff import Backoff
from yolk_client.errors import TOO_BIG, Lost, SessionOver, YolkError
from yolk_client.http import Http, seconds_of
from yolk_client.text import to_json
from yolk_client.types import State

STABLE = 5.0
"""Seconds online that reset the backoff."""
ANSWER_TIMEOUT = 20.0
SILENCE = 25.0
"""Seconds without a frame, after which a ping is sent."""
PONG_TIMEOUT = 5.0

ABNORMAL, TOKEN_EXPIRED, BAD_TOKEN = 1006, 4009, 4502


class Connection:
    """
    A socket to the server, opened again and again.

    Args:
        url: the address of the server.
        http: requests the tickets.
        backoff: the wait before reconnecting.
        on_state: called with each new state.
        on_push: called with the type and the data of each push.
    """

    def __init__(
        self,
        url: str,
        http: Http,
        backoff: Backoff,
        on_state: Callable[[State], None],
        on_push: Callable[[str, Any], None],
    ) -> None:
        self.state = State()
        self._url = url.replace("http", "ws", 1)
        self._http = http
        self._backoff = backoff
        self._on_state = on_state
        self._on_push = on_push
        self._socket: ClientConnection | None = None
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._last_id = 0
        self._max_size = 0
        self._close_text = ""
        self._token = ""
        """The token that the socket has."""
        self._online_since: float | None = None
        self._running: asyncio.Task[None] | None = None
        self._tasks = BackgroundTasks()

    async def connect(self) -> None:
        """Open the socket now, whatever the state; from offline this is "try now"."""
        await self._end()
        self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Close the socket, and do not reconnect."""
        await self._end()
        self._set(State())

    async def request(self, kind: str, data: Any) -> Any:
        """
        Send a request, and return the data of its answer.

        Raises:
            Lost: there is no connection, or it ended before the answer.
            YolkError: the server refused it.
        """
        frame, number = self._frame(kind, data)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        socket = self._socket
        if socket is None:
            raise Lost
        self._pending[number] = answer
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                await socket.send(frame)
                return await answer
        except TimeoutError:
            socket.transport.abort()  # a dead network closes no socket
            raise Lost("the server did not answer") from None
        except ConnectionClosed:
            raise Lost from None
        finally:
            self._pending.pop(number, None)

    def notify(self, kind: str, data: Any) -> None:
        """Send a frame without waiting for its answer; it may be lost with the connection."""
        self._tasks.spawn(self._notify(kind, data))

    async def _notify(self, kind: str, data: Any) -> None:
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(self._frame(kind, data)[0])

    async def _replace_token(self) -> None:
        """Renew the token, and keep the socket open with it."""
        with contextlib.suppress(YolkError):  # then the socket is closed, and opened again
            await self._http.renew(self._token)
            self._token = self._http.token
            await self.request("token", {"token": self._token})

    def _frame(self, kind: str, data: Any) -> tuple[str, int]:
        self._last_id += 1
        frame = to_json({"id": self._last_id, "type": kind, "data": data})
        if self._max_size and len(frame.encode()) > self._max_size:
            raise YolkError("the message is too large", code=TOO_BIG)
        return frame, self._last_id

    # --- one connection after the other

    async def _run(self) -> None:
        refused_tickets = 0
        attempt = 0
        quiet = renew = False
        while True:
            self._close_text, wait = "", 0.0
            self._set(State("connecting", attempt, quiet))
            try:
                if renew:
                    await self._http.renew()
                code = await self._serve(attempt, quiet)
            except YolkError as error:  # no ticket, or no upgrade
                if isinstance(error, SessionOver) or error.status in (401, 403):
                    return self._set(State("refused", code=error.code, text=str(error)))
                code, wait = ABNORMAL, error.retry_after
            online, self._online_since = self._online_since, None
            if online is not None:
                refused_tickets = 0
                if time.monotonic() - online > STABLE:
                    attempt = 0
            renew = code == TOKEN_EXPIRED
            # A ticket lives for seconds, and the server may lose it: try once more before the login
            # counts as refused.
            again = code == BAD_TOKEN and refused_tickets == 0
            refused_tickets += code == BAD_TOKEN
            if 4500 <= code < 5000 and not again:
                return self._set(State("refused", code=code, text=self._close_text))
            quiet = (renew or again) and attempt == 0
            delay = 0.0 if quiet else self._backoff.jittered(attempt + 1, wait)
            attempt += 1
            self._set(State("offline", attempt, quiet, retry_at=time.time() + delay))
            await asyncio.sleep(delay)

    async def _serve(self, attempt: int, quiet: bool) -> int:
        """
        Open the socket, serve it until it closes, and return the close code.

        Raises:
            Lost: the server answered with HTTP in place of an upgrade.
            YolkError: there is no ticket.
        """
        ticket = await self._http.ticket()
        self._token = self._http.token
        socket = None
        try:
            async with connect(
                f"{self._url}/ws?ticket={ticket}",
                max_size=None,
                open_timeout=15,
                close_timeout=2,
                ping_interval=SILENCE,
                ping_timeout=PONG_TIMEOUT,
            ) as socket:
                async for text in socket:
                    self._receive(socket, json.loads(text), State("online", attempt, quiet))
        except InvalidStatus as error:
            after = seconds_of(error.response.headers.get("Retry-After", ""))
            raise Lost(str(error), retry_after=after) from None
        except (OSError, EOFError, TimeoutError, WebSocketException):
            pass  # the network
        finally:
            self._fail_pending()
        return (socket and socket.close_code) or ABNORMAL

    def _receive(self, socket: ClientConnection, frame: Any, online: State) -> None:
        kind, data = frame.get("type"), frame.get("data")
        if "id" in frame and "msg" in frame:
            self._answer(frame)
        elif frame.get("msg") == "fail":
            self._close_text = str(data)
        elif kind == "connected":
            self._socket, self._max_size = socket, data["max_message_size"]
            self._online_since = time.monotonic()
            self._set(online)
        elif kind == "token":
            self._tasks.spawn(self._replace_token())
        elif kind != "pong":
            self._on_push(kind, data)

    def _answer(self, frame: Any) -> None:
        number = frame["id"]
        if number is None:  # the server could not read the request: most likely the oldest one
            number = next(iter(self._pending), None)
        answer = self._pending.pop(number, None)
        if answer is None or answer.done():
            return
        if frame["msg"] == "ok":
            answer.set_result(frame["data"])
        else:
            text, code = str(frame["data"]), int(frame["code"])
            answer.set_exception(YolkError(text, code=code, temporary=bool(frame["temporary"])))

    def _fail_pending(self) -> None:
        self._socket = None
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(Lost())
        self._pending.clear()

    async def _end(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    def _set(self, state: State) -> None:
        self.state = state
        self._on_state(state)
