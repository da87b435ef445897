"""Random sequences of frames in random packets, compared with a simple model."""

from __future__ import annotations

import asyncio
import codecs
import logging
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.websocket.connection import handover
from plugins.websocket.engine import Engine
from plugins.websocket.settings import WebSocketSettings
from plugins.websocket.socket import WebSocket
from tests.websocket.raw import frame, read_frames

LIMIT = 300
CLOSE_CODES = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI") == "true":
    settings.load_profile("ci")


@dataclass(frozen=True)
class Frame:
    """A frame of a client."""

    opcode: int
    payload: bytes
    fin: bool = True
    rsv: int = 0
    mask: bytes | None = b"abcd"
    form: int | None = None

    def encode(self) -> bytes:
        return frame(self.opcode, self.payload, self.fin, self.rsv, mask=self.mask, form=self.form)


@dataclass
class Outcome:
    """The result of a sequence of frames."""

    messages: list[str | bytes] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    code: int | None = None
    or_else: int | None = None
    """Another allowed code, if one frame breaks two rules."""


def model(frames: list[Frame]) -> Outcome:
    """Return the outcome that RFC 6455 requires."""
    out = Outcome()
    kind, parts, decoder = 0, b"", codecs.getincrementaldecoder("utf-8")()
    for one in frames:
        code = refusal(one, kind, parts)
        if code is None and one.opcode < 8:
            text = (one.opcode or kind) == 1
            kind, parts = one.opcode or kind, parts + one.payload
            try:
                decoder.decode(one.payload if text else b"", text and one.fin)
            except UnicodeDecodeError:
                code = 1007
        if code is not None:
            out.code = code
            out.or_else = 1007 if one.opcode == 8 and code == 1002 else code
            return out
        if one.opcode == 9:
            out.answers.append((10, one.payload))
        elif one.opcode == 8:
            out.code = int.from_bytes(one.payload[:2], "big") if one.payload else 1005
            out.or_else = out.code
            return out
        elif one.opcode < 8 and one.fin:
            out.messages.append(parts.decode() if kind == 1 else parts)
            out.answers.append((kind, parts))
            kind, parts = 0, b""
            decoder.reset()
    return out


def refusal(one: Frame, kind: int, parts: bytes) -> int | None:
    """Return the close code of a frame that is not allowed here, whatever its text, or None."""
    size, control = len(one.payload), one.opcode >= 8
    least = 0 if size < 126 else 2
    malformed = (
        one.opcode not in {0, 1, 2, 8, 9, 10}
        or (control and (not one.fin or size > 125 or one.form not in {None, 0}))
        or one.mask is None
        or one.form not in {None, least}
    )
    misplaced = not control and (one.opcode == 0) != (kind != 0)
    if malformed:
        return 1002
    if not control and size > LIMIT:
        return 1009
    if one.rsv or misplaced:
        return 1002
    if not control and size + len(parts) > LIMIT:
        return 1009
    if one.opcode == 8 and one.payload:
        if size == 1 or int.from_bytes(one.payload[:2], "big") not in CLOSE_CODES:
            return 1002
        try:
            one.payload[2:].decode()
        except UnicodeDecodeError:
            return 1007
    return None


class Transport:
    """A transport that records writes, and delivers reads while reading is not paused."""

    def __init__(self) -> None:
        self.protocol: Any = None
        self.written = b""
        self.reading = True
        self.closing = self.ended = False
        self._socket = socket.socket()

    def get_extra_info(self, name: str) -> Any:
        return self._socket if name == "socket" else None

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes) -> None:
        assert not self.closing
        self.written += data

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self.closing

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.closing = True

    abort = close

    def receive(self, data: bytes) -> None:
        if hasattr(self.protocol, "get_buffer"):
            handover.feed(self.protocol, data)
        else:
            self.protocol.data_received(data)


class NoRooms:
    def remove(self, _: Any) -> None:
        pass


