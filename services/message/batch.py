"""Many messages at once: who may, what is a repetition, which seq each gets. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from uuid_utils import uuid7
from uuid_utils.compat import UUID

from models.columns import milliseconds
from services.errors import (
    AllMuted,
    AwaitingReply,
    Blocked,
    ChatError,
    Muted,
    NoGroup,
    NoRecipient,
    StrangersRefused,
    UserDisabled,
)
from services.wire import WireMessage, group, single

Key = tuple[int, str | None]
"""A sender and the sender's own name for a message."""


class Draft(msgspec.Struct, frozen=True):
    """A message as its sender hands it in."""

    from_id: int
    to_id: int
    """A person, or a group."""
    cid: str | None
    type: str
    data: str
    options: str | None = None
    """A JSON object, as its text."""
    chat_type: str = "single"
    origin: object = None
    """The socket it came over, which gets the answer and not the push."""
    file: UUID | None = None
    """A file of ours that it carries."""

    @property
    def conv(self) -> str:
        """The conversation it is for."""
        return group(self.to_id) if self.chat_type == "group" else single(self.from_id, self.to_id)


class Stored(msgspec.Struct, frozen=True):
    """A message that is in the database."""

    message: WireMessage
    dup: bool
    """It was there before: this is the first answer again."""
    origin: object = None
    users: tuple[int, ...] = ()
    """Who is in the conversation; nobody, where it is a repetition."""


Outcome = Stored | ChatError


class Row(msgspec.Struct, frozen=True):
    """A message that is to be inserted."""

    message: WireMessage
    number: int
    options: str | None


class Pair(NamedTuple):
    """What stands between a sender and a recipient."""

    blocked: bool
    """The recipient does not want to hear from the sender."""
    strangers: str
    """What the recipient takes from strangers: "nothing", "one" or "freely"."""
    sent: int
    """The last entry that the sender wrote to the recipient; 0 when there is none."""
    answered: int
    """The last entry that the recipient wrote to the sender; 0 when there is none."""


class Seat(NamedTuple):
    """A sender's place in a group."""

    version: int
    """Of the group; see `Group.version`."""
    all_muted: bool
    role: int
    muted_until: int

    def refusal(self, now: int) -> ChatError | None:
        """Say why who has this place may not write."""
        if self.muted_until > now:
            return Muted()
        return AllMuted() if self.all_muted and not self.role else None


class Findings(msgspec.Struct):
    """What the database says about a batch."""

    statuses: Mapping[int, int]
    """The status of each of the batch's `people` that exists."""
    earlier: Mapping[Key, WireMessage]
    """The messages that are stored under its `keys`."""
    pairs: Mapping[tuple[int, int], Pair]
    """For each of its `pairs`."""
    seats: Mapping[tuple[int, int], Seat]
    """Group and sender to the seat, for each of its `seats` that exists."""


class Changed(Exception):
    """Another worker was in the way at this moment, and nothing is stored: look again."""


