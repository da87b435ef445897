"""The plan of a transaction: which messages are new, repeated or refused, their seqs. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from uuid_utils import uuid7

from models.columns import milliseconds
from services.errors import ChatError, CidReused, NoRecipient, UserDisabled
from services.limits.stranger_limiter import StrangerAdmission
from services.message.draft import Draft
from services.message.permission import (
    ONESELF,
    GroupMembership,
    Relation,
    refusal_by_group,
    refusal_by_user,
)
from services.wire import WireMessage

Key = tuple[int, str | None]
"""A sender and a `cid`. Two messages with the same key are the same message."""


class Stored(msgspec.Struct, frozen=True):
    """A message that is in the database once the transaction of its batch is committed."""

    message: WireMessage
    draft: Draft
    dup: bool
    """Whether it was stored before: then the sender gets the first answer again."""
    number: int = 0
    """Its `Message.number`; 0 if it was stored by another batch."""
    users: tuple[int, ...] = ()
    """The members of the conversation; none if it is a repetition."""


class OwnCursor(msgspec.Struct):
    """What the messages of a batch do to the cursors of their sender in one conversation."""

    number_before: int
    """The number of the last message before the batch: a sender who had read it had read all."""
    read_seq: int = 0
    """The last of the sender's messages before which others wrote nothing in this batch, or 0."""
    count: int = 0
    """The sender's messages."""
    sent_seq: int = 0
    """The last one of them."""


Outcome = Stored | ChatError


class LookupResult(msgspec.Struct):
    """The rows of the database that a batch depends on."""

    statuses: Mapping[int, int]
    """The status of each of the batch's `users` that exists."""
    earlier: Mapping[Key, WireMessage]
    """The messages that are stored under its `keys`."""
    relations: Mapping[tuple[int, int], Relation]
    """For each of its `relations`."""
    memberships: Mapping[tuple[int, int], GroupMembership]
    """For each of its `memberships` that exists."""


class Conflict(Exception):
    """Another worker wrote at the same time. Nothing of this batch is stored: retry it."""


