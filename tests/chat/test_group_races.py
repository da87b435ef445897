"""Changes of a group at the same moment, on every database; and a group as large as can be."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from extend.settings import ChatSettings
from models import Conversation, Group, Invitation, JoinRequest, Member, Message, User
from services.errors import (
    BadLink,
    GroupFull,
    NoGroup,
    NoInvitation,
    NotPermitted,
    TooManyInvitations,
)
from services.group.bans import BansService
from services.group.forms import GroupChanges, GroupView, NewGroup
from services.group.group import GroupService
from services.group.invitations import InvitationsService
from services.group.joining import JoiningService
from services.group.links import LinksService
from services.group.members import MembersService
from services.message.batch import Stored
from services.message.draft import Draft
from services.message.sql.store import store_for
from services.message.writer import message_writer
from services.push.delivery import Delivery
from services.push.hooks import ChatHooks
from services.push.recipients import Recipients
from services.wire import single_conv
from tests.databases import Host, database_url, open_orm
from yolk import Label, WebSocketServer

__all__ = ["database_url"]

ROOM = 12


class Pushes:
    """A recorder of what would be sent to sockets, of which there are none here."""

    def __init__(self) -> None:
        self.pushed: list[tuple[set[int], Any]] = []

    def send_to_user(
        self, user_id: int, data: str | bytes, skip: Any = None, label: Label | None = None
    ) -> None:
        """Take a frame for one person."""
        self.send_to_users([user_id], data, skip, label)

    def send_to_users(
        self,
        user_ids: Iterable[int],
        data: str | bytes,
        skip: Any = None,
        label: Label | None = None,
        *,
        droppable: bool = False,
    ) -> None:
        """Take a frame for several."""
        self.pushed.append(({*user_ids}, msgspec.json.decode(data)))

    async def is_online(self, user_ids: Iterable[int]) -> set[int]:
        """Say that nobody is on line."""
        return set()


class NoLimits:
    """In place of the limits by rate, which are counted in Redis and have tests of their own."""

    async def take(self, *_: object) -> None:
        """Allow it."""


class Chat:
    """The services of groups on a database with 40 users who know each other."""

    def __init__(self, host: Host, room: int = ROOM) -> None:
        self.sockets = Pushes()
        settings = ChatSettings(group_members=room)
        self.recipients = Recipients()
        self.delivery = Delivery(
            cast(WebSocketServer, self.sockets), ChatHooks(host.as_application())
        )
        app = SimpleNamespace(
            orm=host.orm,
            config=SimpleNamespace(chat=settings),
            recipients=self.recipients,
            delivery=self.delivery,
            ws=self.sockets,
            rates=NoLimits(),
        )
        ctx = cast(
            Any,
            SimpleNamespace(
                app=app,
                unavailable_errors=host.orm.unavailable_errors,
                logger=logging.getLogger("tests"),
            ),
        )
        self.group = GroupService(ctx)
        self.joining = JoiningService(ctx)
        self.members = MembersService(ctx)
        self.links = LinksService(ctx)
        self.invitations = InvitationsService(ctx)
        self.bans = BansService(ctx)
        self.host = host

    async def make(self, *members: int, **wanted: Any) -> GroupView:
        """Create a group that user 1 owns; it is open unless it needs approval."""
        if not wanted.get("approval"):
            wanted["join"] = "open"
        return await self.group.create(1, NewGroup("Friends", members=[*members], **wanted))

    async def check(self, made: GroupView) -> Group:
        """Check that a group agrees with its members, and that its entries have no gap."""
        group = await Group.get(id=made.id)
        members = await Member.filter(conv=made.conv)
        assert group.member_count == len(members) == len({one.user_id for one in members})
        assert [one.user_id for one in members if one.role == 2] == [group.owner_id]
        conversation = await Conversation.get(conv=made.conv)
        seqs = await Message.filter(conv=made.conv).order_by("seq").values_list("seq")
        assert [row[0] for row in seqs] == list(range(1, conversation.last_seq + 1))
        assert set(await self.recipients.of(made.conv)) == {one.user_id for one in members}
        return group


async def acquaint(users: Iterable[int], others: Iterable[int]) -> None:
    """Store that each of the others has written to each of the users."""
    pairs = [(user, other) for other in others for user in users if user != other]
    rows = [Member(conv=single_conv(*pair), user_id=pair[1], sent_seq=1) for pair in pairs]
    await Member.bulk_create(rows, batch_size=1000)


@pytest.fixture
async def host(tmp_path: Path, database_url: str) -> AsyncIterator[Host]:
    """Yield each kind of database, with 40 users."""
    async with open_orm(tmp_path, database_url) as host:
        await User.bulk_create(
            [User(id=number, username=f"user{number}", password="") for number in range(1, 41)]
        )
        await acquaint(range(1, 41), range(1, 41))
        yield host


@pytest.fixture
def chat(host: Host) -> Chat:
    """Return one worker's services."""
    return Chat(host)


