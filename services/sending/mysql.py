"""A batch in MariaDB and MySQL: through the models, as far as these go."""

from __future__ import annotations

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import Q

from models import Attachment, Block, Conversation, Group, Member, Message, Preference, User
from services.sending.batch import Batch, Findings, Pair, Row, Seat
from services.sending.rows import NAMES, by_key, values
from services.wire import WireMessage, group, single

# Not INSERT IGNORE: the shared lock that it leaves on a row that another worker just made lets
# two wait for each other. (The syntax that the models would write is MySQL's alone.)
_BEGIN = """
INSERT INTO conversation (conv, chat_type, last_seq, last_number, update_time)
VALUES (%s, 'single', 0, 0, %s) ON DUPLICATE KEY UPDATE last_seq = last_seq"""


async def store_in_mysql(connection: BaseDBAsyncClient, batch: Batch, strangers: str) -> None:
    """
    Store a batch within an open transaction.

    Args:
        connection: the transaction. Nothing of the batch is true before it commits.
        batch: what to store.
        strangers: what people who decided nothing take from strangers.

    Raises:
        Changed: another worker began one of the conversations at this moment.
    """
    # Locked before anything is looked up, and always in the same order: who may write cannot
    # change any more, and two batches never wait for each other.
    existing = await _locked(connection, batch)
    people = User.filter(id__in=batch.people).using_db(connection)
    same = Q(*(Q(from_id=sender, cid=cid) for sender, cid in batch.keys), join_type=Q.OR)
    earlier = await Message.filter(same).using_db(connection) if batch.keys else []
    batch.plan(
        Findings(
            statuses=dict(await people.values_list("id", "status")),
            earlier=by_key(map(WireMessage.of, earlier)),
            pairs=await _pairs(connection, batch, strangers),
            seats=await _seats(connection, batch),
        )
    )
    if not batch.counts:
        return
    for conv in batch.unknown:
        members = Member.filter(conv=conv).using_db(connection)
        batch.members[conv] = tuple(row[0] for row in await members.values_list("user_id"))
    ends = await _move_ends(connection, batch, existing)
    rows = batch.number(ends)
    await Message.bulk_create(map(_model, rows), using_db=connection)
    if batch.attachments:
        attachments = [
            Attachment(message_id=message, file_id=file, conv=conv, seq=seq)
            for message, file, conv, seq in batch.attachments
        ]
        await Attachment.bulk_create(attachments, using_db=connection)
    await _move_own_cursors(connection, batch)


async def _locked(connection: BaseDBAsyncClient, batch: Batch) -> dict[str, Conversation]:
    wanted = Conversation.filter(conv__in=batch.convs).order_by("conv")
    return {row.conv: row for row in await wanted.using_db(connection).select_for_update()}


async def _pairs(
    connection: BaseDBAsyncClient, batch: Batch, strangers: str
) -> dict[tuple[int, int], Pair]:
    if not batch.pairs:
        return {}
    mine = Q(*(Q(user_id=to, blocked_id=sender) for sender, to in batch.pairs), join_type=Q.OR)
    blocks = await Block.filter(mine).using_db(connection).values_list("blocked_id", "user_id")
    blocked = set(blocks)
    recipients = [to for _, to in batch.pairs]
    decided = Preference.filter(user_id__in=recipients).using_db(connection)
    preferences = dict(await decided.values_list("user_id", "strangers"))
    convs = [single(sender, to) for sender, to in batch.pairs]
    members = Member.filter(conv__in=convs).using_db(connection)
    sent = {
        (conv, user): seq
        for conv, user, seq in await members.values_list("conv", "user_id", "sent_seq")
    }
    return {
        (sender, to): Pair(
            blocked=(sender, to) in blocked,
            strangers=preferences.get(to, strangers),
            sent=sent.get((single(sender, to), sender), 0),
            answered=sent.get((single(sender, to), to), 0),
        )
        for sender, to in batch.pairs
    }


async def _seats(connection: BaseDBAsyncClient, batch: Batch) -> dict[tuple[int, int], Seat]:
    if not batch.seats:
        return {}
    numbers = [number for number, _ in batch.seats]
    open_groups = Group.filter(id__in=numbers, dissolve_time=None).using_db(connection)
    groups = {row.id: row for row in await open_groups}
    mine = Q(*(Q(conv=group(number), user_id=user) for number, user in batch.seats), join_type=Q.OR)
    members = {
        (row.conv, row.user_id): row for row in await Member.filter(mine).using_db(connection)
    }
    return {
        (number, user): Seat(
            version=groups[number].version,
            all_muted=bool(groups[number].muted),
            role=members[group(number), user].role,
            muted_until=members[group(number), user].muted_until,
        )
        for number, user in batch.seats
        if number in groups and (group(number), user) in members
    }


async def _move_ends(
    connection: BaseDBAsyncClient, batch: Batch, existing: dict[str, Conversation]
) -> dict[str, tuple[int, int]]:
    """Begin the conversations that are new, and move the ends of all."""
    found = existing
    if missing := [conv for conv in batch.counts if conv not in existing]:
        await connection.execute_many(_BEGIN, [[conv, batch.now] for conv in missing])
        found = await _locked(connection, batch)
    moved = [found[conv] for conv in batch.counts]
    for conversation in moved:
        conversation.last_seq += batch.counts[conversation.conv]
        conversation.last_number += batch.counts[conversation.conv]
        conversation.update_time = batch.now
    ends = {row.conv: (row.last_seq, row.last_number) for row in moved}
    batch.check_ends(set(existing), ends)
    columns = ["last_seq", "last_number", "update_time"]
    await Conversation.bulk_update(moved, columns, using_db=connection)
    members = [Member(conv=conv, user_id=user) for conv, user in batch.new_members(ends)]
    await Member.bulk_create(members, ignore_conflicts=True, using_db=connection)
    return ends


async def _move_own_cursors(connection: BaseDBAsyncClient, batch: Batch) -> None:
    mine = Q(*(Q(conv=conv, user_id=user) for conv, user in batch.latest), join_type=Q.OR)
    members = await Member.filter(mine).using_db(connection)
    for member in members:
        row = batch.latest[member.conv, member.user_id]
        member.read_seq = member.sent_seq = row.message.seq
        member.read_number = row.number
    columns = ["read_seq", "read_number", "sent_seq"]
    await Member.bulk_update(members, columns, using_db=connection)


def _model(row: Row) -> Message:
    columns = dict(zip(NAMES, values(row), strict=True))
    return Message(**columns, create_time=row.message.create_time)
