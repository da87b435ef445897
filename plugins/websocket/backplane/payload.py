"""Payloads that travel between workers, and their encoding: frames for clients, and commands."""

from __future__ import annotations

import msgspec

from yolk import Label

_CLOSE = b"\x00"
_LABEL = b"\x01"
_DROPPABLE = b"\x02"
"""First bytes of an encoded payload; no frame begins with one of them."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """A frame for clients, with what workers need to know about it."""

    frame: bytes
    label: Label | None = None
    """What the frame holds, for listeners to "arrived"; clients do not see it."""
    droppable: bool = False
    """Whether it may be left out where other messages wait."""


class Close(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command: close sockets."""

    code: int
    reason: str
    frame: bytes = b""
    """A last frame before the close."""
    only: dict[str, str | int | None] = {}
    """Attributes that a socket must have to be closed; None for one that it must not have."""


Payload = Message | Close

_encode_close = msgspec.msgpack.Encoder().encode
_decode_close = msgspec.msgpack.Decoder(Close).decode


def encode(payload: Payload) -> bytes:
    """Encode *payload* for another worker."""
    if isinstance(payload, Close):
        return _CLOSE + _encode_close(payload)
    data = payload.frame
    if payload.label is not None:
        label = f"{payload.label.stream} {payload.label.seq}".encode()
        data = _LABEL + len(label).to_bytes(2, "big") + label + data
    return _DROPPABLE + data if payload.droppable else data


def decode(data: bytes) -> Payload:
    """Decode a payload of another worker."""
    if data[:1] == _CLOSE:
        return _decode_close(data[1:])
    droppable = data[:1] == _DROPPABLE
    if droppable:
        data = data[1:]
    if data[:1] != _LABEL:
        return Message(data, droppable=droppable)
    end = 3 + int.from_bytes(data[1:3], "big")
    stream, _, seq = data[3:end].decode().rpartition(" ")
    return Message(data[end:], Label(stream, int(seq)), droppable)