async def at_once(*work: Any) -> list[Any]:
    """Run several coroutines concurrently, and return the outcome of each."""
    return await asyncio.gather(*work, return_exceptions=True)


async def test_a_group_is_never_overfull(chat: Chat) -> None:
    """Of the users who join at the same moment, as many are admitted as there is room."""
    made = await chat.make(2, history=False)

    outcomes = await at_once(
        *(chat.joining.join(user, made.id, "") for user in range(3, 21)),
        chat.joining.invite(1, made.id, [21, 22, 23]),
        chat.joining.invite(2, made.id, [24, 25, 26]),
    )

    group = await chat.check(made)
    refused = [one for one in outcomes if isinstance(one, GroupFull)]
    others = [one for one in outcomes if isinstance(one, BaseException)]
    assert others == refused
    assert refused
    # Three at a time may not fit where one does.
    assert ROOM - 2 <= group.member_count <= ROOM


async def test_one_who_comes_many_times_is_one_member(chat: Chat) -> None:
    """Joining and being invited repeatedly at the same moment writes one entry."""
    made = await chat.make(2)

    outcomes = await at_once(
        *(chat.joining.join(3, made.id, "") for _ in range(8)),
        *(chat.joining.invite(2, made.id, [3]) for _ in range(8)),
    )

    assert not [one for one in outcomes if isinstance(one, BaseException)]
    group = await chat.check(made)
    assert (group.member_count, await Message.filter(conv=made.conv).count()) == (3, 2)


async def test_one_who_asks_many_times_asks_once(chat: Chat) -> None:
    """A user's repeated requests are one, and two administrators decide it once."""
    made = await chat.make(2, approval=True)
    await chat.members.set_role(1, made.id, 2, 1)

    outcomes = await at_once(*(chat.joining.join(3, made.id, "") for _ in range(8)))
    assert outcomes == ["requested"] * 8
    assert await JoinRequest.filter(group_id=made.id).count() == 1
    asked = [frame for _, frame in chat.sockets.pushed if frame["type"] == "system"]
    assert len(asked) == 1

    outcomes = await at_once(
        *(chat.joining.accept(user, made.id, [3]) for user in (1, 2, 1, 2)),
        *(chat.joining.refuse(user, made.id, [3]) for user in (1, 2, 1, 2)),
    )
    assert sorted(outcomes) == [[]] * 7 + [[3]]
    await chat.check(made)


async def test_a_group_has_one_owner(chat: Chat) -> None:
    """Of several transfers at the same moment, one succeeds; the others are too late."""
    made = await chat.make(2, 3, 4)

    outcomes = await at_once(*(chat.members.hand_over(1, made.id, user) for user in (2, 3, 4)))

    assert sum(one is None for one in outcomes) == 1
    assert sum(isinstance(one, NotPermitted) for one in outcomes) == 2
    await chat.check(made)


