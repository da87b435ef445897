"""Requests over one socket, each answered under its id."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec

from controllers.api.chat import frames
from controllers.api.chat.frames import Frame
from extend.context import Context
from models.columns import milliseconds
from services import permissions
from services.errors import ChatError, UnknownType
from services.message.batch import Stored
from services.message.draft import Draft

Answer = Callable[[Context, Frame], Awaitable[None] | None]

MAX_UNPACED_FILL = 0.25
"""Fill of the queue of messages, from 0 to 1, from which on each socket waits for its last message.

So a few users who send as fast as they can do not fill it, which would refuse new sockets."""


def receive(ctx: Context, message: str | bytes) -> Awaitable[None] | None:
    """
    Answer one frame. An invalid frame does not close the socket.

    A message that needs no check is queued before this returns, so the order of frames is the order
    in the conversation; its answer follows the commit, and more frames may arrive meanwhile.

    Returns:
        None, or an awaitable that is done when the next frame may be read.
    """
    frame: Frame | None = None
    try:
        frame = Frame("ping") if message == "ping" else frames.decode(message)
        answer = ANSWERS.get(frame.type)
        if answer is None:
            raise UnknownType
        work = answer(ctx, frame)
    except ChatError as error:
        _fail(ctx, frame.id if frame else frames.request_id(message), error)
        return None
    return None if work is None else _guard(ctx, frame, work)


async def _guard(ctx: Context, frame: Frame, work: Awaitable[None]) -> None:
    """Wait for the answer to one request, and answer with the error if it fails."""
    try:
        await work
    except ChatError as error:
        _fail(ctx, frame.id, error)
    except Exception as error:  # noqa: BLE001 - the boundary of one request
        _fail(ctx, frame.id, ctx.fault(error))


@permissions.allows(*permissions.SEND)
def _send(ctx: Context, frame: Frame) -> Awaitable[None] | None:
    asked: frames.Send = frames.read(frame, frames.Send)
    draft = asked.draft(ctx.user.id, ctx.websocket)
    checking = ctx.service.message.check(draft)
    if checking is not None:
        return _queue_checked(ctx, frame, checking)
    return _queue(ctx, frame, draft)


async def _queue_checked(ctx: Context, frame: Frame, checking: Awaitable[Draft]) -> None:
    """Queue a message after its check. Later frames wait for it, so the order is kept."""
    queued = _queue(ctx, frame, await checking)
    if queued is not None:
        await queued


def _queue(ctx: Context, frame: Frame, draft: Draft) -> Awaitable[None] | None:
    """Queue a message; if many wait already, return what its socket has to wait for."""
    writer = ctx.app.writer
    future = writer.put(draft)
    future.add_done_callback(partial(_answer_send, ctx, frame.id))
    return None if writer.fill < MAX_UNPACED_FILL else _stored(future)


async def _stored(future: asyncio.Future[Stored]) -> None:
    """Wait until a message is stored or refused, which `_answer_send` answers."""
    await asyncio.wait([future])


def _answer_send(ctx: Context, request: Any, future: asyncio.Future[Stored]) -> None:
    error = future.exception()
    if error is not None:
        _fail(ctx, request, error if isinstance(error, ChatError) else ctx.fault(error))
        return
    stored = future.result()
    message = stored.message
    result = frames.SendResult(
        message.id,
        message.conv,
        message.seq,
        message.create_time,
        stored.dup,
        stored.draft.changed,
    )
    ctx.websocket.send(frames.ok(request, result))


@permissions.allows(permissions.MEMBERS)
async def _delivered(ctx: Context, frame: Frame) -> None:
    asked: frames.Cursor = frames.read(frame, frames.Cursor)
    ctx.says_delivered = True
    await ctx.service.conversation.cursors.delivered(ctx.user.id, asked.conv, asked.seq)
    ctx.websocket.send(frames.ok(frame.id, {}))


@permissions.allows(permissions.MEMBERS)
async def _read(ctx: Context, frame: Frame) -> None:
    asked: frames.Cursor = frames.read(frame, frames.Cursor)
    await ctx.service.conversation.cursors.read(ctx.user.id, asked.conv, asked.seq)
    ctx.websocket.send(frames.ok(frame.id, {}))


@permissions.allows(permissions.SYNC)
async def _sync(ctx: Context, frame: Frame) -> None:
    asked: frames.Resume = frames.read(frame, frames.Resume)
    synced = await ctx.service.conversation.sync.missed(
        ctx.user.id, asked.cursors, asked.limit, asked.page
    )
    ctx.websocket.send(frames.ok(frame.id, synced))


@permissions.allows(permissions.MEMBERS)
async def _pull(ctx: Context, frame: Frame) -> None:
    asked: frames.Pull = frames.read(frame, frames.Pull)
    page = await ctx.service.conversation.history.page(
        ctx.user.id, asked.conv, before=asked.before, after=asked.after, limit=asked.limit
    )
    ctx.websocket.send(frames.ok(frame.id, page))


@permissions.allows(*permissions.RECALL)
async def _recall(ctx: Context, frame: Frame) -> None:
    asked: frames.Recall = frames.read(frame, frames.Recall)
    event = await ctx.service.message.recall(ctx.user.id, asked.id)
    ctx.websocket.send(frames.ok(frame.id, event))


@permissions.allows(*permissions.EDIT)
async def _edit(ctx: Context, frame: Frame) -> None:
    asked: frames.Edit = frames.read(frame, frames.Edit)
    edited = await ctx.service.message.edit(ctx.user.id, asked.id, asked.data)
    ctx.websocket.send(frames.ok(frame.id, edited))


@permissions.allows(permissions.MEMBERS)
async def _readers(ctx: Context, frame: Frame) -> None:
    asked: frames.ReadersOf = frames.read(frame, frames.ReadersOf)
    found = await ctx.service.conversation.readers.of(
        ctx.user.id, asked.id, asked.after, asked.limit
    )
    ctx.websocket.send(frames.ok(frame.id, found))


@permissions.allows(*permissions.TYPING)
async def _typing(ctx: Context, frame: Frame) -> None:
    asked: frames.Typing = frames.read(frame, frames.Typing)
    await ctx.service.push.typing_indicator.show(
        ctx.user.id, asked.to_id, asked.chat_type, ctx.websocket
    )
    ctx.websocket.send(frames.ok(frame.id, {}))


@permissions.allows(permissions.PRESENCE)
async def _presence(ctx: Context, frame: Frame) -> None:
    asked: frames.Watch = frames.read(frame, frames.Watch)
    online = await ctx.service.push.presence.watch(asked.users)
    ctx.websocket.send(frames.ok(frame.id, frames.Online(sorted(online))))


@permissions.allows(permissions.USERS)
async def _token(ctx: Context, frame: Frame) -> None:
    asked: frames.NewToken = frames.read(frame, frames.NewToken)
    expires_in = await ctx.service.account.tokens.replace(asked.token)
    ctx.websocket.send(frames.ok(frame.id, frames.TokenAccepted(expires_in)))


@permissions.allows(permissions.USERS)
def _pong(ctx: Context, frame: Frame) -> None:
    pong = {"type": "pong", "timestamp": milliseconds()}
    if frame.id is not None:
        pong["id"] = frame.id
    ctx.websocket.send(msgspec.json.encode(pong).decode())


def _fail(ctx: Context, request: Any, error: ChatError) -> None:
    ctx.websocket.send(frames.fail(request, error, ctx.locale))


ANSWERS: dict[str, Answer] = {
    "send": _send,
    "delivered": _delivered,
    "read": _read,
    "sync": _sync,
    "pull": _pull,
    "recall": _recall,
    "edit": _edit,
    "readers": _readers,
    "typing": _typing,
    "presence": _presence,
    "token": _token,
    "ping": _pong,
}