class Batch:
    """
    The plan of one transaction, the same for all databases; `sql/` has the statements.

    1. `users`, `keys`, `relations` and `memberships` are what to look up.
    2. `plan` takes the result and decides which drafts are new. Then `counts` is the number of
       new messages by conversation, and `unknown` are groups whose members the caller has to put
       into `members`.
    3. `number` takes the last seq and number of each conversation, and returns the rows to insert.
    4. `outcomes` returns the answer to each draft, after the commit.

    Args:
        drafts: the messages in the order in which they were sent.
        known: the cached members of groups: conversation to version and members.
        admission: limits messages to strangers; None for no limit.
    """

    def __init__(
        self,
        drafts: Sequence[Draft],
        known: Mapping[str, tuple[int, tuple[int, ...]]] | None = None,
        admission: StrangerAdmission | None = None,
    ) -> None:
        self.drafts = drafts
        self.now = milliseconds()
        self._convs = [draft.conv for draft in drafts]
        self.convs = sorted(set(self._convs))
        self.users = {draft.from_id for draft in drafts}
        self.keys = {(draft.from_id, draft.cid) for draft in drafts if draft.cid is not None}
        self.relations: set[tuple[int, int]] = set()
        """Sender and recipient of each direct message."""
        self.memberships: set[tuple[int, int]] = set()
        """Group and sender of each group message."""
        for draft in drafts:
            if draft.chat_type == "group":
                self.memberships.add((draft.to_id, draft.from_id))
            elif draft.to_id != draft.from_id:
                self.users.add(draft.to_id)
                self.relations.add((draft.from_id, draft.to_id))
        self.counts: dict[str, int] = {}
        """Conversation to its number of new messages, in the order in which rows are locked."""
        self._own: dict[tuple[str, int], OwnCursor] = {}
        """Conversation and sender to what the new messages do to the sender's cursors."""
        self.members: dict[str, tuple[int, ...]] = {}
        """Conversation to its members, for each conversation that gets messages."""
        self.unknown: list[str] = []
        """Conversations of groups whose members are not in `members` yet."""
        self.attachments: list[tuple[str, str, str, int]] = []
        """Message, file, conversation and seq of each new message that carries a file."""
        self.versions: dict[str, int] = {}
        """The version of each group in `members`."""
        self._known = known or {}
        self._admission = admission
        self._new: dict[Key | int, tuple[Draft, str]] = {}
        self._outcomes: list[Outcome | Key | int] = []

    def plan(self, found: LookupResult) -> None:
        """Decide which drafts are new, which are repetitions and which are refused."""
        new, outcomes = self._new, self._outcomes
        counts: dict[str, int] = {}
        for place, (draft, conv) in enumerate(zip(self.drafts, self._convs, strict=True)):
            if not found.statuses.get(draft.from_id):
                outcomes.append(UserDisabled())
                continue
            key: Key | int = place  # a message without a cid is always new
            if draft.cid is not None:
                key = (draft.from_id, draft.cid)
                stored = found.earlier.get(key)
                if stored is not None:
                    is_same = stored.conv == conv
                    outcomes.append(Stored(stored, draft, dup=True) if is_same else CidReused())
                    continue
            if key not in new:
                refusal = self._accept(place, draft, conv, found)
                if refusal is not None:
                    outcomes.append(refusal)
                    continue
                new[key] = (draft, conv)
                counts[conv] = counts.get(conv, 0) + 1
            elif new[key][1] != conv:
                outcomes.append(CidReused())
                continue
            outcomes.append(key)
        self.counts = dict(sorted(counts.items()))

    def _accept(self, place: int, draft: Draft, conv: str, found: LookupResult) -> ChatError | None:
        """Return why the sender may not write there, or None after noting the members."""
        sender, to = draft.from_id, draft.to_id
        if draft.chat_type == "group":
            membership = found.memberships.get((to, sender))
            muted = refusal_by_group(membership, self.now)
            if membership is not None and muted is None:
                self._note_members(conv, membership.version)
            return muted
        if not found.statuses.get(to):
            return NoRecipient()
        relation = ONESELF if sender == to else found.relations[sender, to]
        refusal: ChatError | None = refusal_by_user(relation)
        is_stranger = sender != to and not relation.answered
        if refusal is None and is_stranger and self._admission is not None:
            refusal = self._admission.refusal(place, sender, is_first=not relation.sent)
        if refusal is None:
            self.members[conv] = (sender, to)
            if sender != to:
                # For later messages of this batch, this one counts as stored.
                relation.sent = True
                back = found.relations.get((to, sender))
                if back is not None:
                    back.answered = True
        return refusal

    def _note_members(self, conv: str, version: int) -> None:
        if conv in self.versions:
            return
        self.versions[conv] = version
        known_version, members = self._known.get(conv, (None, ()))
        if known_version == version:
            self.members[conv] = members
        else:
            self.unknown.append(conv)

    def number(self, ends: Mapping[str, tuple[int, int]]) -> list[Stored]:
        """
        Return the messages to insert, with seqs in the order of the drafts.

        Args:
            ends: each conversation's `last_seq` and `last_number`, this batch included.
        """
        next_seq = {conv: ends[conv][0] - count for conv, count in self.counts.items()}
        gap = {conv: last_seq - last_number for conv, (last_seq, last_number) in ends.items()}
        rows: dict[Key | int, Stored] = {}
        for key, (draft, conv) in self._new.items():
            seq = next_seq[conv] = next_seq[conv] + 1
            options = draft.options_json
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
                options=None if options is None else msgspec.Raw(options.encode()),
                create_time=self.now,
            )
            row = Stored(message, draft, False, seq - gap[conv], self.members[conv])
            rows[key] = row
            self._note_own(row, ends[conv][1] - self.counts[conv])
            if draft.file is not None:
                self.attachments.append((message.id, str(draft.file), conv, seq))
        self._set_outcomes(rows)
        return list(rows.values())

    def _note_own(self, row: Stored, number_before: int) -> None:
        """Note a new message for the cursors of its sender."""
        conv, sender, seq = row.message.conv, row.message.from_id, row.message.seq
        own = self._own.get((conv, sender))
        if own is None:
            own = self._own[conv, sender] = OwnCursor(number_before)
        # Nothing of others is between the earlier messages and this one.
        if row.number == number_before + own.count + 1:
            own.read_seq = seq
        own.count += 1
        own.sent_seq = seq

    def _set_outcomes(self, rows: Mapping[Key | int, Stored]) -> None:
        answered: set[Key | int] = set()
        for place, outcome in enumerate(self._outcomes):
            if isinstance(outcome, (Stored, ChatError)):
                continue
            row = rows[outcome]
            if outcome in answered:
                row = Stored(row.message, self.drafts[place], dup=True)
            answered.add(outcome)
            self._outcomes[place] = row

    def outcomes(self) -> list[Outcome]:
        """Return the answer to each draft, valid once the transaction is committed."""
        return [one for one in self._outcomes if isinstance(one, (Stored, ChatError))]

    # --- for the statements in sql/

    def ends(self, before: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        """
        Return `last_seq` and `last_number` of each conversation after this batch, for `number`.

        Args:
            before: the same before this batch, of the locked conversations; a missing
                conversation is new.
        """
        ends = {}
        for conv, count in self.counts.items():
            last_seq, last_number = before.get(conv, (0, 0))
            ends[conv] = (last_seq + count, last_number + count)
        return ends

    def new_members(self, ends: Mapping[str, tuple[int, int]]) -> list[tuple[str, int]]:
        """Return conversation and user of each member of the new conversations."""
        new = [conv for conv, count in self.counts.items() if ends[conv][0] == count]
        return [(conv, user) for conv in new for user in sorted(set(self.members[conv]))]

    def own_cursors(self) -> list[tuple[str, int, int, int, int, int]]:
        """
        Return conversation, sender, and the fields of the `OwnCursor` of each sender.

        A message moves the sender's read cursor only if everything before it was read, or is the
        sender's own. It is not unread for the sender in any case, and the delivered cursor stays,
        for the sender's other devices.
        """
        return [
            (conv, user, own.number_before, own.read_seq, own.count, own.sent_seq)
            for (conv, user), own in self._own.items()
        ]
