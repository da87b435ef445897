"""The conversations of one who asks, and what was said in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from models import Conversation, Member
from models.columns import milliseconds
from services.conversation.overview import Overview, Place, Unread
from services.conversation.sql.overview import read_overview, read_unread
from services.errors import NoConversation
from yolk import Service

if TYPE_CHECKING:
    from extend.context import Context


class Marks(msgspec.Struct):
    """What somebody wants for one conversation."""

    conv: str
    pin_time: int
    quiet: int
    hidden_seq: int


class ConversationService(Service):
    """Lists conversations, arranges the list, and pages through them."""

    ctx: Context

    async def overview(
        self, user_id: int, limit: int, after: Place | None = None
    ) -> list[Overview]:
        """
        List a user's conversations in one query: what is pinned, then the rest, the latest first.

        Args:
            user_id: whose.
            limit: how many at most.
            after: where the page before ended.
        """
        database = self.ctx.app.orm
        found = await read_overview(database.connection, database.dialect, user_id, limit, after)
        peers = {one.peer.id: one.peer for one in found if one.peer is not None}
        for peer_id in await self.ctx.app.ws.is_online(peers) if peers else ():
            peers[peer_id].online = True
        return found

    async def unread(self, user_id: int) -> Unread:
        """Count what a user has not read, in one query."""
        database = self.ctx.app.orm
        return await read_unread(database.connection, database.dialect, user_id)

    async def pin(self, user_id: int, conv: str, *, on: bool) -> Marks:
        """
        Put a conversation on top of the list, or take it from there; one that was hidden is shown.

        Raises:
            NoConversation: the user is not in it.
        """
        pin_time = milliseconds() if on else 0
        return await self._mark(
            user_id, conv, pin_time=pin_time, **({"hidden_seq": 0} if on else {})
        )

    async def quiet(self, user_id: int, conv: str, *, on: bool) -> Marks:
        """
        Note whether new messages should make no noise.

        Raises:
            NoConversation: the user is not in it.
        """
        return await self._mark(user_id, conv, quiet=int(on))

    async def hide(self, user_id: int, conv: str) -> Marks:
        """
        Take a conversation from the list, pinned or not, until there is something new in it.

        Raises:
            NoConversation: the user is not in it.
        """
        conversation = await Conversation.get_or_none(conv=conv)
        if conversation is None:
            raise NoConversation
        return await self._mark(user_id, conv, hidden_seq=conversation.last_seq, pin_time=0)

    async def _mark(self, user_id: int, conv: str, **columns: int) -> Marks:
        """Write down what a user wants for a conversation, and tell the user's devices."""
        async with self.ctx.app.orm.transaction() as connection:
            mine = Member.filter(conv=conv, user_id=user_id).using_db(connection)
            member = await mine.select_for_update().first()
            if member is None:
                raise NoConversation
            await mine.update(**columns)
        found = {
            name: columns.get(name, getattr(member, name))
            for name in ("pin_time", "quiet", "hidden_seq")
        }
        marks = Marks(conv=conv, **found)
        told = {"event": "conversation", **msgspec.structs.asdict(marks)}
        self.ctx.app.delivery.send("system", told, [user_id])
        return marks
