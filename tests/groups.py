"""Helpers for tests of groups."""

from __future__ import annotations

from typing import Any

from services.wire import single_conv
from tests.rows import add_user, database
from yolk.testing import Server, Socket, User


def acquaint(inviter: User, *users: User | int) -> None:
    """Make users know an inviter, as if they had once written to them."""
    ids = [user if isinstance(user, int) else user.id for user in users]
    # Without a conversation: none is listed, and no message has a seq.
    rows = [(single_conv(inviter.id, one), one) for one in ids if one != inviter.id]
    with database(inviter.server) as connection:
        connection.executemany(
            "INSERT INTO member (conv, user_id, sent_seq, create_time) VALUES (?, ?, 1, 0)"
            " ON CONFLICT (conv, user_id) DO UPDATE SET sent_seq = max(sent_seq, 1)",
            rows,
        )


async def make_group(owner: User, *members: User, **wanted: Any) -> Any:
    """Create a group of users who know its owner, and return the answer to its owner."""
    acquaint(owner, *members)
    ids = [member.id for member in members]
    return await owner.post("/chat/groups", **{"name": "Friends", "members": ids, **wanted})


async def in_group(owner: User, group: Any, action: str, **body: Any) -> Any:
    """Send a request about a group, and return the data. Invited users know the inviter."""
    if action == "/invite":
        acquaint(owner, *body["users"])
    return await owner.post(f"/chat/groups/{group['id']}{action}", **body)


async def refusal(user: User, group: Any, action: str = "", **body: Any) -> tuple[int, int]:
    """Send a request about a group that is refused, and return the status and the code."""
    path = f"/chat/groups/{group['id']}{action}"
    answer = await user.server.ask("POST", path, token=user.token, json=body)
    assert answer.json()["msg"] == "fail", answer.json()
    return answer.status_code, answer.json()["code"]


async def told(user: User, group: Any) -> list[Any]:
    """Return the notices of a group that a member reads: who caused each, and its options."""
    page = await user.get("/chat/history", conv=group["conv"], limit=200, after=0)
    return [
        (entry["from_id"], entry["options"])
        for entry in page["messages"]
        if entry["type"] == "notice"
    ]


async def last_told(user: User, group: Any) -> Any:
    """Return the last notice of a group."""
    return (await told(user, group))[-1]


async def next_notice(socket: Socket, event: str) -> Any:
    """Wait until a group's notice of *event* is pushed, and return the entry."""
    while True:
        entry = (await socket.wait_for(type="message"))["data"]
        if entry["type"] == "notice" and entry["options"]["event"] == event:
            return entry


async def members(user: User, group: Any, **asked: Any) -> dict[int, Any]:
    """Return the members on a page, by ID."""
    page = await user.get(f"/chat/groups/{group['id']}/members", **asked)
    return {member["user_id"]: member for member in page["members"]}


def people(server: Server, count: int) -> list[User]:
    """Add several users."""
    return [add_user(server, f"user{number}") for number in range(count)]
