"""The rules of chat, too simple to be wrong: lists in memory, one person at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from services import errors
from tests.entries import Conversation, Entry, Seat

ADMIN, OWNER = 1, 2


@dataclass
class Missed:
    """What `sync` has for one conversation."""

    last: int
    seat: Seat
    unread: int
    entries: list[Entry]
    more: bool


class Chat:
    """Everything that was said, and who may see it."""

    def __init__(self) -> None:
        self.conversations: dict[str, Conversation] = {}
        self.messages: list[Entry] = []
        """All that somebody wrote."""
        self._blocks: set[tuple[int, int]] = set()
        self._frozen: dict[tuple[int, int], tuple[int, int]] = {}
        """User and blocked user to the read and delivered cursor that the latter sees."""
        self._strangers: dict[int, str] = {}
        self._invitations: dict[tuple[int, str], int] = {}
        """User and group to the inviter."""
        self._declined: set[tuple[int, str]] = set()
        self._cids: dict[tuple[int, str], Entry] = {}

    # --- writing

    def send(
        self,
        user: int,
        to: int,
        cid: str | None,
        data: str,
        *,
        group: bool = False,
        reply_to: Entry | None = None,
    ) -> Entry:
        """Write a message; a repetition gives the one that was first."""
        conv = f"g:{to}" if group else f"s:{min(user, to)}:{max(user, to)}"
        if cid is not None and (user, cid) in self._cids:
            if self._cids[user, cid].conv != conv:
                raise errors.CidReused
            return self._cids[user, cid]
        if reply_to is not None and not (
            reply_to.conv == conv and self._answerable(user, reply_to)
        ):
            raise errors.NoReply
        conversation = self.conversations.get(conv)
        if group:
            if conversation is None or user not in conversation.seats:
                raise errors.NoGroup
        else:
            self._hold_that_one_may_write_to(user, to, conversation)
        if conversation is None:
            conversation = Conversation(conv, seats={user: Seat(), to: Seat()})
            self.conversations[conv] = conversation
        answered = None if reply_to is None else reply_to.id
        entry = conversation.append("text", user, data=data, cid=cid, reply_to=answered)
        seat = conversation.seats[user]
        if conversation.unread(user) == 1:  # the new one, which is the user's own
            seat.read = entry.seq
        seat.counted += 1
        self.messages.append(entry)
        if cid is not None:
            self._cids[user, cid] = entry
        return entry

    def _hold_that_one_may_write_to(
        self, user: int, to: int, conversation: Conversation | None
    ) -> None:
        if (to, user) in self._blocks:
            raise errors.Blocked
        strangers = self._strangers.get(to, "freely")
        if strangers == "freely" or user == to or self._wrote(to, user):
            return
        if strangers == "nothing":
            raise errors.StrangersRefused
        if self._wrote(user, to):
            raise errors.AwaitingReply

    def _wrote(self, user: int, to: int) -> bool:
        """Return whether a user has ever written to another one."""
        conversation = self.conversations.get(f"s:{min(user, to)}:{max(user, to)}")
        entries = conversation.entries if conversation else ()
        return any(one.is_message and one.from_id == user for one in entries)

    def recall(self, user: int, message: Entry) -> Entry:
        """Take a message back; give what tells of it."""
        conversation = self.conversations[message.conv]
        if not message.is_message or not self._sees(user, message):
            raise errors.NoMessage
        if message.from_id != user:
            if conversation.group is None:
                raise errors.NoMessage
            role = conversation.seats[user].role
            author = conversation.seats.get(message.from_id, Seat())
            if role < ADMIN or (role < OWNER and author.role == OWNER):
                raise errors.NotPermitted
        if message.removed:
            return next(
                one
                for one in conversation.entries
                if one.kind == "recall" and one.target is message
            )
        message.data, message.removed = "", True
        for entry in conversation.entries:
            if entry.kind == "edit" and entry.target is message:
                entry.data = ""
        return conversation.append("recall", user, target=message)

    def edit(self, user: int, message: Entry, data: str) -> Entry:
        """Replace the text of a message, and return the message."""
        conversation = self.conversations[message.conv]
        if not message.is_message or not self._sees(user, message):
            raise errors.NoMessage
        if message.from_id != user or message.removed:
            raise errors.NoMessage
        if message.data == data:
            return message
        blocked = any((other, user) in self._blocks for other in conversation.seats)
        if blocked and conversation.group is None:
            raise errors.Blocked
        message.data, message.edited = data, True
        conversation.append("edit", user, data=data, target=message)
        return message

    # --- cursors

    def delivered(self, user: int, conv: str, seq: int) -> None:
        """Note that everything up to *seq* arrived."""
        conversation, seat = self._seat(user, conv)
        seat.delivered = max(seat.delivered, min(seq, conversation.last))

    def read(self, user: int, conv: str, seq: int) -> None:
        """Note that everything up to *seq* was read, and so arrived."""
        self.delivered(user, conv, seq)
        conversation, seat = self._seat(user, conv)
        seq = min(seq, conversation.last)
        if seq > seat.read:
            own = sum(one.from_id == user and one.is_message for one in conversation.entries[seq:])
            seat.read, seat.counted = seq, conversation.entries[seq - 1].number + own

    # --- reading

    def sync(self, user: int, cursors: dict[str, int], limit: int) -> dict[str, Missed | None]:
        """Return what a client lacks, by conversation; None for one that the user is not in."""
        found: dict[str, Missed | None] = dict.fromkeys(cursors)
        for conversation in self.of(user):
            seat = conversation.seats[user]
            cursor = cursors.get(conversation.conv, max(0, conversation.last - limit))
            after = max(seat.join, cursor)
            entries = conversation.after(after)[:limit]
            found[conversation.conv] = Missed(
                conversation.last,
                replace(seat),
                conversation.unread(user),
                entries,
                more=conversation.last > after + len(entries),
            )
        return found

    def pull(
        self, user: int, conv: str, before: int | None, after: int | None, limit: int
    ) -> tuple[list[Entry], bool]:
        """Return a page, and whether there are more."""
        conversation, seat = self._seat(user, conv)
        upto = None if before is None else max(0, before - 1)
        entries = conversation.after(max(seat.join, after or 0), upto)
        page = entries[-limit:] if after is None else entries[:limit]
        return page, len(entries) > limit

    def waiting(self, user: int) -> list[Entry]:
        """Return what others wrote after the delivered cursors."""
        return [
            entry
            for conversation in self.of(user)
            for seat in [conversation.seats[user]]
            for entry in conversation.after(max(seat.join, seat.delivered))
            if entry.from_id != user
        ]

    def of(self, user: int) -> list[Conversation]:
        """Return the conversations that a user is in."""
        return [one for one in self.conversations.values() if user in one.seats]

    # --- groups

    def make_group(
        self, user: int, group: int, members: Iterable[int], *, history: bool, is_open: bool
    ) -> None:
        """Create a group of users who know its owner, and invite those who do not."""
        conversation = self.conversations[f"g:{group}"] = Conversation(
            f"g:{group}", group, history, is_open
        )
        conversation.seats[user] = Seat(OWNER)
        known, strangers = self._willing(user, [one for one in members if one != user])
        for member in known:
            conversation.seats.setdefault(member, Seat())
        conversation.append("notice", user, event="created")
        self._ask(conversation, user, strangers)

    def join(self, user: int, conv: str) -> None:
        """Join an open group; a member changes nothing."""
        conversation = self.conversations[conv]
        if user in conversation.seats:
            return
        if not conversation.is_open:
            raise errors.NoGroup
        if user in conversation.excluded:
            raise errors.Excluded
        self._let_in(conversation, user, [user])

    def invite(self, user: int, conv: str, other: int) -> None:
        """Add a user who knows the inviter, or ask one who does not, unless they blocked them."""
        conversation, seat = self._seat(user, conv, errors.NoGroup)
        if other in conversation.seats or (other in conversation.excluded and seat.role < ADMIN):
            return
        known, strangers = self._willing(user, [other])
        conversation.excluded.difference_update(known, strangers)
        if known:
            self._let_in(conversation, user, known)
        self._ask(conversation, user, strangers)

    def accept(self, user: int, conv: str) -> None:
        """Accept an invitation."""
        conversation = self.conversations[conv]
        if (user, conv) not in self._invitations or (user, conv) in self._declined:
            raise errors.NoInvitation
        self._let_in(conversation, user, [user])

    def decline(self, user: int, conv: str) -> None:
        """Decline an invitation; the group does not ask again for some days."""
        if (user, conv) not in self._invitations or (user, conv) in self._declined:
            raise errors.NoInvitation
        self._declined.add((user, conv))

    def _ask(self, conversation: Conversation, inviter: int, people: Iterable[int]) -> None:
        for user in people:
            self._invitations.setdefault((user, conversation.conv), inviter)

    def _end_invitations(self, conv: str, inviter: int) -> None:
        ended = [key for key, by in self._invitations.items() if key[1] == conv and by == inviter]
        for key in ended:
            del self._invitations[key]
            self._declined.discard(key)

    def leave(self, user: int, conv: str) -> None:
        """Go out of a group."""
        conversation, seat = self._seat(user, conv, errors.NoGroup)
        if seat.role == OWNER:
            raise errors.OwnerMustStay
        del conversation.seats[user]
        self._end_invitations(conv, user)
        conversation.append("notice", user, event="left")

    def remove(self, user: int, conv: str, other: int) -> None:
        """Put somebody out of a group."""
        conversation, seat = self._seat(user, conv, errors.NoGroup)
        found = conversation.seats.get(other)
        if seat.role < ADMIN or (found is not None and found.role >= seat.role):
            raise errors.NotPermitted
        if found is not None:
            del conversation.seats[other]
            self._end_invitations(conv, other)
            conversation.excluded.add(other)
            conversation.append("notice", user, event="removed")

    def set_role(self, user: int, conv: str, other: int, role: int) -> None:
        """Promote a member to administrator, or demote one."""
        conversation, seat = self._seat(user, conv, errors.NoGroup)
        if seat.role < OWNER:
            raise errors.NotPermitted
        if other not in conversation.seats:
            raise errors.NoMember
        if other == user:
            raise errors.NotPermitted
        if conversation.seats[other].role != role:
            conversation.seats[other].role = role
            conversation.append("notice", user, event="role")

    # --- whom one wants to hear from

    def block(self, user: int, other: int, *, on: bool) -> None:
        """Block or unblock a user."""
        if user == other:
            raise errors.BlocksThemselves
        if on and (user, other) not in self._blocks:
            conversation = self.conversations.get(f"s:{min(user, other)}:{max(user, other)}")
            seat = conversation.seats[user] if conversation else None
            self._frozen[user, other] = (seat.read, seat.delivered) if seat else (0, 0)
        (self._blocks.add if on else self._blocks.discard)((user, other))

    def peer_cursors(self, viewer: int, peer: int, seat: Seat) -> tuple[int, int]:
        """Return a peer's read and delivered cursor as *viewer* sees them."""
        cursors = seat.read, seat.delivered
        return self._frozen[peer, viewer] if (peer, viewer) in self._blocks else cursors

    def decide(self, user: int, strangers: str) -> None:
        """Decide what strangers may send."""
        self._strangers[user] = strangers

    # --- common

    def _seat(
        self, user: int, conv: str, missing: type[errors.ChatError] = errors.NoConversation
    ) -> tuple[Conversation, Seat]:
        conversation = self.conversations.get(conv)
        if conversation is None or user not in conversation.seats:
            raise missing
        return conversation, conversation.seats[user]

    def _sees(self, user: int, entry: Entry) -> bool:
        seat = self.conversations[entry.conv].seats.get(user)
        return seat is not None and entry.seq > seat.join

    def _answerable(self, user: int, entry: Entry) -> bool:
        return entry.is_message and not entry.removed and self._sees(user, entry)

    def _willing(self, inviter: int, people: Iterable[int]) -> tuple[list[int], list[int]]:
        """Return the users who can be added at once, and those who can be asked."""
        willing = [one for one in people if (one, inviter) not in self._blocks]
        known = [one for one in willing if self._wrote(one, inviter)]
        asked = [one for one in willing if self._strangers.get(one, "freely") != "nothing"]
        return known, [one for one in asked if one not in known]

    def _let_in(self, conversation: Conversation, by: int, people: list[int]) -> None:
        last, number = conversation.last, conversation.number
        for user in people:
            join = 0 if conversation.history else last
            conversation.seats[user] = Seat(0, join, last, last, number)
            self._invitations.pop((user, conversation.conv), None)
            self._declined.discard((user, conversation.conv))
        conversation.append("notice", by, event="joined")
