"""The list of a user's conversations: unread counts, pinned, muted and hidden ones."""

from __future__ import annotations

import msgspec

from models import Conversation, Member
from models.columns import milliseconds
from services import Service
from services.contact.sql import read_views
from services.conversation.overview import Overview, Place, Unread
from services.conversation.sql.overview import read_overview, read_unread
from services.errors import NoConversation


class Marks(msgspec.Struct):
    """A member's settings for one conversation."""

    conv: str
    pin_time: int
    quiet: int
    hidden_seq: int


class ConversationService(Service):
    """Lists conversations and stores how a member wants them listed."""

    async def overview(
        self, user_id: int, limit: int, after: Place | None = None, *, hidden: bool = False
    ) -> list[Overview]:
        """
        Return a user's conversations: the pinned ones, then the rest, the latest first.

        Args:
            user_id: the member.
            limit: the largest number of conversations.
            after: the end of the previous page.
            hidden: return the hidden conversations instead.
        """
        database = self.ctx.app.orm
        found = await read_overview(
            database.connection, database.dialect, user_id, limit, after, hidden=hidden
        )
        peers = {one.peer.id: one for one in found if one.peer is not None}
        views = await read_views(
            database.connection, database.dialect, [(user_id, peer_id) for peer_id in peers]
        )
        shown = [peer_id for peer_id in peers if views[user_id, peer_id].presence]
        online = await self.ctx.app.ws.is_online(shown) if shown else ()
        for peer_id, one in peers.items():
            view = views[user_id, peer_id]
            one.peer_read_seq = view.read(one.peer_read_seq)
            one.peer_delivered_seq = view.delivered(one.peer_delivered_seq)
            if one.peer is not None:
                one.peer.online = peer_id in online
        return found

    async def unread(self, user_id: int) -> Unread:
        """Count the messages that a user has not read, in one query."""
        database = self.ctx.app.orm
        return await read_unread(database.connection, database.dialect, user_id)

    async def pin(self, user_id: int, conv: str, *, on: bool) -> Marks:
        """
        Pin a conversation to the top of the list, or unpin it. Pinning shows a hidden one again.

        Raises:
            NoConversation: the user is not a member.
        """
        pin_time = milliseconds() if on else 0
        return await self._mark(
            user_id, conv, pin_time=pin_time, **({"hidden_seq": 0} if on else {})
        )

    async def quiet(self, user_id: int, conv: str, *, on: bool) -> Marks:
        """
        Mute a conversation's notifications, or unmute them.

        Raises:
            NoConversation: the user is not a member.
        """
        return await self._mark(user_id, conv, quiet=int(on))

    async def hide(self, user_id: int, conv: str, *, on: bool) -> Marks:
        """
        Hide a conversation from the list, pinned or not, until its next event, or list it again.

        Raises:
            NoConversation: the user is not a member.
        """
        # First: conversations of others are the same as none, also in the time that it takes.
        if not await Member.filter(conv=conv, user_id=user_id).exists():
            raise NoConversation
        if not on:
            return await self._mark(user_id, conv, hidden_seq=0)
        conversation = await Conversation.get_or_none(conv=conv)
        if conversation is None:
            raise NoConversation
        return await self._mark(user_id, conv, hidden_seq=conversation.last_seq, pin_time=0)

    async def _mark(self, user_id: int, conv: str, **columns: int) -> Marks:
        """Store a member's settings for a conversation, and notify the member's devices."""
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
        notice = {"event": "conversation", **msgspec.structs.asdict(marks)}
        self.ctx.app.delivery.send("system", notice, [user_id])
        return marks
