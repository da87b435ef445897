from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from uuid_utils.compat import UUID, uuid7

from models import (
    Attachment,
    AuditEntry,
    Conversation,
    Invitation,
    InvitationLink,
    Member,
    Message,
    PasswordReset,
    Report,
    SearchEntry,
    Session,
    User,
)
from models.columns import milliseconds
from services.retention import purge
from services.retention.erasing import erase_conversation, erase_texts_of_user
from services.search.sql import index
from tests.chat.test_types import send
from tests.chat.test_writer import Chat, chat, database_url, draft
from tests.copies import copy_chat
from tests.databases import open_orm
from tests.rows import add_user, database, rows
from tests.servers import ChatServer
from tests.uploads import kept, picture, read, uploaded
from yolk.testing import Server

__all__ = ["chat", "database_url"]

DAY_MS = 24 * 3600 * 1000
TEXT = "Zwetschgenknoedel"
NAME = "Marillenstrudel"


async def make_old(days: int, *messages: Message) -> list[UUID]:
    """Make messages so many days older, as if they had been sent then; return their ids."""
    ids = []
    for message in messages:
        created = message.create_time - days * DAY_MS
        new = UUID(int=(created << 80) | (message.id.int & (2**80 - 1)))
        columns = {name: getattr(message, name) for name in Message._meta.fields_db_projection}
        await Message.filter(id=message.id).delete()
        await Message.create(**{**columns, "id": new, "create_time": created})
        ids.append(new)
    return ids


async def test_old_logins_are_deleted(chat: Chat) -> None:
    """Those that ended or expired long ago; current ones stay."""
    now = milliseconds()

    async def add(expires: int, revoked: int | None = None) -> str:
        session_id = uuid7()
        await Session.create(
            id=session_id,
            user_id=1,
            refresh_hash=session_id.hex,
            expire_time=now + expires * DAY_MS,
            revoke_time=None if revoked is None else now + revoked * DAY_MS,
        )
        return str(session_id)

    await add(-31)
    await add(20, -31)
    stay = {await add(-29), await add(20), await add(20, -29)}

    assert await purge.purge_sessions(30) == 2

    assert {str(row[0]) for row in await Session.all().values_list("id")} == stay
    assert await purge.purge_sessions(30) == 0


async def test_old_reports_and_audit_entries_are_deleted(chat: Chat) -> None:
    """Reports when they are closed; open ones stay, however old they are."""
    old = milliseconds() - 100 * DAY_MS
    for number, close_time in enumerate((0, old, milliseconds())):
        await Report.create(
            reporter_id=1,
            target_type="user",
            target_id=str(number),
            reason="spam",
            create_time=old,
            close_time=close_time,
        )
    for create_time in (old, milliseconds()):
        await AuditEntry.create(
            action="user.disable",
            target_type="user",
            target_id="1",
            details="{}",
            create_time=create_time,
        )

    assert (await purge.purge_reports(90), await purge.purge_audit(90)) == (1, 1)

    assert {one.target_id for one in await Report.all()} == {"0", "2"}
    assert await AuditEntry.all().count() == 1


async def test_used_up_links_and_expired_invitations_are_deleted(chat: Chat) -> None:
    """Those with which nobody can join any more; and tokens that set no password any more."""
    now = milliseconds()
    for number, (expires, uses, most) in enumerate(
        [(-1, 0, 0), (1, 2, 2), (1, 1, 2), (1, 9, 0), (-1, 0, 5)]
    ):
        await InvitationLink.create(
            hash=str(number),
            group_id=1,
            creator_id=1,
            uses=uses,
            max_uses=most,
            expire_time=now + expires * DAY_MS,
        )
    for user_id, (created, declined) in enumerate([(31, None), (29, None), (9, 8), (9, 6)], 1):
        await Invitation.create(
            group_id=1,
            user_id=user_id,
            inviter_id=9,
            create_time=now - created * DAY_MS,
            decline_time=None if declined is None else now - declined * DAY_MS,
        )
    for user_id, expires in ((1, -1), (2, 1)):
        await PasswordReset.create(
            user_id=user_id, hash=str(user_id), expire_time=now + expires * DAY_MS
        )

    assert await purge.purge_links() == 3
    assert await purge.purge_invitations() == 2
    assert await purge.purge_reset_tokens() == 1

    assert {one.hash for one in await InvitationLink.all()} == {"2", "3"}
    assert {one.user_id for one in await Invitation.all()} == {2, 4}
    assert [one.user_id for one in await PasswordReset.all()] == [2]


