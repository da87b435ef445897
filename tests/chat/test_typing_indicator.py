"""The typing indicator obeys the rules of writing."""

from __future__ import annotations

import pytest

from tests.groups import in_group, make_group, people
from tests.rows import add_user
from yolk.testing import Server, Socket, User


async def sees_typing(socket: Socket) -> bool:
    """Return whether a typing indicator arrived before the pong to a ping."""
    await socket.request("ping")
    return any(frame.get("type") == "typing" for frame in socket.passed)


async def test_a_muted_member_is_not_shown(server: Server) -> None:
    """The member gets `ok`, as ever; the group sees nothing."""
    owner, member = people(server, 2)
    group = await make_group(owner, member)
    socket = await owner.connect()
    await in_group(owner, group, "/mute", user_id=member.id, seconds=60)

    await member.post("/chat/typing", to_id=group["id"], chat_type="group")
    assert not await sees_typing(socket)

    await in_group(owner, group, "/mute", user_id=member.id, seconds=0)
    await member.post("/chat/typing", to_id=group["id"], chat_type="group")
    await socket.wait_for(type="typing")


@pytest.mark.parametrize("strangers", ["nothing", "one", "freely"])
async def test_a_stranger_is_not_shown(server: Server, ada: User, strangers: str) -> None:
    """Whatever Ada accepts from strangers, and also after they wrote; until she has written."""
    stranger = add_user(server, "eve")
    if strangers != "freely":
        await ada.post("/chat/preferences", strangers=strangers)
    if strangers != "nothing":
        await stranger.post("/chat/send", to_id=ada.id, data="hello")
    socket = await ada.connect()

    await stranger.post("/chat/typing", to_id=ada.id)
    assert not await sees_typing(socket)

    await ada.post("/chat/send", to_id=stranger.id, data="hello")
    await stranger.post("/chat/typing", to_id=ada.id)
    await socket.wait_for(type="typing")


async def test_other_devices_of_the_user_are_shown(ada: User) -> None:
    """In the conversation with oneself, where nobody is a stranger."""
    phone, desktop = await ada.connect(), await ada.connect()

    await phone.request("typing", to_id=ada.id)

    await desktop.wait_for(type="typing")
