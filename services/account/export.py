"""Export of one's own data as JSON lines."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable

import msgspec
from uuid_utils.compat import UUID

from models import Block, File, Member, Message, Session, User
from services import Service
from services.conversation.visibility import visible
from services.errors import ExportRunning, NoSuchUser, TooManyChanges
from services.fields import EVENT_TYPES
from services.file.info import file_info
from services.wire import WireMessage

PAGE_MESSAGES = 20
"""Messages that are read at once: each may have 1 MiB."""
PAGE_ROWS = 500
LOCK_SECONDS = 60
"""How long the lock of an export is kept after its last page."""


class ExportService(Service):
    """A service that writes what the server knows of a user, in pages of bounded size."""

    async def start(self, user_id: int) -> AsyncGenerator[bytes, None]:
        """
        Return the export of a user: JSON objects, one on each line, the last one with `end`.

        Messages are those that the user can see, and the user's own in conversations that they
        left.

        Raises:
            ExportRunning: another export of this user is running.
            TooManyChanges: there were too many exports.
            NoSuchUser: the user does not exist any more.
        """
        app = self.ctx.app
        user = await User.get_or_none(id=user_id)
        if user is None:
            raise NoSuchUser
        key = f"yolk:export:{user_id}"
        if not await app.redis.set(key, 1, ex=LOCK_SECONDS, nx=True):
            raise ExportRunning
        try:
            await app.rates.take(app.config.auth.limits.export, "export", user_id, TooManyChanges)
        except BaseException:
            await app.redis.delete(key)
            raise
        return self._locked(user, key)

    async def _locked(self, user: User, key: str) -> AsyncGenerator[bytes, None]:
        try:
            async for page in self._pages(user):
                await self.ctx.app.redis.expire(key, LOCK_SECONDS)
                yield page
        finally:
            await self.ctx.app.redis.delete(key)

    async def _pages(self, user: User) -> AsyncGenerator[bytes, None]:
        yield _lines("profile", [await self.ctx.service.account.profile.show(user.id)])
        yield _lines("preferences", [await self.ctx.service.contact.preferences(user.id)])
        yield _lines(
            "login",
            [
                {
                    "device": session.device,
                    "address": session.address,
                    "create_time": session.create_time,
                    "use_time": session.use_time,
                }
                for session in await Session.filter(user_id=user.id).order_by("id").limit(PAGE_ROWS)
            ],
        )
        blocked = await Block.filter(user_id=user.id).order_by("blocked_id")
        yield _lines("blocked", [{"user_id": block.blocked_id} for block in blocked])
        async for page in self._files(user.id):
            yield page
        members = await Member.filter(user_id=user.id).order_by("id")
        for member in members:
            async for page in self._conversation(member):
                yield page
        async for page in self._elsewhere(user.id, {member.conv for member in members}):
            yield page
        yield _lines("end", [{}])

    async def _files(self, user_id: int) -> AsyncGenerator[bytes, None]:
        after = UUID(int=0)
        while files := (
            await File.filter(user_id=user_id, id__gt=after).order_by("id").limit(PAGE_ROWS)
        ):
            after = files[-1].id
            yield _lines("file", [file_info(file) for file in files])

    async def _conversation(self, member: Member) -> AsyncGenerator[bytes, None]:
        """Yield a conversation of the user, with the messages that the user can see."""
        settings = {
            "conv": member.conv,
            "nickname": member.nickname,
            "role": member.role,
            "read_seq": member.read_seq,
            "create_time": member.create_time,
        }
        yield _lines("conversation", [settings])
        seq = member.join_seq
        while rows := (
            await Message.filter(conv=member.conv, seq__gt=seq).order_by("seq").limit(PAGE_MESSAGES)
        ):
            seq = rows[-1].seq
            messages = [visible(WireMessage.of(row), member.join_seq) for row in rows]
            yield _lines("message", messages)

    async def _elsewhere(self, user_id: int, convs: set[str]) -> AsyncGenerator[bytes, None]:
        """Yield the user's own messages in conversations that the user has left."""
        found = Message.filter(from_id=user_id).exclude(type__in=EVENT_TYPES)
        own = await found.order_by("id").only("id", "conv")
        ids = [message.id for message in own if message.conv not in convs]
        for start in range(0, len(ids), PAGE_MESSAGES):
            rows = await Message.filter(id__in=ids[start : start + PAGE_MESSAGES]).order_by("id")
            yield _lines("message", [WireMessage.of(row) for row in rows])


def _lines(record: str, values: Iterable[object]) -> bytes:
    """Encode values as lines, each with the name of what it is."""
    return b"".join(
        msgspec.json.encode({"record": record, **_fields(value)}) + b"\n" for value in values
    )


def _fields(value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    names = value.__struct_fields__  # type: ignore[attr-defined]
    found = {name: getattr(value, name) for name in names}
    return {name: one for name, one in found.items() if one is not msgspec.UNSET}
