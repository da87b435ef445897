"""The pictures that administrators upload as the avatar of a group."""

from __future__ import annotations

from typing import Any

import pytest

from tests.groups import in_group, last_told, make_group, refusal
from tests.rows import add_user
from tests.uploads import picture, uploaded
from yolk.testing import Server, User


async def upload(user: User, name: str = "group.png") -> Any:
    """Upload a picture, and return its description."""
    return await uploaded(user, name, picture())


async def sees(user: User, file: Any) -> bool:
    """Return whether a user may read a file."""
    answer = await user.server.ask("GET", file["url"], token=user.token)
    return answer.status_code == 200


async def test_everybody_sees_the_picture_of_a_group(server: Server, ada: User, bob: User) -> None:
    """From when it is set until it is replaced, or the group is dissolved."""
    stranger = add_user(server, "stranger")
    first, second = await upload(ada), await upload(ada)
    made = await make_group(ada, bob, avatar=first["url"])
    assert made["avatar"] == first["url"]
    assert await sees(bob, first)
    assert await sees(stranger, first)
    assert not await sees(stranger, second)

    changed = await in_group(ada, made, "", avatar=second["url"])

    assert changed["avatar"] == second["url"]
    assert await last_told(bob, made) == (ada.id, {"event": "renamed", "avatar": second["url"]})
    assert await sees(stranger, second)
    assert not await sees(bob, first)
    await in_group(ada, made, "/dissolve")
    assert not await sees(stranger, second)


async def test_a_group_shows_no_file_of_others(ada: User, bob: User) -> None:
    """An administrator uploads the picture; a file that was sent to them is not shown to all."""
    made = await make_group(ada, bob)
    theirs, text = await upload(bob), await uploaded(ada, "notes.txt", b"Meet at seven.\n")
    await bob.post("/chat/send", to_id=ada.id, cid="1", type="image", data=theirs["url"])

    assert await refusal(ada, made, avatar=theirs["url"]) == (404, 2060)
    assert await refusal(ada, made, avatar=text["url"]) == (415, 2061)
    assert await refusal(ada, made, avatar="/files/none") == (400, 1002)
    assert (await in_group(ada, made, "", avatar="🍳"))["avatar"] == "🍳"


@pytest.mark.parametrize(
    "avatar",
    [
        "https://tracker.example/a.png",
        "//tracker.example/a.png",
        "/\\tracker.example/a.png",
        " ht\ntps://tracker.example/a.png",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "\ufeffhttps://tracker.example/a.png",
        "/\x7f/tracker.example/a.png",
    ],
)
async def test_the_picture_of_a_group_is_on_no_other_server(ada: User, avatar: str) -> None:
    """It would learn who looks at the group, members and invited users alike."""
    made = await make_group(ada)

    assert await refusal(ada, made, avatar=avatar) == (400, 1002)
    created = await ada.server.ask(
        "POST", "/chat/groups", token=ada.token, json={"name": "Friends", "avatar": avatar}
    )
    assert created.json()["code"] == 1002


async def test_another_administrator_keeps_the_picture(ada: User, bob: User) -> None:
    """A change of other values leaves the picture, even if its address is sent along."""
    made = await make_group(ada, bob, avatar=(await upload(ada))["url"])
    await in_group(ada, made, "/roles", user_id=bob.id, role=1)

    changed = await in_group(bob, made, "", name="Other", avatar=made["avatar"])

    assert (changed["name"], changed["avatar"]) == ("Other", made["avatar"])


async def test_a_removed_file_is_no_picture_any_more(ada: User, bob: User) -> None:
    """The group shows its initials again."""
    file = await upload(ada)
    made = await make_group(ada, bob, avatar=file["url"])

    await ada.server.ask("DELETE", file["url"], token=ada.token)

    assert (await bob.get(f"/chat/groups/{made['id']}"))["avatar"] == ""
