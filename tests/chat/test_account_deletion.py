"""Deleted accounts: what is erased, what stays, and who learns of it."""

from __future__ import annotations

import pytest

from tests.conftest import Serve
from tests.databases import Databases
from tests.groups import make_group
from tests.rows import database, rows
from tests.uploads import picture, uploaded
from yolk.testing import Server, User

PASSWORD = "correct horse"


async def delete(user: User, **body: str) -> tuple[int, int | None]:
    """Delete the account, and return the status and the error code."""
    answer = await user.server.ask("POST", "/account/delete", token=user.token, json=body)
    return answer.status_code, answer.json().get("code")


async def texts(user: User, conv: str) -> list[tuple[str, str, int]]:
    """Return type, text and recall state of what a user sees in a conversation."""
    page = await user.get("/chat/history", conv=conv, limit=200, after=0)
    return [(one["type"], one["data"], one["isremove"]) for one in page["messages"]]


async def check_deletion(server: Server) -> None:
    """Check what is left of a deleted account whose messages are kept."""
    gone, friend = await server.user("gone"), await server.user("friend")
    await friend.post("/chat/send", to_id=gone.id, cid="1", data="hello")
    await gone.post("/chat/send", to_id=friend.id, cid="1", data="farewell")
    group = await friend.post("/chat/groups", name="Friends", members=[gone.id])
    await gone.post("/chat/block", user_id=friend.id, on=True)
    socket, other = await gone.connect(), await friend.connect()

    assert await delete(gone, password=PASSWORD) == (200, None)

    assert (await socket.closed())[0] == 4500
    assert socket.passed[-1] == {"msg": "fail", "data": "用户不存在"}
    event = (await other.wait_for(type="system"))["data"]
    while event["event"] != "profile":
        event = (await other.wait_for(type="system"))["data"]
    assert (event["user_id"], event["nickname"]) == (gone.id, "已注销用户")
    answer = await server.ask("GET", "/users?q=a", token=gone.token)
    assert answer.status_code == 401
    body = {"username": gone.username, "password": PASSWORD}
    assert (await server.ask("POST", "/auth/login", json=body)).status_code == 401
    body = {"refresh_token": gone.refresh_token}
    assert (await server.ask("POST", "/auth/refresh", json=body)).status_code == 401
    conv = f"s:{gone.id}:{friend.id}"
    assert await texts(friend, conv) == [("text", "hello", 0), ("text", "farewell", 0)]
    seen = await friend.get(f"/users/{gone.id}")
    assert (seen["nickname"], seen["avatar"], seen["online"]) == ("已注销用户", "", False)
    assert gone.username not in str(seen)
    members = (await friend.get(f"/chat/groups/{group['id']}/members"))["members"]
    assert [one["user_id"] for one in members] == [friend.id]
    again = await server.post("/auth/register", username=gone.username, password=PASSWORD)
    assert again["id"] != gone.id
    refused = await server.ask(
        "POST", "/chat/send", token=friend.token, json={"to_id": gone.id, "data": "?"}
    )
    assert refused.json()["code"] == 2001


async def test_a_deleted_account_is_a_deleted_user(server: Server) -> None:
    """Name, logins and memberships are gone; messages stay; the username is free again."""
    await check_deletion(server)


async def test_an_account_is_deleted_on_postgres(serve: Serve, postgres: Databases) -> None:
    """In the same way."""
    await check_deletion(serve(DATABASE_URL=postgres()))


async def test_an_account_is_deleted_on_mariadb(serve: Serve, mariadb: Databases) -> None:
    """In the same way."""
    await check_deletion(serve(DATABASE_URL=mariadb()))


async def test_messages_are_erased_everywhere_if_the_user_wants_it(server: Server) -> None:
    """Also in groups that the user left, edits included; clients get recalls with their sync."""
    gone, friend = await server.user("gone"), await server.user("friend")
    sent = await gone.post("/chat/send", to_id=friend.id, cid="1", data="secret-word one")
    await gone.post("/chat/edit", id=sent["id"], data="secret-word two")
    await friend.post("/chat/send", to_id=gone.id, cid="1", data="mine stays")
    group = await make_group(friend, gone)
    await gone.post(
        "/chat/send", to_id=group["id"], chat_type="group", cid="2", data="secret-word three"
    )
    await gone.post(f"/chat/groups/{group['id']}/leave")
    socket = await friend.connect()

    assert await delete(gone, password=PASSWORD, messages="erase") == (200, None)

    recall = (await socket.wait_for(type="message"))["data"]
    assert (recall["type"], recall["options"]["target"]) == ("recall", sent["id"])
    for conv in (f"s:{gone.id}:{friend.id}", group["conv"]):
        assert not any("secret-word" in text for _, text, _ in await texts(friend, conv))
    assert ("text", "mine stays", 0) in await texts(friend, f"s:{gone.id}:{friend.id}")
    assert (await friend.get("/chat/search", text="secret-word"))["messages"] == []
    with database(server) as connection:
        dump = "\n".join(connection.iterdump())
    assert "secret-word" not in dump


