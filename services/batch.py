"""Many messages at once: who may, what is a repetition, which seq each gets. No I/O."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec
from uuid_utils import uuid7

from services.errors import ChatError, NoRecipient, UserDisabled
from services.wire import WireMessage, single

Key = tuple[int, str | None]


class Draft(msgspec.Struct, frozen=True):
    """A message as its sender hands it in."""

    from_id: int
    to_id: int
    cid: str | None
    type: str
    data: str
    options: str | None = None
    """A JSON object, as its text."""
    chat_type: str = "single"
    origin: object = None
    """The socket it came over, which gets the answer and not the push."""


class Stored(msgspec.Struct, frozen=True):
    """A message that is in the database."""

    message: WireMessage
    dup: bool
    """It was there before: this is the first answer again."""
    origin: object = None


Outcome = Stored | ChatError


class Row(msgspec.Struct, frozen=True):
    """A message that is to be inserted."""

    message: WireMessage
    number: int
    options: str | None


class Batch:
    """
    What one transaction is to store. A database's own code goes through it step by step.

    `people` and `keys` are what to look up; with the findings, `plan` says which drafts are new
    and in `counts` how many each conversation gets; with the conversations' ends, `number` gives
    the rows to insert. Then `outcomes` has an answer for each draft.

    Args:
        drafts: in the order in which they came.
    """

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.drafts = drafts
        self.now = time.time_ns() // 1_000_000
        self.people = {person for draft in drafts for person in (draft.from_id, draft.to_id)}
        self.keys = {(draft.from_id, draft.cid) for draft in drafts if draft.cid is not None}
        self.counts: dict[str, int] = {}
        """Conversation to how many messages are new, in the order in which rows are locked."""
        self.latest: dict[tuple[str, int], Row] = {}
        """Conversation and sender to the last message that is new."""
        self._fresh: dict[Key | int, tuple[Draft, str]] = {}
        self._outcomes: list[Outcome | Key | int] = []

    def plan(self, statuses: Mapping[int, int], earlier: Mapping[Key, WireMessage]) -> None:
        """
        Decide what becomes of each draft.

        Args:
            statuses: the status of each of `people` that exists.
            earlier: the messages that are stored under `keys`.
        """
        fresh, outcomes = self._fresh, self._outcomes
        counts: dict[str, int] = {}
        for place, draft in enumerate(self.drafts):
            if not statuses.get(draft.from_id):
                outcomes.append(UserDisabled())
                continue
            if not statuses.get(draft.to_id):
                outcomes.append(NoRecipient())
                continue
            key: Key | int = place  # without a cid every message is one of its own
            if draft.cid is not None:
                key = (draft.from_id, draft.cid)
                stored = earlier.get(key)
                if stored is not None:
                    outcomes.append(Stored(stored, True, draft.origin))
                    continue
            if key not in fresh:
                conv = single(draft.from_id, draft.to_id)
                fresh[key] = (draft, conv)
                counts[conv] = counts.get(conv, 0) + 1
            outcomes.append(key)
        self.counts = dict(sorted(counts.items()))

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
        self._settle(rows)
        return list(rows.values())

    def _settle(self, rows: Mapping[Key | int, Row]) -> None:
        told: set[Key | int] = set()
        for place, outcome in enumerate(self._outcomes):
            if isinstance(outcome, (Stored, ChatError)):
                continue
            dup = outcome in told
            told.add(outcome)
            origin = self.drafts[place].origin
            self._outcomes[place] = Stored(rows[outcome].message, dup, origin)

    def outcomes(self) -> list[Outcome]:
        """Give what became of each draft. It holds once the transaction is committed."""
        return [one for one in self._outcomes if isinstance(one, (Stored, ChatError))]
