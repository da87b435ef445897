"""What tests of groups have in common."""

from __future__ import annotations

from typing import Any

from tests.rows import add_user
from yolk.testing import Server, Socket, User


async def make_group(owner: User, *members: User, **wanted: Any) -> Any:
    """Make a group, and give what its owner is answered."""
    ids = [member.id for member in members]
    return await owner.post("/chat/groups", **{"name": "Friends", "members": ids, **wanted})


async def in_group(owner: User, group: Any, action: str, **body: Any) -> Any:
    """Do something in a group, and give the data of the answer."""
    return await owner.post(f"/chat/groups/{group['id']}{action}", **body)


async def refusal(user: User, group: Any, action: str = "", **body: Any) -> tuple[int, int]:
    """Do something in a group that is refused, and give the status and the code."""
    path = f"/chat/groups/{group['id']}{action}"
    answer = await user.server.ask("POST", path, token=user.token, json=body)
    assert answer.json()["msg"] == "fail", answer.json()
    return answer.status_code, answer.json()["code"]


async def told(user: User, group: Any) -> list[Any]:
    """Give what a member reads of what happened in a group: who did it, and the options."""
    page = await user.get("/chat/history", conv=group["conv"], limit=200, after=0)
    return [
        (entry["from_id"], entry["options"])
        for entry in page["messages"]
        if entry["type"] == "notice"
    ]


async def last_told(user: User, group: Any) -> Any:
    """Give the last that happened in a group."""
    return (await told(user, group))[-1]


async def next_notice(socket: Socket, event: str) -> Any:
    """Wait for a push of something that happens in a group, and give the entry."""
    while True:
        entry = (await socket.wait_for(type="message"))["data"]
        if entry["type"] == "notice" and entry["options"]["event"] == event:
            return entry


async def members(user: User, group: Any, **asked: Any) -> dict[int, Any]:
    """Give the members that a page has, by id."""
    page = await user.get(f"/chat/groups/{group['id']}/members", **asked)
    return {member["user_id"]: member for member in page["members"]}


def people(server: Server, count: int) -> list[User]:
    """Add several people."""
    return [add_user(server, f"user{number}") for number in range(count)]
