"""Search for messages by their text."""

from __future__ import annotations

import msgspec

from models import Conversation, Member
from services import Service
from services.conversation.answer_size import MAX_ANSWER_BYTES, encoded_size
from services.conversation.sql.ranges import read_ranges
from services.errors import InvalidData, NoConversation
from services.search.sql import Candidate, find
from services.search.terms import conversation_term, plain, text_terms, user_term
from services.search.texts import SEARCHED_TYPES, searched_text
from services.wire import WireMessage

MAX_SEARCHES = 2
"""Searches of one worker at the same time: one for a common word reads many rows."""
MAX_WAITING_SEARCHES = 64
"""Searches that wait for one of these to end."""
NEWEST = 2**63 - 1
MAX_GROUPS = 500
"""Groups that a search without a conversation covers, the latest first."""
MAX_TERMS = 12
"""Terms of one query; the text itself is compared afterwards."""
MAX_READ = 10
"""Messages that are read at once: each may have several MiB."""
MAX_CANDIDATES = 1000
"""Messages that are compared for one answer."""


class Found(msgspec.Struct):
    """The answer to a search."""

    messages: list[WireMessage]
    """The newest first."""
    more: bool
    """There may be more: search again with `before`."""
    before: str
    """The argument `before` for the next page."""


class SearchService(Service):
    """Searches a user's conversations."""

    async def search(
        self, user_id: int, text: str, *, conv: str | None, before: int | None, limit: int
    ) -> Found:
        """
        Return messages that contain a text, ignoring case, the newest first.

        `searched_text` says which text of a message that is.

        Args:
            user_id: the user who searches.
            text: the text to find.
            conv: only in this conversation.
            before: `Found.before` of the previous page.
            limit: the largest number of messages.

        Raises:
            InvalidData: the text is too short.
            NoConversation: it does not exist, or the user is not a member.
        """
        wanted = plain(text)
        terms = text_terms(wanted)
        if not terms:
            raise InvalidData("text: too short to search for")
        terms = terms[:: -(-len(terms) // MAX_TERMS)]
        database = self.ctx.app.orm
        places = await self._places(user_id, conv)
        late = await Member.filter(user_id=user_id, join_seq__gt=0).exists()
        joined_late = user_id if late else None
        page = max(limit + 1, 20)
        position, found = before or NEWEST, list[WireMessage]()
        room = MAX_ANSWER_BYTES
        for _ in range(-(-MAX_CANDIDATES // page)):
            candidates = await find(
                *(database.connection, database.dialect, places, terms, position, page),
                joined_late=joined_late,
            )
            for start in range(0, len(candidates), MAX_READ):
                some = candidates[start : start + MAX_READ]
                messages = await self._read(user_id, some)
                for candidate in some:
                    message = messages.get((candidate.conv, candidate.seq))
                    if message is not None and wanted in plain(_text_of(message)):
                        room -= encoded_size(message)
                        if found and (len(found) == limit or room < 0):
                            return Found(found, more=True, before=str(position))
                        found.append(message)
                    position = candidate.id
            if len(candidates) < page:
                return Found(found, more=False, before=str(position))
        return Found(found, more=True, before=str(position))

    async def _places(self, user_id: int, conv: str | None) -> list[str]:
        """Return the terms of the places to search."""
        members = Member.filter(user_id=user_id)
        if conv is not None:
            if not await members.filter(conv=conv).exists():
                raise NoConversation
            return [conversation_term(conv)]
        groups = [row[0] for row in await members.filter(conv__startswith="g:").values_list("conv")]
        if len(groups) > MAX_GROUPS:
            latest = Conversation.filter(conv__in=groups).order_by("-update_time", "conv")
            groups = [row[0] for row in await latest.limit(MAX_GROUPS).values_list("conv")]
        return [user_term(user_id), *map(conversation_term, groups)]

    async def _read(
        self, user_id: int, candidates: list[Candidate]
    ) -> dict[tuple[str, int], WireMessage]:
        """Return the candidates that are messages which the user may read."""
        if not candidates:
            return {}
        convs = {one.conv for one in candidates}
        members = Member.filter(user_id=user_id, conv__in=list(convs))
        join_seqs: dict[str, int] = dict(await members.values_list("conv", "join_seq"))
        database = self.ctx.app.orm
        ranges = [
            (one.conv, one.seq - 1, one.seq)
            for one in candidates
            if one.seq > join_seqs.get(one.conv, NEWEST)
        ]
        found = await read_ranges(database.connection, database.dialect, ranges)
        return {
            (conv, message.seq): message
            for conv, messages in found.items()
            for message in messages
            if message.type in SEARCHED_TYPES and not message.isremove
        }


def _text_of(message: WireMessage) -> str:
    return searched_text(message.type, message.data, message.options)
