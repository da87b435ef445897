"""Anything that people can do, in any order, against a model that is too simple to be wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.errors import ChatError
from tests.conftest import Serve
from tests.crowd import Crowd, add_crowd
from tests.databases import database_url
from tests.entries import Entry
from tests.model import Chat

__all__ = ["database_url"]

Person = st.integers(0, 2)
Pick = st.integers(0, 100)
"""One of what there is, whatever that is."""
Mostly = st.sampled_from([True, True, True, False])
Text = st.sampled_from(["one", "two", "三"])
Limit = st.sampled_from([1, 2, 3, 7, 100])
Seq = st.integers(0, 30)
Change = st.sampled_from(
    ["join", "leave", "invite", "accept", "decline", "remove", "administrator", "member"]
)
STATE = ("last_seq", "join_seq", "delivered_seq", "read_seq", "unread", "more")


class ChatMachine(RuleBasedStateMachine):
    """Three people, and what they do."""

    def __init__(self, crowd: Crowd) -> None:
        super().__init__()
        self.crowd = crowd
        self.people = [crowd.stranger() for _ in range(3)]
        self.model = Chat()
        self.turn = 0

    # --- asking both

    def id(self, person: int) -> int:
        return self.people[person][0]

    def post(self, person: int, path: str, **body: Any) -> Any:
        return self.crowd.ask(self.people[person][1], path, body)

    def both(self, model: Callable[[], Any], answer: Any) -> Any:
        """Ask the model what the server was asked; give what it says, None where it refuses."""
        expected, code = None, None
        try:
            expected = model()
        except ChatError as refusal:
            code = refusal.code
        assert (answer if isinstance(answer, int) else None) == code
        return expected

    def same(self, messages: list[Any], entries: list[Entry], person: int) -> None:
        """Check that the server's messages are the model's entries, as a person sees them."""
        user = self.id(person)
        seats = {one.conv: one.seats.get(user) for one in self.model.conversations.values()}
        joins = {conv: seat.join if seat else 0 for conv, seat in seats.items()}
        expected = [entry.shown(joins[entry.conv]) for entry in entries]
        assert [shown(message) for message in messages] == expected
        for message, entry in zip(messages, entries, strict=True):
            assert entry.id in (None, message["id"])
            entry.id = message["id"]

    def conv(self, pick: int) -> str:
        convs = list(self.model.conversations)
        return convs[pick % len(convs)]

    def group(self, pick: int) -> str:
        groups = [one.conv for one in self.model.conversations.values() if one.group is not None]
        return groups[pick % len(groups)]

    def entry(self, pick: int) -> Entry:
        """Return a message, the latest for 0; or, one time in ten, any that was seen."""
        if pick % 10 == 9:
            seen = (one for all_of in self.model.conversations.values() for one in all_of.entries)
            known = [one for one in seen if one.id]
        else:
            known = self.model.messages[::-1]
        return known[pick % len(known)]

    def author_or(self, entry: Entry, person: int, *, own: bool) -> int:
        """Return the author of a message, or any user."""
        return [self.id(one) for one in range(3)].index(entry.from_id) if own else person

    def has_messages(self) -> bool:
        return bool(self.model.messages)

    # --- writing

    @rule(person=Person, to=Person, text=Text, named=st.booleans())
    def send_to_somebody(self, person: int, to: int, text: str, named: bool) -> None:
        self._send(person, self.id(to), text, named=named)

    @rule(pick=Pick, said=st.lists(st.tuples(Person, Text, st.booleans()), min_size=1, max_size=4))
    def talk_in_a_group(self, pick: int, said: list[tuple[int, str, bool]]) -> None:
        for person, text, named in said:
            self._send(person, int(self.group(pick)[2:]), text, group=True, named=named)

    @precondition(has_messages)
    @rule(person=Person, pick=Pick, text=Text)
    def reply(self, person: int, pick: int, text: str) -> None:
        answered = self.entry(pick)
        conversation = self.model.conversations[answered.conv]
        if conversation.group is not None:
            self._send(person, conversation.group, text, group=True, reply_to=answered)
        else:
            others = [one for one in conversation.seats if one != self.id(person)]
            self._send(person, (others or [self.id(person)])[0], text, reply_to=answered)

    @precondition(lambda self: any(one.cid for one in self.model.messages))
    @rule(pick=Pick, to=Person)
    def send_again(self, pick: int, to: int) -> None:
        """Whatever it says now, and wherever it goes: the sender and the cid are the message."""
        named = [one for one in self.model.messages if one.cid]
        earlier = named[pick % len(named)]
        sender = self.author_or(earlier, 0, own=True)
        self._send(sender, self.id(to), "changed", cid=earlier.cid)

    def _send(
        self,
        person: int,
        to: int,
        text: str,
        *,
        group: bool = False,
        named: bool = False,
        cid: str | None = None,
        reply_to: Entry | None = None,
    ) -> None:
        if named:
            cid = f"{len(self.model.messages)}"
        answer = self.post(
            person,
            "/chat/send",
            to_id=to,
            data=text,
            chat_type="group" if group else "single",
            cid=cid,
            options={"reply_to": reply_to.id} if reply_to else None,
        )
        entry = self.both(
            lambda: self.model.send(self.id(person), to, cid, text, group=group, reply_to=reply_to),
            answer,
        )
        if entry is not None:
            self.same([answer], [entry], person)

    @precondition(has_messages)
    @rule(person=Person, pick=Pick, own=Mostly, texts=st.lists(Text, min_size=1, max_size=2))
    def edit(self, person: int, pick: int, own: bool, texts: list[str]) -> None:
        message = self.entry(pick)
        for text in texts:
            self._edit(self.author_or(message, person, own=own), message, text)

    @precondition(has_messages)
    @rule(person=Person, pick=Pick, own=Mostly, text=st.none() | Text)
    def recall(self, person: int, pick: int, own: bool, text: str | None) -> None:
        """Take a message back, some time after its author has changed it."""
        message = self.entry(pick)
        author = self.author_or(message, person, own=True)
        if text is not None:
            self._edit(author, message, text)
        person = author if own else person
        answer = self.post(person, "/chat/recall", id=message.id)
        entry = self.both(lambda: self.model.recall(self.id(person), message), answer)
        if entry is not None:
            self.same([answer], [entry], person)

    def _edit(self, person: int, message: Entry, text: str) -> None:
        answer = self.post(person, "/chat/edit", id=message.id, data=text)
        edited = self.both(lambda: self.model.edit(self.id(person), message, text), answer)
        if edited is not None:
            self.same([answer], [edited], person)

    # --- cursors

    @rule(person=Person, pick=Pick, seq=Seq, cursor=st.sampled_from(["delivered", "read"]))
    def move(self, person: int, pick: int, seq: int, cursor: str) -> None:
        conv = self.conv(pick)
        answer = self.post(person, f"/chat/{cursor}", conv=conv, seq=seq)
        move = getattr(self.model, cursor)
        self.both(lambda: move(self.id(person), conv, seq), answer)

    @rule(person=Person, limit=Limit, ack=st.booleans())
    def get_messages(self, person: int, limit: int, ack: bool) -> None:
        """The cursors move past what the answer carried and what is one's own, and no further."""
        waiting = self.model.waiting(self.id(person))
        answer = self.post(person, "/chat/getmessage", limit=limit, ack=ack)
        assert len(answer) == min(limit, len(waiting))
        by_place = {(one.conv, one.seq): one for one in waiting}
        carried = [by_place[message["conv"], message["seq"]] for message in answer]
        self.same(answer, carried, person)
        state = self.post(person, "/chat/sync", cursors={}, limit=1)
        for one in state["conversations"]:
            seat = self.model.conversations[one["conv"]].seats[self.id(person)]
            got = [entry.seq for entry in carried if entry.conv == one["conv"]]
            seqs = [entry.seq for entry in waiting if entry.conv == one["conv"]]
            assert got == seqs[: len(got)]  # no message of a conversation overtakes another
            left = seqs if ack else seqs[len(got) :]
            least = max([seat.delivered, *([] if ack else got)])
            most = left[0] - 1 if left else one["last_seq"]
            assert least <= one["delivered_seq"] <= max(least, most)
            seat.delivered = one["delivered_seq"]

    # --- reading

    @rule(person=Person, seqs=st.dictionaries(Pick, Seq, max_size=4), limit=Limit)
    def sync(self, person: int, seqs: dict[int, int], limit: int) -> None:
        self._sync(person, {self.conv(pick): seq for pick, seq in seqs.items()}, limit)

    @invariant()
    def everybody_sees_what_there_is(self) -> None:
        """One person after the other, from the beginning."""
        self.turn += 1
        self._sync(self.turn % 3, dict.fromkeys(self.model.conversations, 0), 200)

    def _sync(self, person: int, cursors: dict[str, int], limit: int) -> None:
        answer = self.post(person, "/chat/sync", cursors=cursors, limit=limit)
        expected = self.model.sync(self.id(person), cursors, limit)
        found = {one["conv"]: one for one in answer["conversations"]}
        assert found.keys() == expected.keys()
        for conv, missed in expected.items():
            one = found[conv]
            assert one["gone"] == (missed is None), conv
            if missed is not None:
                seat = missed.seat
                assert [one[name] for name in STATE] == [
                    *(missed.last, seat.join, seat.delivered, seat.read, missed.unread, missed.more)
                ]
            self.same(one["messages"], missed.entries if missed else [], person)

    @rule(person=Person, pick=Pick, before=st.none() | Seq, after=st.none() | Seq, limit=Limit)
    def pull(
        self, person: int, pick: int, before: int | None, after: int | None, limit: int
    ) -> None:
        conv = self.conv(pick)
        query = f"conv={conv}&limit={limit}"
        query += "" if before is None else f"&before={before}"
        query += "" if after is None else f"&after={after}"
        answer = self.crowd.ask(self.people[person][1], f"/chat/history?{query}")
        page = self.both(
            lambda: self.model.pull(self.id(person), conv, before, after, limit), answer
        )
        if page is not None:
            self.same(answer["messages"], page[0], person)
            assert answer["more"] == page[1]

    @rule(person=Person)
    def list_conversations(self, person: int) -> None:
        user, token = self.people[person]
        listed = {one["conv"]: one for one in self.crowd.ask(token, "/chat/conversations")}
        mine = {one.conv: one for one in self.model.of(user)}
        assert listed.keys() == mine.keys()
        for conv, conversation in mine.items():
            one = listed[conv]
            assert one["unread"] == conversation.unread(user)
            last = conversation.entries[max(conversation.seats[user].join, conversation.last - 1) :]
            self.same([one["last"]] if one["last"] else [], last, person)
            if conversation.group is None:
                [peer] = [who for who in conversation.seats if who != user] or [user]
                assert one["peer"]["id"] == peer
                cursors = one["peer_read_seq"], one["peer_delivered_seq"]
                assert cursors == self.model.peer_cursors(user, peer, conversation.seats[peer])
            else:
                assert one["group"]["member_count"] == len(conversation.seats)
        unread = [conversation.unread(user) for conversation in mine.values()]
        totals = self.crowd.ask(token, "/chat/unread")
        assert totals["total"] == sum(unread)
        assert totals["conversations"] == sum(count > 0 for count in unread)

    # --- groups, and whom one wants to hear from

    @initialize(history=st.booleans(), is_open=st.booleans())
    def begin(self, history: bool, is_open: bool) -> None:
        self._send(1, self.id(0), "Hello")
        self.make_group(0, {1}, history, is_open)

    @precondition(lambda self: len(self.model.conversations) < 5)
    @rule(person=Person, others=st.sets(Person), history=st.booleans(), is_open=st.booleans())
    def make_group(self, person: int, others: set[int], history: bool, is_open: bool) -> None:
        members = [self.id(other) for other in sorted(others)]
        wanted = {"members": members, "history": history, "join": "open" if is_open else "closed"}
        answer = self.post(person, "/chat/groups", name="Friends", **wanted)
        user = self.id(person)
        self.model.make_group(user, answer["id"], members, history=history, is_open=is_open)

    @rule(person=Person, other=Person, pick=Pick, change=Change)
    def change_a_group(self, person: int, other: int, pick: int, change: str) -> None:
        conv, user, whom, model = self.group(pick), self.id(person), self.id(other), self.model
        path = f"/chat/groups/{conv[2:]}"
        if change in {"join", "leave"}:
            answer = self.post(person, f"{path}/{change}")
            self.both(lambda: getattr(model, change)(user, conv), answer)
        elif change in {"accept", "decline"}:
            path = f"/chat/groups/invitations/{change}"
            answer = self.post(person, path, group_id=int(conv[2:]))
            self.both(lambda: getattr(model, change)(user, conv), answer)
        elif change in {"invite", "remove"}:
            answer = self.post(person, f"{path}/{change}", users=[whom])
            self.both(lambda: getattr(model, change)(user, conv, whom), answer)
        else:
            role = int(change == "administrator")
            answer = self.post(person, f"{path}/roles", user_id=whom, role=role)
            self.both(lambda: model.set_role(user, conv, whom, role), answer)

    @rule(person=Person, other=Person, on=Mostly, text=Text)
    def block(self, person: int, other: int, on: bool, text: str) -> None:
        answer = self.post(person, "/chat/block", user_id=self.id(other), on=on)
        self.both(lambda: self.model.block(self.id(person), self.id(other), on=on), answer)
        self._send(other, self.id(person), text)

    @rule(
        person=Person,
        other=Person,
        strangers=st.sampled_from(["nothing", "one", "freely"]),
        texts=st.lists(Text, max_size=2),
    )
    def decide(self, person: int, other: int, strangers: str, texts: list[str]) -> None:
        answer = self.post(person, "/chat/preferences", strangers=strangers)
        self.both(lambda: self.model.decide(self.id(person), strangers), answer)
        for text in texts:
            self._send(other, self.id(person), text)


def shown(message: Any) -> dict[str, Any]:
    """Return the fields of a message that the model knows."""
    options = message["options"] or {}
    known = {name: options[name] for name in ("reply_to", "target", "event") if name in options}
    return {
        **{name: message[name] for name in ("conv", "seq", "type", "from_id", "data", "cid")},
        "isremove": message["isremove"],
        "edited": "edit_time" in message,
        "options": known,
    }


@pytest.fixture
def crowd(tmp_path: Path, database_url: str, serve: Serve) -> Iterator[Crowd]:
    """Yield a chat on each kind of database."""
    asyncio.run(add_crowd(tmp_path, database_url))
    found = Crowd(serve(DATABASE_URL=database_url))
    yield found
    found.close()


@pytest.mark.timeout(600)  # a failure takes time to become small
def test_whatever_people_do(crowd: Crowd) -> None:
    """Sending, repeating, syncing, recalling, leaving, blocking: the server does what it says."""

    class Machine(ChatMachine):
        def __init__(self) -> None:
            super().__init__(crowd)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=30,
            stateful_step_count=50,
            deadline=None,
            derandomize=False,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
