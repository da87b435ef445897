"""What rooms and users need of the other workers, and the answer of a worker that is alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

import msgspec

from .topics import Topics, user_of


class BackplaneAway(ConnectionError):
    """Redis did not answer in time; the same call may succeed later."""


class Change(msgspec.Struct, frozen=True):
    """Something that the other workers are to know."""

    topic: str
    """Whose being held by this worker may have changed."""
    take: str = ""
    """The socket that becomes its user's only device."""
    drop: str = ""
    """A socket that is its user's only device no longer."""
    farewell: bytes = b""
    """What the only device so far gets to do: an encoded command."""


class Close(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command between workers: close the sockets of a topic."""

    code: int
    reason: str
    frame: bytes = b""
    """What they get before, as a frame."""
    only: dict[str, str | int] = {}
    """Attributes that a socket must have to be meant."""


_COMMAND = b"\x00"
"""No frame begins with it."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Close)


def encode_command(command: Close) -> bytes:
    """Give a command as the payload of a topic."""
    return _COMMAND + _encoder.encode(command)


def decode_command(payload: bytes) -> Close | None:
    """Read a payload; None where it is a frame for clients."""
    return _decoder.decode(payload[1:]) if payload[:1] == _COMMAND else None


_LABEL = b"\x01"
"""Nor with this one."""


def with_label(frame: bytes, label: str) -> bytes:
    """Give *frame* as a payload that says by *label* what it holds; clients do not see it."""
    text = label.encode()
    return _LABEL + len(text).to_bytes(2, "big") + text + frame


def split_label(payload: bytes) -> tuple[str | None, bytes]:
    """Give the label of a payload, or None, and its frame."""
    if payload[:1] != _LABEL:
        return None, payload
    end = 3 + int.from_bytes(payload[1:3], "big")
    return payload[3:end].decode(), payload[end:]


_DROPPABLE = b"\x02"
"""Nor with this one; a label comes after it."""


def as_droppable(payload: bytes) -> bytes:
    """Give *payload* as one that may be left out where something else waits."""
    return _DROPPABLE + payload


def split_droppable(payload: bytes) -> tuple[bool, bytes]:
    """Tell whether a payload may be left out, and give the rest of it."""
    return (True, payload[1:]) if payload[:1] == _DROPPABLE else (False, payload)


class Deliver(Protocol):
    """How a backplane hands over what came for a topic of this worker."""

    def __call__(self, topic: str, payload: bytes) -> None:
        """Give *payload*, a frame or a command, to the sockets in *topic*."""


class Events:
    """What a backplane tells: the last word on who is online, and that messages were missed."""

    def __init__(self, emit: Callable[..., None]) -> None:
        self._emit = emit

    def online(self, user_id: int) -> None:
        """A user has a socket again, on any worker."""
        self._emit("online", user_id)

    def offline(self, user_id: int) -> None:
        """A user's last socket, on whichever worker, is gone."""
        self._emit("offline", user_id)

    def position_lost(self) -> None:
        """Messages for this worker's sockets may have been missed."""
        self._emit("position_lost")


class Backplane(Protocol):
    """The seam between one worker's sockets and those of all others."""

    worker: str
    """This worker's id."""

    async def start(self) -> None:
        """Begin to hear the others."""

    async def stop(self) -> None:
        """Take this worker's traces away."""

    def publish(self, topic: str, payload: bytes, *, droppable: bool = False) -> None:
        """
        Give *payload* to all other workers that hold *topic*. Never waits.

        Args:
            topic: whose sockets get it.
            payload: a frame or a command.
            droppable: whether it is left out while other messages wait.
        """

    def publish_to_users(
        self, user_ids: AbstractSet[int], payload: bytes, *, droppable: bool = False
    ) -> None:
        """Give *payload* once to each other worker that holds topics of these users."""

    async def settle(self, topic: str) -> None:
        """
        Wait until the others know whether this worker holds *topic*.

        Raises:
            BackplaneAway: they could not be told in time.
        """

    async def apply(self, change: Change) -> None:
        """
        Tell the others of *change*, and wait until they know.

        Raises:
            BackplaneAway: they could not be told in time.
        """

    def note(self, change: Change) -> None:
        """Tell the others of *change* without waiting; what cannot be told is told later."""

    async def held(self, topics: Sequence[str]) -> list[bool]:
        """
        Tell which of *topics* any worker holds.

        Raises:
            BackplaneAway: Redis did not answer in time.
        """


class Alone:
    """
    The backplane of a worker without Redis: there is nobody else.

    Args:
        worker: this worker's id.
        topics: the worker's index.
        deliver: to this worker's own sockets.
        events: told of transitions.
    """

    def __init__(self, worker: str, topics: Topics, deliver: Deliver, events: Events) -> None:
        self.worker = worker
        self._topics = topics
        self._deliver = deliver
        self._events = events
        self._held: set[str] = set()
        self._devices: dict[str, str] = {}

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    def publish(self, topic: str, payload: bytes, *, droppable: bool = False) -> None:
        """Do nothing: this worker's own sockets have it already."""

    def publish_to_users(
        self, user_ids: AbstractSet[int], payload: bytes, *, droppable: bool = False
    ) -> None:
        """Do nothing: this worker's own sockets have it already."""

    async def settle(self, topic: str) -> None:
        """Do nothing: nobody else needs to know."""

    async def apply(self, change: Change) -> None:
        """Note who is online."""
        self.note(change)

    def note(self, change: Change) -> None:
        """Note who is online."""
        user_id = user_of(change.topic)
        if user_id is None:
            return
        if change.topic in self._topics:
            if change.topic not in self._held:
                self._held.add(change.topic)
                self._events.online(user_id)
        elif change.topic in self._held:
            self._held.discard(change.topic)
            self._events.offline(user_id)
        if change.drop and self._devices.get(change.topic) == change.drop:
            del self._devices[change.topic]
        if change.take:
            before = self._devices.get(change.topic)
            self._devices[change.topic] = change.take
            if before is not None and before != change.take:
                self._deliver(f"socket:{before}", change.farewell)

    async def held(self, topics: Sequence[str]) -> list[bool]:
        """Tell which of *topics* this worker holds."""
        return [topic in self._topics for topic in topics]
