"""Broken handshakes and heads of requests: each is refused or served, and nothing breaks."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.fuzz.conftest import Amount
from tests.fuzz.vitals import Vitals
from tests.websocket.raw import frame
from yolk.testing import Server, User

AT_ONCE = 32
"""Connections at the same time."""
PATIENCE = 0.5
"""Seconds to wait for the answer to a request that may be incomplete, before it is given up."""
STATUSES = {
    *(100, 101, 200, 204, 302, 304, 400, 401, 403, 404, 405, 408, 409, 411, 412, 413, 415, 416),
    *(417, 426, 429, 431, 503),
}
METHODS = (
    b"GET",
    b"GET",
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"TRACE",
    b"get",
    b"",
)
PATHS = (
    *(b"/ws", b"/ws", b"/ws?ticket=x", b"/", b"/healthz", b"/metrics", b"/docs", b"/auth/login"),
    *(b"/chat/history?conv=g:1", b"/chat/send", b"/chat/groups/99999999999999999999", b"/users/-1"),
    *(
        b"/users?q=%00",
        b"/upload",
        b"/upload/tus",
        b"/files/x",
        b"/files/%2e%2e",
        b"/web/../app.py",
    ),
    *(
        b"*",
        b"http://a/ws",
        b"//ws",
        b"/%ff",
        b"/%",
        b"ws",
        b"/ws#x",
        b"/\xff",
        b"/ws?" + b"a&" * 9000,
    ),
)
HEADERS = (
    *(b"Upgrade: websocket", b"Upgrade: h2c", b"Connection: Upgrade", b"Connection: close"),
    *(b"Sec-WebSocket-Version: 8", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: x"),
    *(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Protocol: \xff,,"),
    *(
        b"Sec-WebSocket-Extensions: permessage-deflate; x=",
        b"Origin: null",
        b"Origin: http://[",
        b"Host:",
    ),
    *(b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999999999999"),
    *(b"Content-Length: +5", b"Transfer-Encoding: chunked", b"Transfer-Encoding : chunked"),
    *(b"Transfer-Encoding: gzip", b"Expect: 100-continue", b"Expect: x", b"Range: bytes=9-1,,"),
    *(b"Authorization: Bearer", b"Authorization: Basic \xff", b"token: \xff", b"Cookie: a=\x7f"),
    *(
        b"Content-Type: application/json; charset=x",
        b"Content-Type: multipart/form-data; boundary=",
    ),
    *(b"Content-Type: application/x-www-form-urlencoded", b"Accept-Language: \xff;q=x", b": x"),
    *(
        b" folded",
        b"no colon",
        b"x\0y: z",
        b"X: " + b"y" * 9000,
        b"If-None-Match: *",
        b"Forwarded: for=",
    ),
    *(b"X-Forwarded-For: \xff", b"Tus-Resumable: 9", b"Upload-Length: 1e9", b"Upload-Offset: -1"),
)
HANDSHAKE = [HEADERS[number] for number in (0, 2, 5, 7)]
BODIES = (
    *(b"", b"", b"", b"{", b"[" * 3000, b'{"username": "\\ud800", "password": 1}', b"a=%ff&=&&%"),
    *(
        b"5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n",
        b"-1\r\n",
        b"f" * 40 + b"\r\n",
        b"--\r\n\r\n--",
    ),
    *(
        frame(1, b"{}"),
        frame(3),
        b"\xff" * 500,
        b"GET / HTTP/1.1\r\n\r\n",
        b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n",
    ),
)


class Maker:
    """A maker of requests, of which hardly any is right."""

    def __init__(self, source: random.Random, token: bytes) -> None:
        self.random = source
        self._token = token

    def request(self) -> bytes:
        """Return a head, with what follows it."""
        random, pick = self.random, self.random.choice
        path = pick(PATHS)
        if random.random() < 0.3:
            path += (b"&" if b"?" in path else b"?") + b"token=" + self._token
        line = b"%s %s %s" % (
            pick(METHODS),
            path,
            pick((b"HTTP/1.1",) * 9 + (b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.1 ", b"HTCPCP/1.0", b"")),
        )
        headers = [b"Host: a"] if random.random() < 0.95 else []
        if random.random() < 0.5:
            headers += HANDSHAKE
            if random.random() < 0.7:
                line = b"GET /ws?token=%s HTTP/1.1" % self._token
        if random.random() < 0.2:
            headers.append(b"token: " + self._token)
        for _ in range(pick((0, 0, 1, 1, 2, 3, 60))):
            headers.insert(random.randrange(len(headers) + 1), pick(HEADERS))
        if headers and random.random() < 0.1:
            del headers[random.randrange(len(headers))]
        end = pick((b"\r\n",) * 30 + (b"\n", b"\r", b"\r\n\t"))
        data = end.join((line, *headers)) + end * 2 + pick(BODIES)
        for change in self._damages:
            if random.random() < 0.05:
                data = change(self, data)
        return data

    def _replace(self, data: bytes) -> bytes:
        at = self.random.randrange(len(data))
        return data[:at] + self.random.randbytes(self.random.randrange(1, 4)) + data[at + 1 :]

    def _cut(self, data: bytes) -> bytes:
        return data[: self.random.randrange(1, len(data) + 1)]

    def _repeat(self, data: bytes) -> bytes:
        return data * 3

    def _noise(self, data: bytes) -> bytes:
        return self.random.randbytes(self.random.randrange(1, 300))

    def _tls(self, data: bytes) -> bytes:
        return b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + data

    _damages: tuple[Callable[[Maker, bytes], bytes], ...] = (_replace, _cut, _repeat, _noise, _tls)


@dataclass
class Visitor:
    """A client that sends broken requests, one connection each."""

    server: Server
    maker: Maker
    statuses: Counter[int]

    async def visit(self, times: int) -> None:
        """Send requests, and check the answers."""
        for _ in range(times):
            request = self.maker.request()
            answer = await self.ask(request)
            for status in map(int, re.findall(rb"(?:\A|\r\n)HTTP/1\.1 (\d{3}) ", answer)):
                assert status in STATUSES, (request, answer)
                self.statuses[status] += 1
            if not answer:
                self.statuses[0] += 1
            upgraded = answer.startswith(b"HTTP/1.1 101 ")
            assert not (upgraded and b"\x03\xf3" in answer[-100:]), (request, answer)

    async def ask(self, request: bytes) -> bytes:
        """Send a request, split at a random place, and return what comes until it is quiet."""
        random = self.maker.random
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        answer = b""
        try:
            cut = random.randrange(len(request)) if random.random() < 0.2 else len(request)
            writer.write(request[:cut])
            if random.random() < 0.1:
                return b""  # gone before the answer
            if cut < len(request):
                await asyncio.sleep(0)
                writer.write(request[cut:])
            async with asyncio.timeout(PATIENCE):
                answer = await reader.read(65536)
            if answer.startswith(b"HTTP/1.1 101 "):
                writer.write(
                    random.choice((frame(8), frame(1, b"ping") + frame(3), random.randbytes(50)))
                )
                async with asyncio.timeout(PATIENCE):
                    while more := await reader.read(65536):
                        answer += more
        except (ConnectionError, TimeoutError):
            pass
        finally:
            writer.transport.abort()
        return answer


@pytest.mark.timeout(3600)
async def test_broken_handshakes(served: Server, source: random.Random, amount: Amount) -> None:
    """No answer is a fault, nothing is kept, and the log has no token and no control character."""
    user: User = await served.user("fuzz")
    vitals = Vitals(served)
    before = len(served.output)
    statuses: Counter[int] = Counter()
    for part in (0.1, 0.9):
        vitals.warm()
        async with asyncio.TaskGroup() as visits:
            for _ in range(AT_ONCE):
                maker = Maker(random.Random(source.random()), user.token.encode())
                visitor = Visitor(served, maker, statuses)
                visits.create_task(visitor.visit(int(amount.handshakes * part) // AT_ONCE))

    print(sorted(statuses.items()), await vitals.check())
    log = served.output[before:]
    assert user.token not in log
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", log)
    assert statuses.keys() >= {101, 200, 400, 404, 426}
    socket = await user.connect()
    assert (await socket.request("ping"))["type"] == "pong"


CUT = [
    b"GET /healthz HT",
    b"POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{",
    b"OPTIONS /upload/tus HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{",
    b"OPTIONS /upload/tus HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
]
"""Requests that do not end."""


async def test_clients_that_leave_cause_no_error(served: Server) -> None:
    """A client that leaves in the middle of its request is no fault of the server in the log."""
    vitals = Vitals(served)
    for request in CUT:
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(request)
        await served.ask("GET", "/")  # the server has read the request
        writer.transport.abort()
    await served.ask("GET", "/")

    await vitals.check()