async def test_a_link_is_used_as_often_as_it_says(chat: Chat) -> None:
    """Users with a link for three join at the same moment: three of them do, each once."""
    made = await chat.make(2)
    link = await chat.links.create(1, made.id, 3600, 3)

    outcomes = await at_once(
        *(chat.links.join(user, link.link_token, "") for user in range(3, 11) for _ in range(2))
    )

    others = [one for one in outcomes if isinstance(one, BaseException)]
    assert all(isinstance(one, BadLink) for one in others)
    group = await chat.check(made)
    assert group.member_count == 5
    assert (await chat.links.list(1, made.id)).links[0].uses == 3


async def test_an_invitation_is_accepted_once(chat: Chat) -> None:
    """Accepting, declining and banning at the same moment: one of them counts."""
    made = await chat.make(2)
    await Member.filter(user_id=3).update(sent_seq=0)
    invited = await chat.joining.invite(2, made.id, [3])
    assert (invited.joined, invited.invited) == ([], [3])

    outcomes = await at_once(
        *(chat.invitations.accept(3, made.id) for _ in range(4)),
        chat.invitations.decline(3, made.id),
        chat.bans.ban(1, made.id, [3]),
    )

    assert outcomes[-1] == [3]
    others = [one for one in outcomes if isinstance(one, BaseException)]
    assert all(isinstance(one, NoInvitation) for one in others)
    assert (await chat.check(made)).member_count == 2
    assert not await Invitation.filter(group_id=made.id).exists()


async def test_an_inviter_does_not_pass_the_limit_with_many_requests(host: Host) -> None:
    """Groups that are created at the same moment share the limit of pending invitations."""
    chat = Chat(host, room=500)
    strangers = range(1000, 1150)
    await User.bulk_create([User(id=one, username=f"u{one}", password="") for one in strangers])

    outcomes = await at_once(*(chat.make(*strangers) for _ in range(4)))

    assert sum(isinstance(one, TooManyInvitations) for one in outcomes) == 3
    assert await Invitation.filter(inviter_id=1).count() == 150


async def test_two_administrators_at_once(chat: Chat) -> None:
    """They remove the same members at the same moment: each removal happens and is told once."""
    made = await chat.make(*range(2, 11))
    await at_once(chat.members.set_role(1, made.id, 2, 1), chat.members.set_role(1, made.id, 3, 1))

    outcomes = await at_once(
        chat.members.remove(2, made.id, [4, 5, 6, 7]),
        chat.members.remove(3, made.id, [7, 6, 5, 8]),
        chat.members.leave(5, made.id),
        chat.members.leave(9, made.id),
    )

    group = await chat.check(made)
    assert group.member_count == 4
    removed = [user for one in outcomes if isinstance(one, list) for user in one]
    assert len(removed) == len(set(removed))
    assert {4, 6, 7, 8} <= {*removed} <= {4, 5, 6, 7, 8}
    assert [type(one) for one in outcomes[2:]] in ([NoGroup, type(None)], [type(None)] * 2)
    events = await Message.filter(conv=made.conv).values_list("options")
    names = [msgspec.json.decode(row[0])["event"] for row in events]
    assert names.count("left") == 2 if 5 not in removed else names.count("left") == 1


async def test_a_dissolved_group_stays_empty(chat: Chat) -> None:
    """A user who joins while it is dissolved was in time, or finds no group."""
    made = await chat.make(2)

    outcomes = await at_once(
        *(chat.joining.join(user, made.id, "") for user in range(3, 9)),
        chat.group.dissolve(1, made.id),
        chat.joining.invite(2, made.id, [9, 10]),
    )

    assert not [
        one for one in outcomes if isinstance(one, BaseException) and not isinstance(one, NoGroup)
    ]
    assert not await Member.filter(conv=made.conv).exists()
    group = await Group.get(id=made.id)
    assert (group.member_count, group.dissolve_time is None) == (0, False)
    assert await chat.recipients.of(made.conv) == ()
    told = {user for users, frame in chat.sockets.pushed for user in users}
    came = {number for number, one in zip(range(3, 9), outcomes, strict=False) if one == "joined"}
    assert {1, 2, *came} <= told