async def play(packets: Iterator[bytes], slow: bool) -> Outcome:
    """Return the outcome of a real socket that receives *packets*."""
    limits = WebSocketSettings(
        max_message_size=LIMIT,
        max_queued_messages=2,
        max_queued_bytes=100,
        write_buffer_limit=10_000,
        close_timeout=60,
        slow_timeout=60,
    )
    engine = Engine("w", limits, logging.getLogger("sequences"))
    rooms: Any = NoRooms()
    transport: Any = Transport()
    ws = WebSocket(engine, rooms, transport)
    out = Outcome()

    def receive(message: str | bytes) -> None:
        out.messages.append(message)
        ws.send(message)

    async def receive_slowly(message: str | bytes) -> None:
        await asyncio.sleep(0)
        receive(message)

    def closed(code: int, _: str) -> None:
        out.code = code

    ws.on("message", receive_slowly if slow else receive).on("close", closed)
    transport.set_protocol(handover.make_reader(ws, LIMIT))
    for packet in packets:
        while not (transport.reading or transport.closing):
            await asyncio.sleep(0)
        if transport.closing:
            break
        transport.receive(packet)
    while engine._tasks or engine._unflushed:
        await asyncio.sleep(0)
    await asyncio.sleep(0)  # a rejection begins in the next turn
    await asyncio.sleep(0)
    code = ws.protocol.close_code if not ws.open else None
    transport.protocol.connection_lost(None)
    while engine._tasks:
        await asyncio.sleep(0)
    assert (out.code if code is not None else None) == code
    out.code = code
    out.answers = read_frames(transport.written)
    transport._socket.close()
    return out


TEXTS = st.sampled_from(["", "a", "κόσμε", "\N{GRINNING FACE}", "x" * 126, "y" * 290])
PAYLOADS = st.one_of(
    TEXTS.map(str.encode), st.binary(max_size=8), st.just(b"z" * 200), st.just(b"z" * 301)
)
GOOD = st.one_of(
    st.builds(Frame, st.sampled_from([1, 2]), TEXTS.map(str.encode)),
    st.builds(Frame, st.sampled_from([9, 10]), st.binary(max_size=125)),
)
FRAGMENTS = st.builds(
    lambda opcode, data, at, between: [
        Frame(opcode, data[: at % (len(data) + 1)], fin=False),
        *between,
        Frame(0, data[at % (len(data) + 1) :]),
    ],
    st.sampled_from([1, 2]),
    PAYLOADS,
    st.integers(0, 300),
    st.lists(st.builds(Frame, st.sampled_from([9, 10]), st.binary(max_size=5)), max_size=2),
)
CLOSES = st.builds(
    lambda code, reason: [Frame(8, code.to_bytes(2, "big") + reason)],
    st.one_of(st.sampled_from([0, 999, 1000, 1004, 1005, 1006, 1015, 2999, 3000, 4999, 5000])),
    st.sampled_from([b"", b"bye", b"\xff"]),
)
ANY = st.builds(
    Frame,
    st.integers(0, 15),
    PAYLOADS,
    fin=st.booleans(),
    rsv=st.sampled_from([0, 0, 0, 1, 2, 4]),
    mask=st.sampled_from([b"abcd", b"abcd", b"\0\0\0\0", None]),
    form=st.sampled_from([None, None, 8]),
)
SEQUENCES = st.lists(
    st.one_of(
        GOOD.map(lambda one: [one]), FRAGMENTS, FRAGMENTS, CLOSES, ANY.map(lambda one: [one])
    ),
    max_size=7,
).map(lambda groups: [one for group in groups for one in group])


@pytest.mark.parametrize("slow", [False, True], ids=["plain", "async"])
@settings(
    max_examples=400,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(frames=SEQUENCES, cuts=st.lists(st.integers(1, 400), max_size=12))
def test_random_frames_have_the_outcome_of_the_model(
    slow: bool, frames: list[Frame], cuts: list[int]
) -> None:
    """Messages, answers and the close code agree, however the bytes are split into packets."""
    wanted = model(frames)
    data = b"".join(one.encode() for one in frames)
    got = asyncio.run(play(split(data, cuts), slow))

    assert got.messages == wanted.messages
    assert got.code in {wanted.code, wanted.or_else}
    if got.code is not None:
        code = b"" if got.code == 1005 else got.code.to_bytes(2, "big")
        assert (got.answers[-1][0], got.answers[-1][1][:2]) == (8, code)
        got.answers.pop()
    if slow:  # an echo may come after a pong, and after a close not at all
        wanted.answers = [answer for answer in wanted.answers if answer[0] == 10]
        got.answers = [answer for answer in got.answers if answer[0] == 10]
    assert got.answers == wanted.answers


def split(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """Split *data* into packets of these *sizes*; the last has the rest."""
    for size in sizes:
        if data:
            yield data[:size]
            data = data[size:]
    if data:
        yield data