async def test_old_messages_are_erased(chat: Chat) -> None:
    """Text, options, search entry and attachment go; the message keeps its place."""
    texts = [f"word{number} text" for number in range(6)]
    await chat.send(*(draft(text, text) for text in texts))
    orm = chat.host.orm
    await index(orm, ["s:1:2"])
    messages = await Message.filter(conv="s:1:2").order_by("seq")
    first, *_ = await make_old(40, *messages[:3])
    await Attachment.create(message_id=first, file_id=uuid7(), conv="s:1:2", seq=1)
    await make_old(20, *messages[3:5])

    assert (await purge.erase_old_messages(orm, "group", 30))[0] == 0
    erased, after = await purge.erase_old_messages(orm, "single", 30)
    assert erased == 3

    found = await Message.filter(conv="s:1:2").order_by("seq")
    assert [one.seq for one in found] == [1, 2, 3, 4, 5, 6]
    assert [(one.data, one.isremove) for one in found] == [
        *[("", 1)] * 3,
        *((text, 0) for text in texts[3:]),
    ]
    assert {one.seq for one in await SearchEntry.all()} == {4, 5, 6}
    assert await Attachment.all().count() == 0
    assert (await purge.erase_old_messages(orm, "single", 30, after))[0] == 0
    assert (await purge.erase_old_messages(orm, "single", 10, after))[0] == 2


async def test_a_conversation_is_erased_to_its_last_event(chat: Chat) -> None:
    """Messages, edits and the names in notices; the seqs stay without gaps."""
    await chat.send(*(draft(f"text {number}") for number in range(450)))
    first = await Message.get(conv="s:1:2", seq=1)
    await Message.filter(id=first.id).update(edit_time=1)
    for kind, data, options in (
        ("edit", "text after", {"target": str(first.id), "seq": 1}),
        ("notice", "", {"event": "renamed", "name": NAME, "users": [1]}),
    ):
        await Message.create(
            conv="s:1:2",
            seq=451 + (kind == "notice"),
            number=450,
            from_id=1,
            to_id=2,
            chat_type="single",
            type=kind,
            data=data,
            options=json.dumps(options),
            target=first.id if kind == "edit" else None,
        )
    await chat.send(draft("elsewhere", to_id=1))

    assert await erase_conversation(chat.host.orm, "s:1:2") == 450

    found = await Message.filter(conv="s:1:2").order_by("seq")
    assert [one.seq for one in found] == list(range(1, 453))
    assert {one.data for one in found} == {""}
    assert [json.loads(one.options) for one in found[450:] if one.options] == [
        {"target": str(first.id), "seq": 1},
        {"event": "renamed", "users": [1]},
    ]
    assert await Message.filter(data="elsewhere").count() == 1


async def test_what_a_user_said_is_erased(chat: Chat) -> None:
    """In all conversations; what others said stays."""
    await chat.send(draft("hers"), draft("his", from_id=2, to_id=1), draft("to herself", to_id=1))
    await Member.filter(user_id=1).update(nickname=NAME)

    assert await erase_texts_of_user(chat.host.orm, 1) == 2

    assert [one.data for one in await Message.filter(isremove=0)] == ["his"]
    assert not await Member.filter(nickname=NAME).exists()


