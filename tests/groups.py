"""Helpers for tests of groups."""

from __future__ import annotations

from typing import Any

from tests.rows import add_user
from yolk.testing import Server, Socket, User


async def make_group(owner: User, *members: User, **wanted: Any) -> Any:
    """Create a group, and return the answer to its owner."""
    ids = [member.id for member in members]
    return await owner.post("/chat/groups", **{"name": "Friends", "members": ids, **wanted})


async def in_group(owner: User, group: Any, action: str, **body: Any) -> Any:
    """Send a request about a group, and return the data of the answer."""
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
