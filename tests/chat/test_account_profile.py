"""One's own profile: changed, and pushed to those who see it."""

from __future__ import annotations

import pytest

from tests.groups import make_group
from tests.rows import add_user, database
from tests.uploads import picture, uploaded
from yolk.testing import Server, User


async def upload(user: User, name: str, content: bytes) -> str:
    """Upload a file, and return its address."""
    return str((await uploaded(user, name, content))["url"])


async def outcome(user: User, **body: object) -> tuple[int, int | None]:
    """Change the profile, and return the status and the error code."""
    answer = await user.server.ask("POST", "/account/profile", token=user.token, json=body)
    return answer.status_code, answer.json().get("code")


async def test_a_changed_profile_is_pushed_to_those_who_see_it(server: Server) -> None:
    """Those who share a conversation of two or a group, and the user's own devices."""
    grace, friend, member, stranger = [
        add_user(server, name) for name in ("grace", "friend", "member", "stranger")
    ]
    await friend.post("/chat/send", to_id=grace.id, cid="1", data="hello")
    await make_group(grace, member, name="Friends")
    own, one, two, none = [await user.connect() for user in (grace, friend, member, stranger)]

    profile = await grace.post("/account/profile", nickname="  Grace\u3000 Hopper ")

    expected = {
        "id": grace.id,
        "username": grace.username,
        "nickname": "Grace Hopper",
        "avatar": "",
    }
    assert profile == expected == await grace.get("/account/profile")
    del expected["id"]
    for socket in (own, one, two):
        event = (await socket.wait_for(type="system"))["data"]
        assert event == {"event": "profile", "user_id": grace.id, **expected}
    assert (await friend.get(f"/users/{grace.id}"))["nickname"] == "Grace Hopper"
    assert await none.ping()
    assert not [frame for frame in none.passed if frame.get("type") == "system"]
    assert (await grace.post("/account/profile", nickname=""))["nickname"] == grace.username


async def test_an_avatar_is_a_picture_that_everybody_may_see(server: Server) -> None:
    """From when it is set until it is replaced; a stranger sees it with and without a link."""
    grace, stranger = await server.user("grace"), await server.user("stranger")
    avatar = await upload(grace, "me.png", picture())
    file_id = avatar.removeprefix("/files/")
    hidden = await server.ask("GET", avatar, token=stranger.token)
    assert hidden.status_code == 404

    assert (await grace.post("/account/profile", avatar=avatar))["avatar"] == avatar

    assert (await stranger.get(f"/users/{grace.id}"))["avatar"] == avatar
    for path in (avatar, f"{avatar}/thumbnail", f"{avatar}/info"):
        assert (await server.ask("GET", path, token=stranger.token)).status_code == 200
    links = (await stranger.post("/files/links", ids=[file_id]))["links"]
    assert (await server.ask("GET", links[file_id]["url"])).status_code == 200
    login = await server.post("/auth/login", username=grace.username, password=grace.password)
    assert login["avatar"] == avatar
    assert (await grace.post("/account/profile", nickname="G"))["avatar"] == avatar
    assert (await grace.post("/account/profile", avatar=""))["avatar"] == ""
    assert (await server.ask("GET", avatar, token=stranger.token)).status_code == 404


@pytest.mark.parametrize(
    "avatar",
    [
        "https://tracker.example/a.png",
        "//tracker.example/a.png",
        "javascript:alert(1)",
        "/files/",
        "/files/x",
        "data:image/png;base64,AAAA",
        "/etc/passwd",
        "\x00",
        " ",
    ],
)
async def test_an_avatar_is_no_other_address(ada: User, avatar: str) -> None:
    """A foreign server would learn who looks at whom."""
    assert await outcome(ada, avatar=avatar) == (400, 1002)


async def test_an_avatar_is_ones_own_picture(server: Server, ada: User, bob: User) -> None:
    """Nobody else's file, even one that was sent to the user, no text, and none that is missing."""
    his = await upload(bob, "bob.png", picture())
    await bob.post("/chat/send", to_id=ada.id, cid="1", type="image", data=his)
    text = await upload(ada, "notes.txt", b"Meet at seven.\n")

    assert await outcome(ada, avatar=his) == (404, 2060)
    assert await outcome(ada, avatar=text) == (415, 2061)
    assert await outcome(ada, avatar=f"/files/{'0' * 8}-0000-7000-8000-{'0' * 12}") == (404, 2060)
    assert (await ada.get("/account/profile"))["avatar"] == ""


@pytest.mark.parametrize(
    ("nickname", "expected"),
    [
        ("a\u202eb", (400, 3101)),
        ("\u200b", (400, 3101)),
        ("a\x00b", (400, 1002)),
        ("x" * 31, (400, 3101)),
        ("x" * 61, (400, 1002)),
        (7, (400, 1002)),
    ],
)
async def test_a_display_name_that_misleads_is_refused(
    ada: User, nickname: object, expected: tuple[int, int]
) -> None:
    """As at registration."""
    assert await outcome(ada, nickname=nickname) == expected


async def test_an_empty_change_changes_and_pushes_nothing(server: Server, ada: User) -> None:
    """An address of an existing table stays, until it is replaced."""
    with database(server) as connection:
        connection.execute(
            "UPDATE user SET avatar = 'https://cdn.example/a.png' WHERE id = ?", (ada.id,)
        )
    socket = await ada.connect()

    profile = await ada.post("/account/profile")

    assert profile["avatar"] == "https://cdn.example/a.png"
    assert await socket.ping()
    assert not [frame for frame in socket.passed if frame.get("type") == "system"]


async def test_changes_are_limited(ada: User) -> None:
    """Each notifies many: 30 in an hour, then 429 with Retry-After."""
    for number in range(30):
        assert await outcome(ada, nickname=f"Ada {number}") == (200, None)

    answer = await ada.server.ask(
        "POST", "/account/profile", token=ada.token, json={"nickname": "Ada"}
    )

    assert (answer.status_code, answer.json()["code"]) == (429, 4100)
    assert int(answer.headers["retry-after"]) > 0
