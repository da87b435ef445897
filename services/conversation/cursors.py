"""How far somebody is: what was delivered, and what was read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from models import Member
from services.conversation.sql.cursors import Move
from services.conversation.sql.ranges import Range, read_authors
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context

WINDOW = 500
"""Entries that a pong looks at beyond those that it proves: one's own lie between them."""


class CursorsService(Service):
    """Moves the cursors of the one who asks, forward only."""

    ctx: Context

    async def delivered(self, user_id: int, conv: str, seq: int) -> None:
        """
        Note that everything up to *seq* arrived; it returns once that is committed.

        Raises:
            NoConversation: the user is not in it.
            Busy: too many cursors are waiting.
        """
        await self.ctx.app.cursors.put(Move(user_id, conv, seq, 0))

    async def read(self, user_id: int, conv: str, seq: int) -> None:
        """
        Note that everything up to *seq* was read, and so arrived; returns once it is committed.

        Raises:
            NoConversation: the user is not in it.
            Busy: too many cursors are waiting.
        """
        await self.ctx.app.cursors.put(Move(user_id, conv, seq, seq))

    async def passed(self, user_id: int, ends: dict[str, int]) -> None:
        """
        Note that an answer carried everything up to these ends.

        A cursor that could not be moved is no loss: its messages come again, and have the same
        ids.

        Args:
            user_id: who gets the answer.
            ends: conversation to seq.

        Raises:
            ChatError: none of them could be moved.
        """
        moves = [Move(user_id, conv, seq, 0) for conv, seq in ends.items()]
        futures = self.ctx.app.cursors.put_all(moves)
        outcomes = await asyncio.gather(*futures, return_exceptions=True)
        failures = [one for one in outcomes if isinstance(one, BaseException)]
        if failures and len(failures) == len(outcomes):
            raise failures[0]

    async def arrived(self, user_id: int, labels: list[str]) -> None:
        """
        Note that pushes arrived at a client that does not say so itself.

        A cursor moves only over what is proven: a push that was lost stops it, and what comes
        after waits for `/chat/getmessage` together with it.

        Args:
            user_id: whose client.
            labels: conversation and seq of each message, as `Delivery` wrote them.
        """
        proven: dict[str, set[int]] = {}
        for label in labels:
            conv, _, number = label.rpartition(" ")
            proven.setdefault(conv, set()).add(int(number))
        ranges: list[Range] = []
        for member in await Member.filter(user_id=user_id, conv__in=list(proven)):
            seqs, low = proven[member.conv], max(member.delivered_seq, member.join_seq)
            ranges.append((member.conv, low, min(max(seqs), low + len(seqs) + WINDOW)))
        database = self.ctx.app.orm
        entries = await read_authors(
            database.connection,
            database.dialect,
            [(conv, low, high) for conv, low, high in ranges if low < high],
        )
        moves = []
        for conv, found in entries.items():
            upto = 0
            for seq, author in found:
                if author != user_id and seq not in proven[conv]:
                    break
                upto = seq
            if upto:
                moves.append(Move(user_id, conv, upto, 0))
        await asyncio.gather(*self.ctx.app.cursors.put_all(moves), return_exceptions=True)
