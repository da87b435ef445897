"""The rules of RFC 6455 without a connection: frames in, events out."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from picows import WSMsgType

from plugins.websocket.rfc6455.frames import ProtocolError
from plugins.websocket.rfc6455.protocol import (
    CloseReceived,
    Event,
    Ping,
    Pong,
    State,
    WebSocketProtocol,
)

TEXT, BINARY, CONTINUATION = WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION
CLOSE, PING, PONG = WSMsgType.CLOSE, WSMsgType.PING, WSMsgType.PONG
LIMIT = 10


@dataclass
class Frame:
    """A received frame."""

    msg_type: WSMsgType
    payload: bytes = b""
    fin: bool = True
    rsv1: bool = False
    rsv2: bool = False
    rsv3: bool = False

    def get_payload_as_bytes(self) -> bytes:
        return self.payload

    def get_payload_as_memoryview(self) -> memoryview:
        return memoryview(self.payload)

    def get_payload_as_utf8_text(self) -> str:
        return self.payload.decode()


@pytest.fixture
def protocol() -> WebSocketProtocol:
    """Return the protocol of an open connection."""
    return WebSocketProtocol(LIMIT)


def receive(protocol: WebSocketProtocol, *frames: Frame) -> list[Event]:
    """Return the event of each frame."""
    return [protocol.receive(frame) for frame in frames]


def error_of(protocol: WebSocketProtocol, *frames: Frame) -> int:
    """Return the close code for the last frame, which breaks the protocol."""
    *before, last = frames
    receive(protocol, *before)
    with pytest.raises(ProtocolError) as error:
        protocol.receive(last)
    return error.value.code


def test_whole_messages_are_events_themselves(protocol: WebSocketProtocol) -> None:
    """Text is a str, binary is bytes."""
    frames = Frame(TEXT, "再见".encode()), Frame(BINARY, b"\xff"), Frame(TEXT)
    assert receive(protocol, *frames) == ["再见", b"\xff", ""]


def test_fragments_are_joined_around_control_frames(protocol: WebSocketProtocol) -> None:
    """A character may be cut in two, and pings come out in between."""
    first, last = "ä".encode()[:1], "ä".encode()[1:]
    events = receive(
        protocol,
        Frame(TEXT, first, fin=False),
        Frame(PING, b"p"),
        Frame(CONTINUATION, last, fin=False),
        Frame(PONG, b"q"),
        Frame(CONTINUATION, b"!"),
        Frame(BINARY, b"a", fin=False),
        Frame(CONTINUATION, b"b"),
    )
    assert events == [None, Ping(b"p"), None, Pong(b"q"), "ä!", None, b"ab"]


@pytest.mark.parametrize(
    ("code", "frames"),
    [
        (1002, [Frame(CONTINUATION, b"a")]),
        (1002, [Frame(TEXT, b"a", fin=False), Frame(TEXT, b"b")]),
        (1002, [Frame(BINARY, b"a", fin=False), Frame(CONTINUATION), Frame(CONTINUATION)]),
        (1002, [Frame(TEXT, b"a", rsv1=True)]),
        (1002, [Frame(PING, rsv2=True)]),
        (1002, [Frame(CLOSE, rsv3=True)]),
        (1007, [Frame(TEXT, b"\xff")]),
        (1007, [Frame(TEXT, b"\xce", fin=False), Frame(CONTINUATION, b"a", fin=False)]),
        (1007, [Frame(TEXT, b"a", fin=False), Frame(CONTINUATION, b"\xce")]),
        (1009, [Frame(TEXT, b"a" * 9, fin=False), Frame(CONTINUATION, b"bc", fin=False)]),
        (1009, [Frame(BINARY, b"a" * 11, fin=False)]),
        (1002, [Frame(CLOSE, b"\x03")]),
        (1002, [Frame(CLOSE, (1005).to_bytes(2, "big"))]),
        (1007, [Frame(CLOSE, (1000).to_bytes(2, "big") + b"\xff")]),
    ],
)
def test_a_peer_that_breaks_the_protocol_gets_the_code_for_it(
    protocol: WebSocketProtocol, code: int, frames: list[Frame]
) -> None:
    """1002 for the form, 1007 for what is not UTF-8, 1009 for a message that is too big."""
    assert error_of(protocol, *frames) == code
    assert protocol.state is State.OPEN


def test_the_peers_close_is_answered_with_its_code(protocol: WebSocketProtocol) -> None:
    """The reason is kept but not sent back, and later frames are ignored."""
    (event,) = receive(protocol, Frame(CLOSE, (4321).to_bytes(2, "big") + b"bye"))
    assert event == CloseReceived(4321, "bye")

    assert protocol.answer_close(event) == b"\x88\x02" + (4321).to_bytes(2, "big")

    assert protocol.state is State.CLOSING
    assert (protocol.close_code, protocol.close_reason) == (4321, "bye")
    assert receive(protocol, Frame(TEXT, b"late"), Frame(PING)) == [None, None]


def test_an_empty_close_is_answered_by_an_empty_one(protocol: WebSocketProtocol) -> None:
    """1005 stands for no code, and is never sent."""
    (event,) = receive(protocol, Frame(CLOSE))
    assert event == CloseReceived(1005, "")
    assert protocol.answer_close(event) == b"\x88\x00"


def test_after_our_close_only_its_answer_counts(protocol: WebSocketProtocol) -> None:
    """Messages, broken frames and even a broken answer are not looked at any more."""
    receive(protocol, Frame(TEXT, b"a", fin=False))

    assert protocol.close(4001, "gone") == b"\x88\x06" + (4001).to_bytes(2, "big") + b"gone"

    late = Frame(CONTINUATION, b"b"), Frame(TEXT, b"\xff"), Frame(PING, rsv1=True)
    assert receive(protocol, *late) == [None, None, None]
    assert isinstance(protocol.receive(Frame(CLOSE, b"\x03")), CloseReceived)
    assert (protocol.close_code, protocol.close_reason) == (4001, "gone")


def test_a_connection_that_is_lost_without_a_close_frame_has_code_1006(
    protocol: WebSocketProtocol,
) -> None:
    """Nothing that comes later counts."""
    protocol.connection_lost()

    assert protocol.state is State.CLOSED
    assert (protocol.close_code, protocol.close_reason) == (1006, "")
    assert receive(protocol, Frame(TEXT, b"a"), Frame(CLOSE)) == [None, None]
