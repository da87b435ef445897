"""Sending, and what lies after a cursor."""

from __future__ import annotations

import asyncio
from itertools import takewhile
from typing import TYPE_CHECKING

from tortoise.expressions import Q

from models import Conversation, Member, Message
from services.batch import Draft, Stored
from services.delivery import encode_push
from services.errors import NoConversation
from services.wire import WireMessage
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context

CONDITIONS = 200
"""How many conversations one query names: databases bound the depth of a condition."""


class MessageService(Service):
    """Messages of the one who asks."""

    ctx: Context

    def send(self, draft: Draft) -> asyncio.Future[Stored]:
        """
        Queue a message for the next commit.

        Returns:
            a future of the stored message, or of the `ChatError` why not.

        Raises:
            Busy: too many messages are waiting.
        """
        return self.ctx.app.writer.put(draft)

    async def undelivered(self, user_id: int, limit: int) -> list[WireMessage]:
        """
        Give what others wrote after the delivered cursors, and move these past it.

        Args:
            user_id: whose cursors.
            limit: how many messages at most; the rest waits for the next call.

        Returns:
            messages by time; those of one conversation by seq.
        """
        members = await Member.filter(user_id=user_id)
        # Read before the messages: what is committed later keeps for the next call.
        heads = await _last_seqs([member.conv for member in members])
        behind = [member for member in members if heads.get(member.conv, 0) > member.delivered_seq]
        rows: list[Message] = []
        passed: dict[str, int] = {}
        for start in range(0, len(behind), CONDITIONS):
            some = behind[start : start + CONDITIONS]
            room = limit - len(rows)
            if room == 0:
                break
            after = Q(
                *(Q(conv=member.conv, seq__gt=member.delivered_seq) for member in some),
                join_type=Q.OR,
            )
            found = (
                await Message.filter(after)
                .exclude(from_id=user_id)
                .order_by("conv", "seq")
                .limit(room)
            )
            if len(found) < room:
                # Nothing was left out, so one's own messages in between are passed too.
                passed |= {member.conv: heads[member.conv] for member in some}
            passed |= {row.conv: max(row.seq, passed.get(row.conv, 0)) for row in found}
            rows += found
        await self._move_delivered(user_id, passed)
        rows.sort(key=lambda row: (row.create_time, row.conv, row.seq))
        return [WireMessage.of(row) for row in rows]

    async def delivered(self, user_id: int, conv: str, seq: int) -> None:
        """
        Note that everything up to *seq* arrived.

        Raises:
            NoConversation: the user is not in it.
        """
        seq = await self._known(user_id, conv, seq)
        if await self._move_delivered(user_id, {conv: seq}):
            await self._tell(user_id, conv, {"delivered_seq": seq})

    async def arrived(self, user_id: int, labels: list[str]) -> None:
        """
        Note that pushes arrived at a client that does not say so itself.

        A cursor moves only over what is proven: a push that was lost stops it, and what comes
        after waits for `/chat/getmessage` together with it.

        Args:
            user_id: whose client.
            labels: conversation and seq of each message, as `deliver` wrote them.
        """
        proven: dict[str, set[int]] = {}
        for label in labels:
            conv, _, seq = label.rpartition(" ")
            proven.setdefault(conv, set()).add(int(seq))
        passed: dict[str, int] = {}
        for member in await Member.filter(user_id=user_id, conv__in=list(proven)):
            seqs = proven[member.conv]
            others = (
                await Message.filter(
                    conv=member.conv, seq__gt=member.delivered_seq, seq__lte=max(seqs)
                )
                .exclude(from_id=user_id)
                .order_by("seq")
                .limit(len(seqs) + 1)
                .values_list("seq")
            )
            there = list(takewhile(seqs.__contains__, (int(row[0]) for row in others)))
            if there:
                passed[member.conv] = there[-1]
        await self._move_delivered(user_id, passed)
        for conv, upto in passed.items():
            await self._tell(user_id, conv, {"delivered_seq": upto})

    async def read(self, user_id: int, conv: str, seq: int) -> None:
        """
        Note that everything up to *seq* was read, and so arrived.

        Raises:
            NoConversation: the user is not in it.
        """
        seq = await self._known(user_id, conv, seq)
        await self._move_delivered(user_id, {conv: seq})
        row = await Message.get_or_none(conv=conv, seq=seq)
        if row is None:
            return
        async with self.ctx.app.orm.transaction() as connection:
            moved = (
                await Member.filter(conv=conv, user_id=user_id, read_seq__lt=seq)
                .using_db(connection)
                .update(read_seq=seq, read_number=row.number)
            )
        if moved:
            await self._tell(user_id, conv, {"read_seq": seq})

    async def _known(self, user_id: int, conv: str, seq: int) -> int:
        """Give *seq*, but no more than there is: a cursor in the future would lose messages."""
        conversation = await Conversation.get_or_none(conv=conv)
        if conversation is None or not await Member.exists(conv=conv, user_id=user_id):
            raise NoConversation
        last_seq: int = conversation.last_seq
        return min(seq, last_seq)

    async def _move_delivered(self, user_id: int, passed: dict[str, int]) -> bool:
        """Move cursors forward, never back; tell whether any moved."""
        if not passed:
            return False
        moved = 0
        async with self.ctx.app.orm.transaction() as connection:
            for conv, seq in sorted(passed.items()):
                moved += (
                    await Member.filter(conv=conv, user_id=user_id, delivered_seq__lt=seq)
                    .using_db(connection)
                    .update(delivered_seq=seq)
                )
        return moved > 0

    async def _tell(self, user_id: int, conv: str, cursors: dict[str, int]) -> None:
        frame = encode_push("receipt", {"conv": conv, "user_id": user_id, **cursors})
        for member in await Member.filter(conv=conv):
            self.ctx.app.ws.send_to_user(member.user_id, frame)


async def _last_seqs(convs: list[str]) -> dict[str, int]:
    rows = await Conversation.filter(conv__in=convs).values_list("conv", "last_seq")
    return dict(rows)
