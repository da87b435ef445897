"""Before a socket is open: subprotocols, origins, TLS, and slow clients."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.exceptions import InvalidStatus

from tests.websocket.raw import WAIT, Raw, Recorder, close, frame, serve_echo
from yolk import StartError


@pytest.mark.parametrize(
    ("spoken", "offered", "chosen"),
    [
        (["chat.v2", "chat.v1"], ["chat.v1", "chat.v2"], "chat.v2"),
        (["chat.v2", "chat.v1"], ["other", "chat.v1"], "chat.v1"),
        (["chat.v2"], ["other"], None),
        (["chat.v2"], ["CHAT.V2"], None),
        (["chat.v2"], None, None),
        ([], ["chat.v1"], None),
        (None, ["chat.v1", "chat.v2"], "chat.v1"),
        (None, None, None),
    ],
)
async def test_the_first_supported_subprotocol_that_is_offered_is_chosen(
    workers: Any, spoken: list[str] | None, offered: Any, chosen: str | None
) -> None:
    """
    It is in the 101 and in `ctx.websocket.subprotocol`; without one there is no header.

    A route that names none accepts the first that is offered, as Egg does.
    """
    known: list[str | None] = []

    async def connect(ctx: Any) -> None:
        known.append(ctx.websocket.subprotocol)
        ctx.websocket.send("in")

    worker = await workers.start(lambda app: app.ws.route("/ws", connect, subprotocols=spoken))
    async with worker.client(subprotocols=offered) as client:
        assert await client.recv() == "in"
        assert client.subprotocol == chosen
        assert ("Sec-WebSocket-Protocol" in client.response.headers) is (chosen is not None)
    assert known == [chosen]


async def test_a_subprotocol_must_be_a_token(workers: Any) -> None:
    """Another name would break the header, and is a StartError."""
    with pytest.raises(StartError, match="no name of a subprotocol"):
        await workers.start(lambda app: app.ws.route("/ws", print, subprotocols=["a\r\nb"]))


@pytest.mark.parametrize(
    ("origins", "origin", "status"),
    [
        (["https://chat.example"], "https://chat.example", 101),
        (["https://chat.example"], "HTTPS://Chat.Example", 101),
        (["https://chat.example"], None, 101),
        (["https://chat.example"], "https://chat.example.evil.example", 403),
        (["https://chat.example"], "http://chat.example", 403),
        (["https://chat.example"], "null", 403),
        ([], "https://chat.example", 403),
        ("any", "https://evil.example", 101),
        (None, "https://evil.example", 101),
    ],
)
async def test_a_page_may_connect_only_from_an_allowed_origin(
    workers: Any, origins: Any, origin: str | None, status: int
) -> None:
    """Others get 403 before the upgrade; a client without an origin may connect, by default all."""
    worker = await workers.start(serve_echo, origins=origins)
    try:
        async with worker.client(origin=origin) as client:
            await client.send("hi")
            assert await client.recv() == "hi"
        got = 101
    except InvalidStatus as error:
        got = error.response.status_code

    assert got == status


async def test_origins_are_required_in_prod(workers: Any) -> None:
    """Without them the start fails with the line to add."""
    with pytest.raises(StartError, match="origins"):
        await workers.start(serve_echo, env="prod")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a self-signed certificate for localhost and its key, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(made.public_bytes(pem) + private)
    return path


@pytest.fixture
def tls(certificate: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the TLS contexts of the server and of the client."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    return server, ssl.create_default_context(cafile=str(certificate))


async def test_everything_works_over_tls(workers: Any, tls: Any) -> None:
    """Large and small messages, a close with its code, and a failure with its code."""
    recorder = Recorder()
    worker = await workers.start(recorder.mount, tls=tls[0])
    first = frame(1, b"with the handshake")
    client = await Raw.open(worker, after=first, tls=tls[1])
    assert await client.read() == (1, b"with the handshake")
    for size in (0, 125, 126, 65536, 1_000_000):
        client.writer.write(frame(2, b"x" * size))
        assert await client.read() == (2, b"x" * size)
    client.writer.write(close(4321, b"bye"))
    assert (await client.rest())[-1] == (8, (4321).to_bytes(2, "big"))
    assert await recorder.end() == (4321, "bye")

    broken = await Raw.open(worker, tls=tls[1])
    broken.writer.write(frame(1, b"good") + frame(3))
    answers = await broken.rest()
    assert answers[0] == (1, b"good")
    assert answers[1][1][:2] == (1002).to_bytes(2, "big")
    assert (await recorder.end())[0] == 1002


async def test_over_tls_a_client_that_stops_reading_is_closed_too(workers: Any, tls: Any) -> None:
    """The buffer of the encryption counts: 4008, then the connection ends."""
    recorder = Recorder()
    worker = await workers.start(
        recorder.mount, tls=tls[0], write_buffer_limit=200_000, slow_timeout=0.1
    )
    client = await Raw.open(worker, tls=tls[1])
    client.writer.write(frame(1, b"hi"))
    await client.read()
    client.wire.pause_reading()
    sent = 0
    while recorder.sockets[0].open and sent < 100_000_000:
        recorder.sockets[0].send(b"x" * 50_000)
        sent += 50_000
        await asyncio.sleep(0)

    assert (await recorder.end())[0] == 4008
    assert sent < 20_000_000
    client.wire.abort()


@pytest.mark.parametrize("drip", [False, True], ids=["silent", "slowloris"])
@pytest.mark.parametrize("begin", [b"", b"GET /ws HTTP/1.1\r\nHost: test\r\n"])
async def test_a_client_that_does_not_send_a_request_head_is_disconnected(
    workers: Any, begin: bytes, drip: bool
) -> None:
    """After `head_timeout`, if nothing came, or a part, or a byte now and then."""
    worker = await workers.start(serve_echo, head_timeout=0.4)
    client = await Raw.connect(worker.port)
    client.writer.write(begin)

    async def go_on() -> None:
        while drip:
            client.writer.write(b"a")
            await asyncio.sleep(0.02)  # this client's pace

    dripping = asyncio.create_task(go_on())
    try:
        async with asyncio.timeout(3):
            answer = await client.reader.read()
    except ConnectionError:  # it was writing when it was cut off
        answer = b" 408 "
    finally:
        dripping.cancel()
    client.writer.close()
    assert not answer or b" 408 " in answer


async def test_the_timeout_of_the_head_does_not_affect_complete_heads(workers: Any) -> None:
    """A socket and a connection kept alive between requests stay connected."""
    worker = await workers.start(serve_echo, head_timeout=0.1)
    kept = await Raw.connect(worker.port)
    request = b"GET /nowhere HTTP/1.1\r\nHost: test\r\nConnection: keep-alive\r\n\r\n"
    async with worker.client() as client:
        kept.writer.write(request)
        assert b" 404 " in await kept.reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.5)  # what must not happen would happen now
        await client.send("hi")
        assert await client.recv() == "hi"
        await asyncio.wait_for(kept.reader.read(1000), WAIT)
        kept.writer.write(request)
        assert b" 404 " in await kept.reader.readuntil(b"\r\n\r\n")
    kept.writer.close()
