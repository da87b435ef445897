"""From a commit to the sockets of those concerned."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from services.batch import Stored
from services.wire import Push


class SendToUser(Protocol):
    """How a frame reaches all sockets of a user, on whichever worker they are."""

    def __call__(
        self, user_id: int, data: str | bytes, skip: Any = None, label: str | None = None
    ) -> None:
        """Send *data* to *user_id*'s sockets, but *skip*; when it arrived, tell by *label*."""


def deliver(send_to_user: SendToUser) -> Callable[[Sequence[Stored]], None]:
    """Give what pushes committed messages to everybody concerned, each encoded once."""

    def push(stored: Sequence[Stored]) -> None:
        for one in stored:
            message = one.message
            frame = encode_push("message", message)
            label = f"{message.conv} {message.seq}"
            send_to_user(message.to_id, frame, skip=one.origin, label=label)
            if message.from_id != message.to_id:
                send_to_user(message.from_id, frame, skip=one.origin)

    return push


def encode_push(kind: str, data: object) -> str:
    """
    Encode a frame that nobody asked for.

    Args:
        kind: its type.
        data: anything that msgspec can encode.
    """
    return msgspec.json.encode(Push(kind, data, time.time_ns() // 1_000_000)).decode()
