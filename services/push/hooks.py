"""The points of the chat at which plugins act: `app.hooks`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from services.errors import InvalidData, RefusedByPlugin, Unavailable
from services.fields import MessageText, MessageType
from services.message.draft import Draft, without_file
from services.wire import WireMessage
from yolk import Filter, Hooks, Notice, Refusal
from yolk.concurrency import KeyedSerialQueue

if TYPE_CHECKING:
    from yolk import Application

MAX_WAITING = 10_000
"""Pushes, commits, and changes of presence that wait for plugins; each kind counts for itself."""

CLOSE_TIMEOUT = 3.0
"""Seconds in which waiting pushes and commits must end when the worker stops."""


class ChatHooks(Hooks):
    """
    The hooks of the chat.

    before_send(message) -> message | None: may refuse a message, or return a changed one; before it
        is stored, and before the next one of the same socket is read.
    after_commit(messages): messages and events that were stored, in the order of the commits on
        this worker.
    before_deliver(message, user_ids) -> user_ids | None: may exclude users from the push, who get
        the message by `sync`.
    on_online(user_id), on_offline(user_id): the first socket of a user was opened, or the last one
        closed, across all workers.
    """

    def __init__(self, app: Application) -> None:
        super().__init__(app)
        self.before_send: Filter[Draft] = self.declare(Filter("before_send", 1, _changed))
        self.after_commit: Notice[Sequence[WireMessage]] = self.declare(Notice("after_commit"))
        self.before_deliver: Filter[AbstractSet[int]] = self.declare(
            Filter("before_deliver", 2, _fewer)
        )
        self.on_online: Notice[int] = self.declare(Notice("on_online"))
        self.on_offline: Notice[int] = self.declare(Notice("on_offline"))
        self._commits = KeyedSerialQueue(MAX_WAITING)
        self._pushes = KeyedSerialQueue(MAX_WAITING)
        self._presence = KeyedSerialQueue(MAX_WAITING)

    async def check(self, draft: Draft) -> Draft:
        """
        Return a message as plugins leave it.

        Raises:
            RefusedByPlugin: a plugin refuses it.
            Unavailable: a plugin that must be asked failed.
        """
        try:
            return await self.before_send.run(draft)
        except Refusal as refusal:
            if refusal.temporary:
                raise Unavailable from None
            raise RefusedByPlugin(refusal.code, str(refusal)) from None

    def committed(self, messages: Sequence[WireMessage]) -> None:
        """Notify plugins of what was committed, later and in order."""
        hook = self.after_commit
        if hook.handlers and not self._commits.put(None, partial(hook.notify, messages)):
            hook.missed()

    def deliver(
        self,
        message: WireMessage,
        user_ids: Iterable[int],
        push: Callable[[AbstractSet[int]], None],
    ) -> None:
        """
        Ask plugins who gets a push, and push; later, and in order within a conversation.

        Args:
            message: what was committed.
            user_ids: the users whom it concerns.
            push: pushes it to some of them.
        """
        ask = partial(self._deliver, message, frozenset(user_ids), push)
        if not self._pushes.put(message.conv, ask):
            self.before_deliver.missed()

    async def _deliver(
        self,
        message: WireMessage,
        user_ids: frozenset[int],
        push: Callable[[AbstractSet[int]], None],
    ) -> None:
        try:
            left = await self.before_deliver.run(user_ids, message)
        except Refusal:
            return
        try:
            push(left)
        except Exception:  # the boundary of one push
            self._app.logger.exception("pushing a message of %s failed", message.conv)

    def online(self, user_id: int) -> Awaitable[None] | None:
        """Notify plugins that a user is online; the awaitable ends when all are notified."""
        return self._notify(self.on_online, user_id)

    def offline(self, user_id: int) -> Awaitable[None] | None:
        """Notify plugins that a user is offline; the awaitable ends when all are notified."""
        return self._notify(self.on_offline, user_id)

    def _notify(self, hook: Notice[int], user_id: int) -> Awaitable[None] | None:
        if not hook.handlers:
            return None
        notified = self._presence.put(user_id, partial(hook.notify, user_id))
        if notified is None:
            hook.missed()
        return notified

    async def close(self) -> None:
        """Wait until what is waiting for plugins is done."""
        for queue in (self._commits, self._pushes):
            await queue.close(CLOSE_TIMEOUT)


class _Changes(msgspec.Struct):
    """What a plugin may change, with the bounds that clients have."""

    type: MessageType
    data: MessageText
    options: dict[str, Any] | None


def _changed(before: Draft, answer: Any) -> Draft:
    """
    Return a plugin's message in place of the one that was sent.

    Raises:
        ValueError: the plugin changed what it cannot change, or passed a limit.
    """
    if not isinstance(answer, Draft):
        raise TypeError(f"it answered {type(answer).__name__}, neither a message nor None")
    if answer is before:
        return before
    for name in ("from_id", "to_id", "chat_type", "cid"):
        if getattr(answer, name) != getattr(before, name):
            raise ValueError(f"it changed {name}; only data, type and options can be changed")
    # `file` is left out: if the message still carries one, the server describes it anew.
    wanted = {"type": answer.type, "data": answer.data, "options": without_file(answer.options)}
    changes = msgspec.convert(wanted, _Changes)
    after = before.change(**msgspec.structs.asdict(changes), file=None)
    try:
        after.check_limits()
    except InvalidData as error:
        raise ValueError(error.detail) from None
    return after


def _fewer(before: AbstractSet[int], answer: Any) -> AbstractSet[int]:
    """
    Return the users that a plugin leaves.

    Raises:
        ValueError: there are others among them.
    """
    left = frozenset(answer)
    if not left <= before:
        raise ValueError("it added users; it can only exclude some")
    return left
