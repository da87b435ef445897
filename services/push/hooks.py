"""The hook points of the chat: `app.hooks`."""

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
"""Commits, pushes and changes of presence that may wait for plugins, of each kind."""

CLOSE_SECONDS = 3.0
"""Seconds to finish the waiting commits and pushes when the worker stops."""


class ChatHooks(Hooks):
    """
    The hooks of the chat.

    before_send(message) -> message | None: may refuse a message or return a changed one, before it
        is stored and before the next one of the same socket is read.
    after_commit(messages): messages and events that were stored, in the order of the commits on
        this worker.
    before_deliver(message, user_ids) -> user_ids | None: may exclude recipients from the push; they
        get the message with `sync`.
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
        Return a message after the plugins have checked and changed it.

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
        """Notify plugins of what was committed. It runs later, in order."""
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
        Ask plugins to filter recipients, then push. It runs later, in order in a conversation.

        Args:
            message: what was committed.
            user_ids: the recipients.
            push: pushes it to those that remain.
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
            remaining = await self.before_deliver.run(user_ids, message)
        except Refusal:
            return
        try:
            push(remaining)
        except Exception:  # the boundary of one push
            self._app.logger.exception("pushing a message of %s failed", message.conv)

    def online(self, user_id: int) -> Awaitable[None] | None:
        """Notify plugins that a user is online; the awaitable is done when all are notified."""
        return self._notify(self.on_online, user_id)

    def offline(self, user_id: int) -> Awaitable[None] | None:
        """Notify plugins that a user is offline; the awaitable is done when all are notified."""
        return self._notify(self.on_offline, user_id)

    def _notify(self, hook: Notice[int], user_id: int) -> Awaitable[None] | None:
        if not hook.handlers:
            return None
        notified = self._presence.put(user_id, partial(hook.notify, user_id))
        if notified is None:
            hook.missed()
        return notified

    async def close(self) -> None:
        """Wait until the waiting commits and pushes are done."""
        for queue in (self._commits, self._pushes):
            await queue.close(CLOSE_SECONDS)


class _Changes(msgspec.Struct):
    """What a plugin may change, with the bounds that clients have."""

    type: MessageType
    data: MessageText
    options: dict[str, Any] | None


def _changed(before: Draft, answer: Any) -> Draft:
    """
    Return the message with what a plugin changed.

    Raises:
        ValueError: the plugin changed another field, or exceeded a limit.
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
    Return the recipients that remain after a plugin.

    Raises:
        ValueError: the plugin added users.
    """
    remaining = frozenset(answer)
    if not remaining <= before:
        raise ValueError("it added users; it can only exclude some")
    return remaining