async def test_sending_goes_on_while_a_conversation_is_erased(chat: Chat) -> None:
    """Messages that are sent meanwhile are stored without a gap."""
    await chat.send(*(draft(f"text {number}") for number in range(300)))

    _, outcomes = await asyncio.gather(
        erase_conversation(chat.host.orm, "s:1:2"),
        chat.send(*(draft(f"new {number}") for number in range(50))),
    )

    assert [one for one in outcomes if isinstance(one, BaseException)] == []
    assert (await Conversation.get(conv="s:1:2")).last_seq == 350
    assert await Message.filter(conv="s:1:2").count() == 350


async def test_erased_text_stands_nowhere_in_the_files_of_sqlite(tmp_path: Path) -> None:
    """Neither in tables and indexes, nor in free pages and in the log."""
    async with open_orm(tmp_path) as host:
        for number in (1, 2):
            await User.create(id=number, username=f"user{number}", password="")
        chat = Chat(host)
        long = f"{TEXT} " * 3000  # on pages of its own
        for number in range(30):
            await chat.send(
                draft(f"{TEXT} {number}"), draft(long), draft(f"kept {number}", to_id=1)
            )
        for conv in ("s:1:2", "s:1:1"):
            while await index(host.orm, [conv]):
                pass
        assert TEXT.lower() in stored(tmp_path)
        assert await SearchEntry.filter(conv="s:1:2").exists()

        assert await erase_conversation(host.orm, "s:1:2") == 60

        assert TEXT.lower() not in stored(tmp_path)
        assert "kept 7" in stored(tmp_path)
        [integrity] = (await host.orm.connection.execute_query("PRAGMA integrity_check"))[1]
        assert integrity[0] == "ok"
    assert TEXT.lower() not in stored(tmp_path)


def stored(folder: Path) -> str:
    """Return what the files of the database contain, in lower case."""
    found = (path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return b"\n".join(found).decode("latin-1").lower()


@pytest.fixture
def purging(tmp_path: Path) -> Iterator[Server]:
    """Yield a chat that purges all the time."""
    config = {"interval": 0.5, "single_message_days": 30}
    changes = {"config/config_local.py": f"retention = {config!r}\n"}
    running = ChatServer(copy_chat(tmp_path, changes), tmp_path / "data").start()
    yield running
    running.stop()


async def until(server: Server, query: str, *wanted: tuple[Any, ...]) -> None:
    """Wait until a query finds some rows."""
    deadline = time.monotonic() + 30
    while rows(server, query) != list(wanted):
        assert time.monotonic() < deadline, rows(server, query)
        await asyncio.sleep(0.1)


async def test_files_that_nothing_carries_are_deleted(purging: Server) -> None:
    """Those that were never sent, and those of recalled messages; avatars and sent ones stay."""
    ada, bob = add_user(purging, "ada"), add_user(purging, "bob")
    names = ("unsent", "sent", "recalled", "avatar", "group", "new")
    infos = {
        name: await uploaded(ada, name, picture(size=(40 + number, 30)))
        for number, name in enumerate(names)
    }
    await send(ada, bob, "image", infos["sent"]["url"])
    recalled = await send(ada, bob, "image", infos["recalled"]["url"])
    await ada.post("/chat/groups", name="g", members=[], avatar=infos["group"]["url"])
    await ada.post("/chat/recall", id=recalled["id"])
    with database(purging) as connection:
        url = infos["avatar"]["url"]
        connection.execute("UPDATE user SET avatar = ? WHERE id = ?", (url, ada.id))
        connection.execute("UPDATE file SET create_time = 1 WHERE name <> 'new'")

    query = "SELECT name FROM file ORDER BY name"
    await until(purging, query, ("avatar",), ("group",), ("new",), ("sent",))

    await asyncio.sleep(1)
    assert len(rows(purging, query)) == 4
    assert (await read(ada, infos["unsent"]["url"])).status_code == 404
    assert (await read(bob, infos["sent"]["url"])).status_code == 200
    assert len(kept(purging)) == 8
    assert "purge: deleted 2 files" in purging.output
