"""RFC 6455 case by case: which messages are delivered, what is answered, the close code."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import pytest

from tests.websocket.raw import Raw, Recorder, close, frame

LIMIT = 70_000
KAPPA = "κόσμε"
FACE = "\N{GRINNING FACE}"


class Case(NamedTuple):
    """The bytes that a client sends, and the expected result."""

    sent: bytes
    messages: list[str | bytes] = []
    answers: list[tuple[int, bytes]] = []
    """Pongs; echoes are not listed."""
    code: int = 1000


def cut(text: str | bytes, *at: int, opcode: int | None = None) -> bytes:
    """Return *text* in fragments that end at the bytes *at*."""
    data = text.encode() if isinstance(text, str) else text
    first = opcode or (1 if isinstance(text, str) else 2)
    ends = [*at, len(data)]
    starts = [0, *at]
    return b"".join(
        frame(first if start == 0 and i == 0 else 0, data[start:end], fin=i == len(ends) - 1)
        for i, (start, end) in enumerate(zip(starts, ends, strict=True))
    )


def bad_text(data: bytes) -> bytes:
    """Return a text frame that is not UTF-8."""
    return frame(1, data)


GOOD = frame(1, b"good")
PING = (10, b"p")
SIZES = (0, 1, 125, 126, 127, 128, 65535, 65536, LIMIT)

CASES: dict[str, Case] = {
    **{f"text of {n}": Case(frame(1, b"*" * n), ["*" * n]) for n in SIZES},
    **{f"binary of {n}": Case(frame(2, b"\xfe" * n), [b"\xfe" * n]) for n in SIZES},
    "a mask of zeros": Case(frame(1, b"hi", mask=bytes(4)), ["hi"]),
    # --- fragments
    "two fragments": Case(cut("hello", 2), ["hello"]),
    "binary fragments": Case(cut(b"\x00\xff\x01", 1, 2), [b"\x00\xff\x01"]),
    "empty fragments": Case(cut("", 0, 0), [""]),
    "an empty first fragment": Case(cut("hi", 0), ["hi"]),
    "an empty last fragment": Case(cut("hi", 2), ["hi"]),
    "empty binary fragments": Case(cut(b"", 0), [b""]),
    "a ping within a message": Case(
        frame(1, b"a", fin=False) + frame(9, b"p") + frame(0, b"b"), ["ab"], [PING]
    ),
    "a pong within a message": Case(
        frame(1, b"a", fin=False) + frame(10, b"p") + frame(0, b"b"), ["ab"]
    ),
    "a close within a message": Case(frame(1, b"a", fin=False) + close(1001), code=1001),
    "fragments of the full size": Case(cut(b"x" * LIMIT, 1, LIMIT - 1), [b"x" * LIMIT]),
    "two messages in fragments": Case(cut("ab", 1) + cut(b"cd", 1), ["ab", b"cd"]),
    "a continuation of nothing": Case(frame(0, b"a"), code=1002),
    "a continuation of nothing, not final": Case(frame(0, b"a", fin=False), code=1002),
    "a continuation of what ended": Case(cut("ab", 1) + frame(0, b"c"), ["ab"], code=1002),
    "text within a message": Case(frame(1, b"a", fin=False) + frame(1, b"b"), code=1002),
    "binary within a message": Case(frame(1, b"a", fin=False) + frame(2, b"b"), code=1002),
    # --- bits, opcodes, masks
    **{
        f"reserved bits {rsv:03b} of opcode {opcode}": Case(frame(opcode, b"a", rsv=rsv), code=1002)
        for opcode in (1, 2, 9, 10)
        for rsv in (1, 2, 4, 7)
    },
    "reserved bits of a close": Case(frame(8, b"\x03\xe8", rsv=1), code=1002),
    "reserved bits of a continuation": Case(
        frame(1, b"a", fin=False) + frame(0, b"b", rsv=4), code=1002
    ),
    **{
        f"reserved opcode {opcode}": Case(frame(opcode, b"a"), code=1002)
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
    **{
        f"opcode {opcode} without a mask": Case(frame(opcode, b"", mask=None), code=1002)
        for opcode in (1, 2, 8, 9, 10)
    },
    # --- control frames
    "an empty ping": Case(frame(9), answers=[(10, b"")]),
    "a ping of 125": Case(frame(9, b"\xff" * 125), answers=[(10, b"\xff" * 125)]),
    "a ping of 126": Case(frame(9, b"p" * 126), code=1002),
    "a pong nobody asked for": Case(frame(10, b"p")),
    "a pong of 126": Case(frame(10, b"p" * 126), code=1002),
    "a close of 126": Case(close(1000, b"r" * 124), code=1002),
    **{
        f"a control frame {opcode} in fragments": Case(frame(opcode, b"", fin=False), code=1002)
        for opcode in (8, 9, 10)
    },
    "500 pings in one packet": Case(
        b"".join(frame(9, b"%d" % n) for n in range(500)),
        answers=[(10, b"%d" % n) for n in range(500)],
    ),
    # --- UTF-8
    **{
        f"{name} cut at {at}": Case(cut(text, at), [text])
        for name, text in (("Greek", KAPPA), ("a face", FACE))
        for at in range(len(text.encode()) + 1)
    },
    "a face cut into bytes": Case(cut(FACE, 1, 2, 3), [FACE]),
    "the last code point": Case(frame(1, "\U0010ffff".encode()), ["\U0010ffff"]),
    "a byte order mark and a zero": Case(frame(1, "\ufeff\x00".encode()), ["\ufeff\x00"]),
    "a lone byte": Case(bad_text(b"\x80"), code=1007),
    "an impossible byte": Case(bad_text(b"hello\xff"), code=1007),
    "a surrogate": Case(bad_text(b"\xed\xa0\x80"), code=1007),
    "an overlong slash": Case(bad_text(b"\xc0\xaf"), code=1007),
    "beyond the last code point": Case(bad_text(b"\xf4\x90\x80\x80"), code=1007),
    "a character that does not end": Case(bad_text(KAPPA.encode()[:-1]), code=1007),
    "a message that ends within a character": Case(
        cut(KAPPA.encode()[:-1], 3, opcode=1), code=1007
    ),
    "binary need not be UTF-8": Case(frame(2, b"\xff\x80"), [b"\xff\x80"]),
    # --- closing
    **{
        f"close code {code}": Case(close(code), code=code)
        for code in (
            *(1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014),
            *(3000, 3999, 4000, 4999),
        )
    },
    **{
        f"close code {code}, which must not be sent": Case(close(code), code=1002)
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
    "a close of one byte": Case(frame(8, b"\x03"), code=1002),
    "a close reason of 123 bytes": Case(close(1000, b"r" * 123)),
    "a close reason that is not UTF-8": Case(close(1000, b"\xff"), code=1007),
    "a close reason that ends within a character": Case(close(1000, "再".encode()[:2]), code=1007),
    "frames after the close": Case(close(1001) + GOOD + frame(9, b"p"), code=1001),
    "a second close": Case(close(1001) + close(1002), code=1001),
    "garbage after the close": Case(close(1001) + b"\xff" * 100, code=1001),
    # --- lengths
    "a message beyond the limit": Case(frame(1, b"a" * (LIMIT + 1)), code=1009),
    "fragments beyond the limit": Case(cut("a" * (LIMIT + 1), LIMIT), code=1009),
    "a length of 2^63-1": Case(frame(2, b"abc", form=8, declared=2**63 - 1), code=1009),
    "a length of 2^63": Case(frame(2, b"abc", form=8, declared=2**63), code=1002),
    "a length of 2^64-1": Case(frame(2, b"abc", form=8, declared=2**64 - 1), code=1002),
    "a control frame of 2^40": Case(frame(9, b"abc", form=8, declared=2**40), code=1002),
    "5 in two bytes": Case(frame(1, b"hello", form=2), code=1002),
    "5 in eight bytes": Case(frame(1, b"hello", form=8), code=1002),
    "125 in two bytes": Case(frame(1, b"x" * 125, form=2), code=1002),
    "65535 in eight bytes": Case(frame(1, b"x" * 65535, form=8), code=1002),
    # --- what is good comes before what is not
    "good, then an opcode that is none": Case(GOOD + frame(3), ["good"], code=1002),
    "good, then no mask": Case(GOOD + frame(1, b"x", mask=None), ["good"], code=1002),
    "good, then too long": Case(GOOD + frame(2, form=8, declared=2**40), ["good"], code=1009),
    "good, then a ping too long": Case(GOOD + frame(9, b"p" * 126), ["good"], code=1002),
    "good, then a bad close": Case(GOOD + close(999), ["good"], code=1002),
    "good, then not UTF-8": Case(GOOD + bad_text(b"\xff"), ["good"], code=1007),
    "good, then reserved bits": Case(GOOD + frame(1, b"x", rsv=2), ["good"], code=1002),
    "three good, then bad, then good": Case(GOOD * 3 + frame(3) + GOOD, ["good"] * 3, code=1002),
    "a ping, then bad": Case(frame(9, b"p") + frame(3), answers=[PING], code=1002),
    "fragments, then bad": Case(cut("ab", 1) + frame(15), ["ab"], code=1002),
}


@pytest.mark.parametrize("slow", [False, True], ids=["plain", "async"])
async def test_frames_are_handled_as_rfc_6455_requires(workers: Any, slow: bool) -> None:
    """Messages, pongs and the close code are those of the table, for plain and async listeners."""
    recorder = Recorder(slow)
    worker = await workers.start(recorder.mount, max_message_size=LIMIT)
    wrong = {}
    for name, case in CASES.items():
        recorder.messages.clear()
        client = await Raw.open(worker)

        await client.send([case.sent + close(1000)])
        *answers, (opcode, payload) = await client.rest()
        code, _ = await recorder.end()

        pongs = [answer for answer in answers if answer[0] == 10]
        echoes = [] if slow else [answer for answer in answers if answer[0] != 10]
        wanted = [] if slow else [_frame_of(message) for message in case.messages]
        got = (recorder.messages, pongs, echoes, opcode, int.from_bytes(payload[:2], "big"), code)
        if got != (case.messages, case.answers, wanted, 8, case.code, case.code):
            wrong[name] = got

    assert not wrong


def _frame_of(message: str | bytes) -> tuple[int, bytes]:
    return (1, message.encode()) if isinstance(message, str) else (2, message)


@pytest.mark.parametrize(
    "start",
    ["κ".encode() + b"\xed\xa0\x80", b"\xf4\x90", b"\xff", b"\xc0"],
    ids=["surrogate", "too high", "impossible", "overlong"],
)
async def test_invalid_utf8_fails_with_its_fragment(workers: Any, start: bytes) -> None:
    """The connection ends before the message does: the client need not send the rest."""
    recorder = Recorder()
    worker = await workers.start(recorder.mount)
    client = await Raw.open(worker)

    await client.send([frame(1, start, fin=False)])

    assert (await client.read())[1][:2] == (1007).to_bytes(2, "big")
    client.writer.close()
    assert (await recorder.end())[0] == 1007


async def test_frames_may_be_split_into_packets_anywhere(workers: Any) -> None:
    """Here each packet has one byte."""
    recorder = Recorder()
    worker = await workers.start(recorder.mount)
    client = await Raw.open(worker)
    sent = frame(1, b"a" * 130) + cut(KAPPA, 3) + frame(9, b"p") + frame(2, b"") + close(4000)

    for at in range(len(sent)):
        client.writer.write(sent[at : at + 1])
        await asyncio.sleep(0)  # a turn of the loop, in which the byte goes out
    got = await client.rest()

    assert recorder.messages == ["a" * 130, KAPPA, b""]
    assert got[-2:] == [(2, b""), (8, (4000).to_bytes(2, "big"))]


async def test_a_client_that_sends_too_much_receives_the_close_code(workers: Any) -> None:
    """1009 arrives while the client is still sending: the connection is not reset."""
    recorder = Recorder()
    worker = await workers.start(recorder.mount, max_message_size=1000)
    client = await Raw.open(worker)

    await client.send([frame(2, b"x" * 8_000_000)])

    assert (await client.rest())[-1][1][:2] == (1009).to_bytes(2, "big")
    assert (await recorder.end())[0] == 1009


async def test_a_client_that_does_not_close_after_a_failure_is_aborted(workers: Any) -> None:
    """It neither closes nor stops sending."""
    recorder = Recorder()
    worker = await workers.start(recorder.mount, close_timeout=0.1)
    client = await Raw.open(worker)

    await client.send([frame(3)])
    assert (await client.read())[0] == 8

    assert (await recorder.end())[0] == 1002
    client.writer.close()
