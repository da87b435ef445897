"""Where plugins have a say in the chat, and what they are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from services.errors import RefusedByPlugin, Unavailable
from services.fields import LONGEST_OPTIONS, Kind, Text, own_options
from services.message.batch import Draft
from services.wire import WireMessage
from yolk import Filter, Hooks, Notice, Refusal
from yolk.concurrency import KeyedSerialQueue

if TYPE_CHECKING:
    from yolk import Application

MAX_WAITING = 10_000
"""Calls of plugins that wait: for pushes, for commits and for presence; each kind counts alone."""

CLOSE_TIMEOUT = 3.0
"""Seconds to wait for these calls when the worker stops."""


class Outgoing(msgspec.Struct, frozen=True):
    """A message that somebody wants to send."""

    from_id: int
    to_id: int
    """A person, or a group."""
    chat_type: str
    """ "single" or "group"."""
    conv: str
    cid: str | None
    type: Kind
    data: Text
    options: dict[str, Any] | None

    def change(self, **fields: Any) -> Outgoing:
        """Give the same with another `data`, `type` or `options`."""
        changed: Outgoing = msgspec.structs.replace(self, **fields)
        return changed


class ChatHooks(Hooks):
    """
    The points of the chat: `app.hooks`.

    before_send(message) -> message | None: may refuse, or answer a changed one; before it is
        stored, and before the next one of the same socket is looked at.
    after_commit(messages): what was stored, messages and entries, in the order of its commits on
        this worker.
    before_deliver(message, user_ids) -> user_ids | None: may leave people out of the push, who
        find it by `sync`.
    on_online(user_id), on_offline(user_id): the first socket came, the last went, of all workers.
    """

    def __init__(self, app: Application) -> None:
        super().__init__(app)
        self.before_send: Filter[Outgoing] = self.declare(Filter("before_send", 1, _changed))
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
        Ask whether a message may be sent, and as what.

        Raises:
            RefusedByPlugin: it may not.
            Unavailable: a plugin that has to be asked failed.
        """
        if not self.before_send.handlers:
            return draft
        asked = Outgoing(
            draft.from_id,
            draft.to_id,
            draft.chat_type,
            draft.conv,
            draft.cid,
            draft.type,
            draft.data,
            msgspec.json.decode(draft.options) if draft.options else None,
        )
        try:
            answer = await self.before_send.run(asked)
        except Refusal as refusal:
            if refusal.temporary:
                raise Unavailable from None
            raise RefusedByPlugin(refusal.code, str(refusal)) from None
        if answer is asked:
            return draft
        options = msgspec.json.encode(answer.options).decode() if answer.options else None
        return msgspec.structs.replace(draft, type=answer.type, data=answer.data, options=options)

    def committed(self, messages: Sequence[WireMessage]) -> None:
        """Tell of what was committed, later and in order."""
        hook = self.after_commit
        if hook.handlers and not self._commits.put(None, partial(hook.tell, messages)):
            hook.missed()

    def deliver(
        self,
        message: WireMessage,
        user_ids: Iterable[int],
        push: Callable[[AbstractSet[int]], None],
    ) -> None:
        """
        Ask who is to get a push, and push; later, and in order within a conversation.

        Args:
            message: what was committed.
            user_ids: whom it concerns.
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
        """Tell that somebody came; what to await ends when everybody knows."""
        return self._tell(self.on_online, user_id)

    def offline(self, user_id: int) -> Awaitable[None] | None:
        """Tell that somebody went."""
        return self._tell(self.on_offline, user_id)

    def _tell(self, hook: Notice[int], user_id: int) -> Awaitable[None] | None:
        if not hook.handlers:
            return None
        told = self._presence.put(user_id, partial(hook.tell, user_id))
        if told is None:
            hook.missed()
        return told

    async def close(self) -> None:
        """Wait for what is under way."""
        for queue in (self._commits, self._pushes):
            await queue.close(CLOSE_TIMEOUT)


def _changed(before: Outgoing, answer: Any) -> Outgoing:
    """Take a plugin's message for the one that was sent, within the limits that clients have."""
    if not isinstance(answer, Outgoing):
        raise TypeError(f"it answered {type(answer).__name__}, neither a message nor None")
    if answer is before:
        return before
    for name in ("from_id", "to_id", "chat_type", "conv", "cid"):
        if getattr(answer, name) != getattr(before, name):
            raise ValueError(f"it changed {name}; only data, type and options can be changed")
    checked = msgspec.convert(msgspec.structs.asdict(answer), Outgoing)
    # What its file is says the server itself: see `ContentTypesService`.
    options = msgspec.json.encode(own_options(checked.options))
    if len(options) > LONGEST_OPTIONS:
        raise ValueError(f"its options take more than {LONGEST_OPTIONS} bytes")
    if "\0" in checked.data or b"\\u0000" in options:
        raise ValueError("a text of it holds the character U+0000")
    return checked


def _fewer(before: AbstractSet[int], answer: Any) -> AbstractSet[int]:
    """Take a plugin's people: never more than there were."""
    left = frozenset(answer)
    if not left <= before:
        raise ValueError("it added people; it can only leave some out")
    return left
