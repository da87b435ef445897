"""Pushes committed messages and events to the sockets of their recipients."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial

import msgspec

from models.columns import milliseconds
from services.message.batch import Stored
from services.push.hooks import ChatHooks
from services.wire import Push, WireMessage
from yolk import Label, WebSocketServer

Listener = Callable[[Sequence[WireMessage]], None]
"""Called with messages and events that were committed."""


class Delivery:
    """
    A publisher of what was committed, to sockets on all workers. Each frame is encoded once.

    Args:
        sockets: the server of all sockets.
        hooks: the hooks of plugins.
        listeners: called with what was committed, before it is pushed.
    """

    def __init__(
        self, sockets: WebSocketServer, hooks: ChatHooks, listeners: Sequence[Listener] = ()
    ) -> None:
        self._sockets = sockets
        self._hooks = hooks
        self._listeners = (*listeners, hooks.committed)

    def committed(self, stored: Sequence[Stored]) -> None:
        """Push stored messages to those who were members when they were stored."""
        self._notify([one.message for one in stored])
        for one in stored:
            self._push(one.message, one.users, one.draft.origin)

    def push(
        self,
        message: WireMessage,
        user_ids: Iterable[int],
        origin: object = None,
        *,
        reduced: WireMessage | None = None,
        reduced_for: Collection[int] = (),
    ) -> None:
        """
        Push one committed event.

        Args:
            message: the event.
            user_ids: the recipients.
            origin: a socket that does not get it.
            reduced: the event for users who may not read all of it.
            reduced_for: these users, without the sender.
        """
        self._notify([message])
        self._push(message, user_ids, origin)
        if reduced is not None and reduced_for:
            self._push(reduced, reduced_for, origin, to_sender=False)

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
        Push something that is not stored.

        Args:
            kind: the type of the frame.
            data: anything that msgspec can encode.
            user_ids: the recipients.
            skip: a socket that does not get it.
            droppable: whether it may be dropped first, under load.
        """
        frame = encode_push(kind, data)
        self._sockets.send_to_users(user_ids, frame, skip, droppable=droppable)

    def _push(
        self,
        message: WireMessage,
        user_ids: Iterable[int],
        origin: object,
        *,
        to_sender: bool = True,
    ) -> None:
        if self._hooks.before_deliver.handlers:
            recipients = {*user_ids, message.from_id} if to_sender else {*user_ids}
            self._hooks.deliver(message, recipients, partial(self._write_to, message, origin))
        else:
            self._write(message, user_ids, origin, to_sender=to_sender)

    def _write_to(self, message: WireMessage, origin: object, users: AbstractSet[int]) -> None:
        self._write(message, users, origin, to_sender=message.from_id in users)

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
        # Without a label: what users wrote themselves never counts as undelivered.
        if to_sender:
            send(sender, frame, origin)

    def _notify(self, messages: Sequence[WireMessage]) -> None:
        for listener in self._listeners:
            listener(messages)


def encode_push(kind: str, data: object) -> str:
    """
    Encode a frame that the client did not ask for.

    Args:
        kind: the type of the frame.
        data: anything that msgspec can encode.
    """
    return msgspec.json.encode(Push(kind, data, milliseconds())).decode()