class Batch:
    """
    What one transaction is to store. A database's own code goes through it step by step.

    `people`, `keys`, `pairs` and `seats` are what to look up; with the findings, `plan` says
    which drafts are new: in `counts`, how many each conversation gets, and in `unknown`, of which
    groups the members are to be put into `members`. With the conversations' ends, `number` gives
    the rows to insert. Then `outcomes` has an answer for each draft.

    Args:
        drafts: in the order in which they came.
        known: groups' conversations, each with the version and the members that it had then.
    """

    def __init__(
        self,
        drafts: Sequence[Draft],
        known: Mapping[str, tuple[int, tuple[int, ...]]] | None = None,
    ) -> None:
        self.drafts = drafts
        self.now = milliseconds()
        self.convs = sorted({draft.conv for draft in drafts})
        self.people = {draft.from_id for draft in drafts}
        self.keys = {(draft.from_id, draft.cid) for draft in drafts if draft.cid is not None}
        self.pairs: set[tuple[int, int]] = set()
        """Sender and recipient."""
        self.seats: set[tuple[int, int]] = set()
        """Group and sender."""
        for draft in drafts:
            if draft.chat_type == "group":
                self.seats.add((draft.to_id, draft.from_id))
            else:
                self.people.add(draft.to_id)
                self.pairs.add((draft.from_id, draft.to_id))
        self.counts: dict[str, int] = {}
        """Conversation to how many messages are new, in the order in which rows are locked."""
        self.latest: dict[tuple[str, int], Row] = {}
        """Conversation and sender to the last message that is new."""
        self.members: dict[str, tuple[int, ...]] = {}
        """The conversations that get messages, each with those who are in it."""
        self.unknown: list[str] = []
        """Groups' conversations that are missing in `members`."""
        self.attachments: list[tuple[str, str, str, int]] = []
        """Message, file, conversation and seq of each new message that carries a file."""
        self.versions: dict[str, int] = {}
        """The version of each group in `members`."""
        self._known = known or {}
        self._fresh: dict[Key | int, tuple[Draft, str]] = {}
        self._outcomes: list[Outcome | Key | int] = []

    def plan(self, found: Findings) -> None:
        """Decide what becomes of each draft."""
        fresh, outcomes = self._fresh, self._outcomes
        counts: dict[str, int] = {}
        wrote: set[tuple[int, int]] = set()
        for place, draft in enumerate(self.drafts):
            if not found.statuses.get(draft.from_id):
                outcomes.append(UserDisabled())
                continue
            key: Key | int = place  # without a cid every message is one of its own
            if draft.cid is not None:
                key = (draft.from_id, draft.cid)
                stored = found.earlier.get(key)
                if stored is not None:
                    outcomes.append(Stored(stored, True, draft.origin))
                    continue
            if key not in fresh:
                refusal = self._refusal(draft, found, wrote)
                if refusal is not None:
                    outcomes.append(refusal)
                    continue
                conv = draft.conv
                fresh[key] = (draft, conv)
                counts[conv] = counts.get(conv, 0) + 1
                self._note_members(draft, conv, found)
                if draft.chat_type == "single":
                    wrote.add((draft.from_id, draft.to_id))
            outcomes.append(key)
        self.counts = dict(sorted(counts.items()))

    def _refusal(
        self, draft: Draft, found: Findings, wrote: set[tuple[int, int]]
    ) -> ChatError | None:
        """Say why a message may not be sent; *wrote* has who wrote to whom in this batch."""
        sender, to = draft.from_id, draft.to_id
        if draft.chat_type == "group":
            seat = found.seats.get((to, sender))
            return NoGroup() if seat is None else seat.refusal(self.now)
        if not found.statuses.get(to):
            return NoRecipient()
        pair = found.pairs[sender, to]
        if pair.blocked:
            return Blocked()
        if pair.strangers == "freely" or sender == to or pair.answered or (to, sender) in wrote:
            return None
        if pair.strangers == "nothing":
            return StrangersRefused()
        return AwaitingReply() if pair.sent or (sender, to) in wrote else None

    def _note_members(self, draft: Draft, conv: str, found: Findings) -> None:
        if conv in self.members or conv in self.unknown:
            return
        if draft.chat_type != "group":
            self.members[conv] = (draft.from_id, draft.to_id)
            return
        version = self.versions[conv] = found.seats[draft.to_id, draft.from_id].version
        known_version, members = self._known.get(conv, (None, ()))
        if known_version == version:
            self.members[conv] = members
        else:
            self.unknown.append(conv)

    def number(self, ends: Mapping[str, tuple[int, int]]) -> list[Row]:
        """
        Give the rows to insert, their seqs given out in the order of the drafts.

        Args:
            ends: each conversation's `last_seq` and `last_number`, this batch included.
        """
        next_seq = {conv: ends[conv][0] - count for conv, count in self.counts.items()}
        gap = {conv: last_seq - last_number for conv, (last_seq, last_number) in ends.items()}
        rows: dict[Key | int, Row] = {}
        for key, (draft, conv) in self._fresh.items():
            seq = next_seq[conv] = next_seq[conv] + 1
            options = None if draft.options is None else msgspec.Raw(draft.options.encode())
            message = WireMessage(
                id=str(uuid7()),
                conv=conv,
                seq=seq,
                cid=draft.cid,
                from_id=draft.from_id,
                to_id=draft.to_id,
                chat_type=draft.chat_type,
                type=draft.type,
                data=draft.data,
                options=options,
                create_time=self.now,
            )
            row = Row(message, seq - gap[conv], draft.options)
            rows[key] = self.latest[conv, draft.from_id] = row
            if draft.file is not None:
                self.attachments.append((message.id, str(draft.file), conv, seq))
        self._settle(rows)
        return list(rows.values())

    def _settle(self, rows: Mapping[Key | int, Row]) -> None:
        told: set[Key | int] = set()
        for place, outcome in enumerate(self._outcomes):
            if isinstance(outcome, (Stored, ChatError)):
                continue
            dup = outcome in told
            told.add(outcome)
            message = rows[outcome].message
            users = () if dup else self.members[message.conv]
            self._outcomes[place] = Stored(message, dup, self.drafts[place].origin, users)

    def outcomes(self) -> list[Outcome]:
        """Give what became of each draft. It holds once the transaction is committed."""
        return [one for one in self._outcomes if isinstance(one, (Stored, ChatError))]

    # --- what a database's code needs

    def ends(self, before: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        """
        Give the ends for `number`.

        Args:
            before: `last_seq` and `last_number` of the conversations, each locked; one that is
                missing begins with this batch.
        """
        moved = {}
        for conv, count in self.counts.items():
            last_seq, last_number = before.get(conv, (0, 0))
            moved[conv] = (last_seq + count, last_number + count)
        return moved

    def new_members(self, ends: Mapping[str, tuple[int, int]]) -> list[tuple[str, int]]:
        """Give the members of the conversations that this batch began."""
        new = [conv for conv, count in self.counts.items() if ends[conv][0] == count]
        return [(conv, user) for conv in new for user in sorted(set(self.members[conv]))]

    def own_cursors(self) -> list[tuple[str, int, int, int]]:
        """
        Give conversation, sender, seq and number of each sender's last message.

        Who writes has read what stood before; the delivered cursor stays, for other devices.
        """
        return [
            (conv, user, row.message.seq, row.number) for (conv, user), row in self.latest.items()
        ]