async def test_those_put_out_are_told(chat: Chat) -> None:
    """A change is pushed to the present members and to those it removed."""
    made = await chat.make(2, 3)
    chat.sockets.pushed.clear()

    await chat.members.remove(1, made.id, [3])
    removed = set().union(*(users for users, _ in chat.sockets.pushed))
    chat.sockets.pushed.clear()
    await chat.group.change(1, made.id, GroupChanges(name="Pals"))
    renamed = set().union(*(users for users, _ in chat.sockets.pushed))

    assert (removed, renamed) == ({1, 2, 3}, {1, 2})


async def test_who_comes_and_goes_and_who_writes_do_not_wait_for_each_other(chat: Chat) -> None:
    """Messages, joins, leaves and roles of several groups at once: no deadlock, and no gap."""
    groups = [await chat.make(2, 3, 4) for _ in range(3)]
    writers = [
        message_writer(
            store_for(chat.host.orm, "freely"),
            chat.host.orm.unavailable_errors,
            Recipients(),
            chat.delivery.committed,
            max_batch=16,
            max_waiting=1000,
            logger=logging.getLogger("tests"),
        )
        for _ in range(2)
    ]

    async def send(number: int) -> Stored:
        made = groups[number % 3]
        draft = Draft(number % 2 + 1, made.id, f"{number}", "text", "x", chat_type="group")
        return await writers[number % 2].put(draft)

    async def come_and_go(user: int) -> None:
        for made in groups:
            await chat.joining.join(user, made.id, "")
            await chat.members.leave(user, made.id)

    outcomes = await at_once(
        *(send(number) for number in range(120)),
        *(come_and_go(user) for user in range(5, 11)),
        *(chat.members.set_role(1, made.id, 2, role) for made in groups for role in (1, 0, 1)),
        *(chat.members.mute(1, made.id, 4, seconds) for made in groups for seconds in (9, 0)),
    )

    assert not [one for one in outcomes if isinstance(one, BaseException)]
    for made in groups:
        assert (await chat.check(made)).member_count == 4
        sent = sorted(
            one.message.seq
            for one in outcomes
            if isinstance(one, Stored) and one.message.conv == made.conv
        )
        assert len(sent) == len(set(sent)) == 40


async def test_five_thousand_cost_no_more_queries_than_two(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """A group of 5,000 takes no more queries than a small one, from creation to dissolution."""
    chat = Chat(host, room=5000)
    await User.bulk_create(
        [User(id=number, username=f"user{number}", password="") for number in range(41, 5002)],
        batch_size=1000,
    )
    await acquaint([1], range(41, 5002))
    caplog.set_level(logging.DEBUG, "tortoise.db_client")

    async def live(count: int) -> tuple[GroupView, int, float]:
        caplog.clear()
        begin = time.perf_counter()
        made = await chat.make(*range(2, count + 1))
        await chat.group.change(1, made.id, GroupChanges(name="Pals"))
        assert len(await chat.recipients.of(made.conv)) == count
        page = await Member.filter(conv=made.conv, user_id__gt=4).order_by("user_id").limit(200)
        assert len(page) == min(max(count - 4, 0), 200)
        await chat.members.leave(2, made.id)
        await chat.joining.join(2, made.id, "")
        await chat.check(made)
        await chat.group.dissolve(1, made.id)
        return made, len(caplog.records), time.perf_counter() - begin

    _, few, _ = await live(2)
    made, many, seconds = await live(5000)

    assert 10 < many == few
    assert seconds < 10
    assert await Member.filter(conv=made.conv).count() == 0
    last = chat.sockets.pushed[-2:]
    assert set().union(*(users for users, _ in last)) == set(range(1, 5001))