async def test_nothing_else_in_the_database_names_a_deleted_user(server: Server) -> None:
    """Neither the username nor the nickname, the address or the password's hash is anywhere."""
    gone = await server.user("vanishing-person")
    await gone.post("/account/profile", nickname="Vanishing nickname")
    [(hashed,)] = rows(server, "SELECT password FROM user WHERE id = ?", gone.id)

    assert await delete(gone, password=PASSWORD) == (200, None)

    with database(server) as connection:
        dump = "\n".join(connection.iterdump())
    for text in (gone.username, "Vanishing nickname", hashed):
        assert text not in dump
    assert rows(server, "SELECT COUNT(*) FROM session WHERE user_id = ?", gone.id) == [(0,)]


async def test_files_that_no_message_has_are_deleted(server: Server) -> None:
    """The avatar, too; what was sent stays with its message, and so does what others uploaded."""
    gone, friend = await server.user("gone"), await server.user("friend")
    avatar = await uploaded(gone, "me.png", picture(size=(41, 31)))
    sent = await uploaded(gone, "sent.txt", b"sent by a user who is gone")
    shared = await uploaded(gone, "shared.txt", b"uploaded by two users")
    theirs = await uploaded(friend, "theirs.txt", b"uploaded by two users")
    await gone.post("/account/profile", avatar=avatar["url"])
    await gone.post("/chat/send", to_id=friend.id, cid="1", type="file", data=sent["url"])

    assert await delete(gone, password=PASSWORD) == (200, None)

    found = [
        (await server.ask("GET", file["url"], token=friend.token)).status_code
        for file in (avatar, sent, shared, theirs)
    ]
    assert found == [404, 200, 404, 200]


async def test_an_owner_of_groups_transfers_them_first(server: Server) -> None:
    """Nothing is deleted before."""
    owner, heir = await server.user("owner"), await server.user("heir")
    group = await make_group(heir, owner)
    await heir.post(f"/chat/groups/{group['id']}/hand_over", user_id=owner.id)

    assert await delete(owner, password=PASSWORD, messages="erase") == (400, 3106)

    await owner.post(f"/chat/groups/{group['id']}/hand_over", user_id=heir.id)
    assert await delete(owner, password=PASSWORD) == (200, None)


async def test_whoever_gets_a_group_meanwhile_keeps_the_account(server: Server) -> None:
    """No group is left with an owner who is gone, however long the messages take to erase."""
    gone, friend = await server.user("gone"), await server.user("friend")
    await gone.post("/chat/send", to_id=friend.id, cid="1", data="farewell")
    group = await make_group(friend)
    with database(server) as connection:
        connection.execute(
            f"CREATE TRIGGER meanwhile AFTER UPDATE OF isremove ON message"
            f" WHEN NEW.from_id = {gone.id} BEGIN"
            f" UPDATE chat_group SET owner_id = {gone.id} WHERE id = {group['id']}; END"
        )
    try:
        assert await delete(gone, password=PASSWORD, messages="erase") == (400, 3106)
    finally:
        with database(server) as connection:
            connection.execute("DROP TRIGGER meanwhile")
            connection.execute(
                "UPDATE chat_group SET owner_id = ? WHERE id = ?", (friend.id, group["id"])
            )

    assert (await gone.get("/account/profile"))["username"] == gone.username
    assert await delete(gone, password=PASSWORD, messages="erase") == (200, None)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"password": "wrong"}, (400, 3103)),
        ({"password": ""}, (400, 3103)),
        ({}, (400, 1002)),
        ({"password": PASSWORD, "messages": "burn"}, (400, 1002)),
    ],
)
async def test_a_refused_deletion_deletes_nothing(
    server: Server, body: dict[str, str], expected: tuple[int, int]
) -> None:
    """The password is asked for."""
    grace = await server.user("grace")

    assert await delete(grace, **body) == expected
    await server.post("/auth/login", username=grace.username, password=PASSWORD)
