"""The cursors of a member: up to where events were delivered and read."""

from __future__ import annotations

import asyncio

from models import Member
from services import Service
from services.conversation.sql.cursors import Move
from services.conversation.sql.ranges import Range, read_authors
from yolk import Label

ARRIVAL_WINDOW = 500
"""Events that are read beyond those that a pong confirms: the member's own lie between them."""


class CursorsService(Service):
    """Moves a member's cursors, forward only."""

    async def delivered(self, user_id: int, conv: str, seq: int) -> None:
        """
        Mark everything up to *seq* as delivered. Returns after the commit.

        Raises:
            NoConversation: the user is not a member.
            Busy: too many cursors are waiting.
        """
        await self.ctx.app.cursors.put(Move(user_id, conv, seq, 0))

    async def read(self, user_id: int, conv: str, seq: int) -> None:
        """
        Mark everything up to *seq* as read, and so as delivered. Returns after the commit.

        Raises:
            NoConversation: the user is not a member.
            Busy: too many cursors are waiting.
        """
        await self.ctx.app.cursors.put(Move(user_id, conv, seq, seq))

    async def passed(self, user_id: int, ends: dict[str, int]) -> None:
        """
        Mark what an answer carries as delivered.

        A cursor that cannot be moved loses nothing: its messages are sent again, with the same
        ids.

        Args:
            user_id: the recipient of the answer.
            ends: conversation to the last seq in the answer.

        Raises:
            ChatError: no cursor could be moved.
        """
        moves = [Move(user_id, conv, seq, 0) for conv, seq in ends.items()]
        futures = self.ctx.app.cursors.put_all(moves)
        outcomes = await asyncio.gather(*futures, return_exceptions=True)
        failures = [one for one in outcomes if isinstance(one, BaseException)]
        if failures and len(failures) == len(outcomes):
            raise failures[0]

    async def arrived(self, user_id: int, labels: list[Label]) -> None:
        """
        Mark pushes as delivered for a client that does not acknowledge them itself.

        A cursor moves only over pushes that are confirmed. A lost push stops it; that push and
        later ones are returned by `/chat/getmessage`.

        Args:
            user_id: whose client.
            labels: conversation and seq of each message.
        """
        proven: dict[str, set[int]] = {}
        for conv, seq in labels:
            proven.setdefault(conv, set()).add(seq)
        ranges: list[Range] = []
        for member in await Member.filter(user_id=user_id, conv__in=list(proven)):
            seqs, low = proven[member.conv], max(member.delivered_seq, member.join_seq)
            ranges.append((member.conv, low, min(max(seqs), low + len(seqs) + ARRIVAL_WINDOW)))
        database = self.ctx.app.orm
        events = await read_authors(
            database.connection,
            database.dialect,
            [(conv, low, high) for conv, low, high in ranges if low < high],
        )
        moves = []
        for conv, found in events.items():
            upto = 0
            for seq, author in found:
                if author != user_id and seq not in proven[conv]:
                    break
                upto = seq
            if upto:
                moves.append(Move(user_id, conv, upto, 0))
        await asyncio.gather(*self.ctx.app.cursors.put_all(moves), return_exceptions=True)
