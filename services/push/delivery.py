"""From a commit to the sockets of those concerned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

import msgspec

from models.columns import milliseconds
from services.message.batch import Stored
from services.push.hooks import ChatHooks
from services.wire import Push, WireMessage
from yolk import Label, WebSocketServer


class Delivery:
    """
    Pushes what is committed to everybody concerned, each encoded once.

    Args:
        sockets: all of them.
        hooks: where plugins have a say.
    """

    def __init__(self, sockets: WebSocketServer, hooks: ChatHooks) -> None:
        self._sockets = sockets
        self._hooks = hooks
        self.listeners: list[Callable[[Sequence[WireMessage]], None]] = []
        """Called with whatever was committed, messages and entries, before it is pushed."""

    def committed(self, stored: Sequence[Stored]) -> None:
        """Push messages to the members that their conversations had when they were stored."""
        self._tell([one.message for one in stored])
        for one in stored:
            self._push(one.message, one.users, one.origin)

    def push(self, message: WireMessage, user_ids: Iterable[int], origin: object = None) -> None:
        """
        Push one committed entry.

        Args:
            message: what was committed.
            user_ids: whom it concerns.
            origin: a socket that does not get it.
        """
        self._tell([message])
        self._push(message, user_ids, origin)

    def send(
        self,
        kind: str,
        data: object,
        user_ids: Iterable[int],
        skip: object = None,
        *,
        droppable: bool = False,
    ) -> None:
        """
        Push something that is stored nowhere.

        Args:
            kind: the type of the frame.
            data: anything that msgspec can encode.
            user_ids: whom it concerns.
            skip: a socket that does not get it.
            droppable: whether it may be lost under load, before anything else is.
        """
        frame = encode_push(kind, data)
        self._sockets.send_to_users(user_ids, frame, skip, droppable=droppable)

    def _push(self, message: WireMessage, user_ids: Iterable[int], origin: object) -> None:
        if self._hooks.before_deliver.handlers:
            people = {*user_ids, message.from_id}
            self._hooks.deliver(message, people, partial(self._write_to_some, message, origin))
        else:
            self._write(message, user_ids, origin)

    def _write_to_some(self, message: WireMessage, origin: object, left: AbstractSet[int]) -> None:
        self._write(message, left, origin, to_sender=message.from_id in left)

    def _write(
        self,
        message: WireMessage,
        user_ids: Iterable[int],
        origin: object,
        *,
        to_sender: bool = True,
    ) -> None:
        frame = encode_push("message", message)
        label = Label(message.conv, message.seq)
        send, sender = self._sockets.send_to_user, message.from_id
        others = [user for user in user_ids if user != sender]
        if len(others) == 1:
            send(others[0], frame, origin, label)
        elif others:
            self._sockets.send_to_users(others, frame, origin, label)
        # A sender's own devices prove nothing: what one wrote oneself never lies waiting.
        if to_sender:
            send(sender, frame, origin)

    def _tell(self, messages: Sequence[WireMessage]) -> None:
        for listener in self.listeners:
            listener(messages)
        self._hooks.committed(messages)


def encode_push(kind: str, data: object) -> str:
    """
    Encode a frame that nobody asked for.

    Args:
        kind: its type.
        data: anything that msgspec can encode.
    """
    return msgspec.json.encode(Push(kind, data, milliseconds())).decode()
