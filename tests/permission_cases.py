"""A valid request for each route, frame and kind of object in docs/permissions.md."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

from services.account.digest import digest
from services.errors import MailUnavailable
from services.permissions import Actor
from services.wire import single_conv
from tests.actors import LATER, PASSWORD, Group, World
from tests.uploads import OFFSET, TUS, picture, uploaded
from yolk.testing import User


class Ask(NamedTuple):
    """A request that an actor sends."""

    data: dict[str, Any] = {}
    """The body, the query of a GET, or the data of a frame."""
    params: dict[str, Any] = {}
    """Parameters of the path."""
    options: dict[str, Any] = {}
    """Options of the HTTP client, in place of a body."""
    user: User | None = None
    """Who sends it in place of the actor, where the act would end the actor's login."""
    effect: Callable[[Any], bool] | None = None
    """Whether an answer has a result; an answer without one is that of an ignored request."""


class Prepare(Protocol):
    """A function that prepares a request of an actor in a new group."""

    __name__: str

    def __call__(self, world: World, actor: Actor, group: Group) -> Awaitable[Ask]:
        """Return the request."""


CASES: dict[tuple[str, str], Prepare] = {}
"""How to prepare a request, by the name of the route or the frame, and the subject of the rule."""
ACCEPTED = {"POST /auth/forgot": MailUnavailable.code}
"""The code of an answer that is no refusal: the server sends no mail."""
GROUP_RULE = {"group that needs approval": "approval", "open group": "open"}
"""The join rule of the group, by subject."""


def case(*names: str, subject: str = "") -> Callable[[Prepare], Prepare]:
    """Add a case for routes and frames."""

    def add(prepare: Prepare) -> Prepare:
        for name in names:
            assert (name, subject) not in CASES, name
            CASES[name, subject] = prepare
        return prepare

    return add


@case("GET /", "GET /worker.js")
@case("GET /docs", "GET /docs/frames", "GET /docs/errors", "GET /ws", "ping")
@case("GET /docs/openapi.json", "GET /docs/asyncapi.yaml")
@case("OPTIONS /upload/tus", "GET /chat/conversations", "GET /chat/unread")
@case("GET /chat/blocked", "GET /chat/preferences", "GET /account/profile", "GET /account/logins")
@case(
    "GET /account/export",
    "GET /chat/groups/invitations",
    "POST /auth/ticket",
    "POST /chat/getmessage",
)
@case("GET /admin/users", "GET /admin/groups", "GET /admin/reports", "GET /admin/audit")
async def _plain(world: World, actor: Actor, group: Group) -> Ask:
    return Ask()


@case("GET /web/<file>")
async def _web(world: World, actor: Actor, group: Group) -> Ask:
    return Ask(params={"file": "app.js"})


@case("GET /docs/static/<file>")
async def _docs_file(world: World, actor: Actor, group: Group) -> Ask:
    return Ask(params={"file": "page.js"})


# --- accounts


@case("POST /auth/register")
async def _register(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"username": f"new-{uuid4().hex[:12]}", "password": PASSWORD})


@case("POST /auth/login")
async def _login(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"username": world.newcomer.username, "password": PASSWORD})


@case("GET /auth/challenge")
async def _challenge(world: World, actor: Actor, group: Group) -> Ask:
    return Ask()


@case("POST /auth/refresh")
async def _refresh(world: World, actor: Actor, group: Group) -> Ask:
    body = {"username": world.newcomer.username, "password": PASSWORD}
    answer = await world.ask(None, "POST", "/auth/login", json=body)
    return Ask({"refresh_token": answer.json()["data"]["refresh_token"]})


@case("POST /auth/forgot")
async def _forgot(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"username": world.newcomer.username})


@case("POST /auth/reset")
async def _reset(world: World, actor: Actor, group: Group) -> Ask:
    token = uuid4().hex
    user = world.person()
    world.insert("password_reset", hash=digest(token), user_id=user.id, expire_time=LATER)
    return Ask({"reset_token": token, "password": PASSWORD})


@case("POST /auth/logout", "POST /account/logins/end_others")
async def _logout(world: World, actor: Actor, group: Group) -> Ask:
    return Ask(user=world.clone(actor))


@case("POST /account/password")
async def _password(world: World, actor: Actor, group: Group) -> Ask:
    body = {"old_password": PASSWORD, "new_password": "battery staple"}
    return Ask(body, user=world.clone(actor))


@case("POST /account/delete")
async def _delete(world: World, actor: Actor, group: Group) -> Ask:
    clone = world.clone(actor)
    if clone is not None:
        world.group(users={**world.users, actor: clone})
    return Ask({"password": PASSWORD}, user=clone)


@case("POST /account/profile")
async def _profile(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"nickname": "Someone"})


@case("POST /account/logins/end", subject="own login")
async def _own_login(world: World, actor: Actor, group: Group) -> Ask:
    owner = world.users[actor] or world.newcomer
    return Ask({"id": world.login(owner)}, effect=lambda data: data["ended"] == 1)


@case("POST /account/logins/end", subject="another user's login")
async def _other_login(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"id": world.login(world.newcomer)}, effect=lambda data: data["ended"] == 1)


# --- users


@case("GET /users")
async def _users(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"q": world.target.username}, effect=bool)


@case("GET /users/<id:int>", "GET /admin/users/<id:int>")
async def _user(world: World, actor: Actor, group: Group) -> Ask:
    return Ask(params={"id": world.target.id})


@case("POST /chat/block")
async def _block(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"user_id": world.newcomer.id, "on": False})


@case("POST /chat/preferences")
async def _preferences(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"strangers": "freely"})


# --- messages


@case("POST /chat/send", "send", subject="to a user")
async def _send(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"to_id": world.target.id, "data": "hello"})


@case("POST /chat/send", "send", subject="to a group")
async def _send_group(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"to_id": group.id, "chat_type": "group", "data": "hello"})


@case("POST /chat/typing", "typing", subject="to a group")
async def _typing_group(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"to_id": group.id, "chat_type": "group"})


@case("POST /chat/typing", "typing", subject="to a user")
async def _typing(world: World, actor: Actor, group: Group) -> Ask:
    user = world.users[actor]
    if user is not None and actor is not Actor.STRANGER:
        world.update(
            "INSERT INTO member (conv, user_id, sent_seq, create_time) VALUES (?, ?, 1, 0)"
            " ON CONFLICT (conv, user_id) DO UPDATE SET sent_seq = max(sent_seq, 1)",
            single_conv(user.id, world.target.id),
            world.target.id,
        )
    return Ask({"to_id": world.target.id})  # the test watches the target's socket


@case("POST /chat/presence", "presence")
async def _presence(world: World, actor: Actor, group: Group) -> Ask:
    user_id = world.target.id
    return Ask({"users": [user_id]}, effect=lambda data: user_id in data["online"])


@case("POST /chat/recall", "recall", "POST /chat/edit", "edit", subject="own message")
async def _own_message(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"id": await group.message_of(actor), "data": "changed"})


@case("POST /chat/recall", "recall", subject="another member's message")
@case("POST /chat/edit", "edit", subject="another member's message")
@case("POST /chat/readers", "readers")
async def _message(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"id": await group.message(), "data": "changed"})


@case("POST /chat/sync", "sync")
async def _sync(world: World, actor: Actor, group: Group) -> Ask:
    await group.message()

    def has_text(data: Any) -> bool:
        return any(
            one["conv"] == group.conv and "hello" in str(one.get("messages"))
            for one in data["conversations"]
        )

    return Ask({"cursors": {group.conv: 0}}, effect=has_text)


@case("POST /chat/delivered", "delivered", "POST /chat/read", "read", "GET /chat/history", "pull")
@case("POST /chat/conversations/hide")
async def _conversation(world: World, actor: Actor, group: Group) -> Ask:
    if group.known:
        await group.message()
    return Ask({"conv": group.conv, "seq": 1})


@case("POST /chat/conversations/pin", "POST /chat/conversations/quiet")
async def _mark(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"conv": group.conv, "on": True})


@case("GET /chat/search")
async def _search(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"conv": group.conv, "text": "hello"})


@case("token")
async def _token(world: World, actor: Actor, group: Group) -> Ask:
    user = world.users[actor]
    return Ask({"token": user.token if user else ""})


@case("POST /reports", subject="message")
async def _report_message(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"type": "message", "id": await group.message(), "reason": "spam"})


@case("POST /reports", subject="user")
async def _report_user(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"type": "user", "id": str(world.target.id), "reason": "spam"})


@case("POST /reports", subject="group")
async def _report_group(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"type": "group", "id": str(group.id), "reason": "spam"})


# --- groups


@case("POST /chat/groups")
async def _create_group(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"name": "New"})


@case("GET /chat/groups/<id:int>", "GET /chat/groups/<id:int>/members")
@case("POST /chat/groups/<id:int>/dissolve", "POST /chat/groups/<id:int>/leave")
@case("GET /chat/groups/<id:int>/requests", "GET /chat/groups/<id:int>/links")
@case("GET /chat/groups/<id:int>/bans", "POST /chat/groups/<id:int>/links")
@case("GET /admin/groups/<id:int>", "GET /admin/groups/<id:int>/members")
@case("POST /admin/groups/<id:int>/close")
@case("POST /chat/groups/<id:int>/join", subject="closed group")
@case("POST /chat/groups/<id:int>/join", subject="open group")
@case("POST /chat/groups/<id:int>/join", subject="group that needs approval")
async def _group(world: World, actor: Actor, group: Group) -> Ask:
    return Ask(params={"id": group.id})


@case("POST /chat/groups/<id:int>", subject="name, avatar, notice, join, muted")
async def _change(world: World, actor: Actor, group: Group) -> Ask:
    body = {"name": "Other", "avatar": "", "notice": "Read", "join": "open", "muted": True}
    return Ask(body, {"id": group.id})


@case("POST /chat/groups/<id:int>", subject="history, invite_role, link_role")
async def _change_rules(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"history": False}, {"id": group.id})


@case("POST /chat/groups/<id:int>/remove", subject="ordinary member")
@case("POST /chat/groups/<id:int>/ban", subject="ordinary member")
async def _members(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"users": [world.target.id]}, {"id": group.id})


@case("POST /chat/groups/<id:int>/remove", subject="admin")
@case("POST /chat/groups/<id:int>/ban", subject="admin")
async def _admins(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"users": [world.second.id]}, {"id": group.id})


@case("POST /chat/groups/<id:int>/unban", "POST /chat/groups/<id:int>/invite")
@case("POST /chat/groups/<id:int>/requests/accept", "POST /chat/groups/<id:int>/requests/refuse")
async def _outsiders(world: World, actor: Actor, group: Group) -> Ask:
    if group.known:
        group.request(world.newcomer)
    return Ask({"users": [world.newcomer.id]}, {"id": group.id})


@case("POST /chat/groups/<id:int>/hand_over")
async def _hand_over(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"user_id": world.target.id}, {"id": group.id})


@case("POST /chat/groups/<id:int>/roles")
async def _roles(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"user_id": world.target.id, "role": 1}, {"id": group.id})


@case("POST /chat/groups/<id:int>/mute", subject="ordinary member")
async def _mute(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"user_id": world.target.id, "seconds": 60}, {"id": group.id})


@case("POST /chat/groups/<id:int>/mute", subject="admin")
async def _mute_admin(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"user_id": world.second.id, "seconds": 60}, {"id": group.id})


@case("POST /chat/groups/<id:int>/nickname")
async def _nickname(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"nickname": "Someone"}, {"id": group.id})


@case("POST /chat/groups/<id:int>/links/revoke", subject="own link")
async def _revoke_own(world: World, actor: Actor, group: Group) -> Ask:
    members = (Actor.MEMBER, Actor.ADMIN, Actor.OWNER)
    creator = actor if actor in members else Actor.OWNER
    return Ask({"id": group.link(world[creator])[0]}, {"id": group.id})


@case("POST /chat/groups/<id:int>/links/revoke", subject="another member's link")
async def _revoke(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"id": group.link(world.second)[0]}, {"id": group.id})


@case("POST /chat/groups/<id:int>/links/qr")
async def _draw_qr(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"address": "https://chat.example/#join=token"}, {"id": group.id})


@case("POST /chat/groups/preview", "POST /chat/groups/join")
async def _link(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"link_token": group.link(world.second)[1]})


@case("POST /chat/groups/invitations/accept", subject="own invitation")
@case("POST /chat/groups/invitations/decline", subject="own invitation")
async def _own_invitation(world: World, actor: Actor, group: Group) -> Ask:
    group.invite(world.users[actor] or world.newcomer)
    return Ask({"group_id": group.id})


@case("POST /chat/groups/invitations/accept", subject="another user's invitation")
@case("POST /chat/groups/invitations/decline", subject="another user's invitation")
async def _other_invitation(world: World, actor: Actor, group: Group) -> Ask:
    if group.known:
        group.invite(world.newcomer)
    return Ask({"group_id": group.id})


# --- files


@case("POST /upload")
async def _upload(world: World, actor: Actor, group: Group) -> Ask:
    return Ask(options={"files": {"file": ("a.png", picture())}})


@case("POST /upload/<folder:path>")
async def _upload_in(world: World, actor: Actor, group: Group) -> Ask:
    return Ask(params={"folder": "x"}, options={"files": {"file": ("a.png", picture())}})


@case("POST /upload/tus")
async def _create_upload(world: World, actor: Actor, group: Group) -> Ask:
    name = base64.b64encode(b"a.txt").decode()
    headers = {**TUS, "Upload-Length": "4", "Upload-Metadata": f"filename {name}"}
    return Ask(options={"headers": headers})


PIECE = {**TUS, "Upload-Offset": "0", "Content-Type": OFFSET}
TUS_HEADERS: dict[str, dict[str, Any]] = {
    "HEAD": {"headers": TUS},
    "DELETE": {"headers": TUS},
    "PATCH": {"headers": PIECE, "content": b"text"},
    "POST": {"headers": {**PIECE, "X-HTTP-Method-Override": "PATCH"}, "content": b"text"},
}


@case("OPTIONS /upload/tus/<id>")
async def _options(world: World, actor: Actor, group: Group) -> Ask:
    return Ask(params={"id": str(uuid4())})


def _resumable(method: str) -> None:
    name = f"{method} /upload/tus/<id>"

    @case(name, subject="own upload")
    async def own(world: World, actor: Actor, group: Group) -> Ask:
        user = world.users[actor] or world.target
        return Ask(params={"id": await world.upload_of(user)}, options=TUS_HEADERS[method])

    @case(name, subject="another user's upload")
    async def other(world: World, actor: Actor, group: Group) -> Ask:
        params = {"id": await world.upload_of(world.target)}
        return Ask(params=params, options=TUS_HEADERS[method])


for each in TUS_HEADERS:
    _resumable(each)


@case("GET /files/<id>", "GET /files/<id>/thumbnail", "GET /files/<id>/info", subject="own file")
async def _own_file(world: World, actor: Actor, group: Group) -> Ask:
    return Ask(params={"id": (await world.file_of(world.users[actor] or world.target))["id"]})


@case("GET /files/<id>", "GET /files/<id>/thumbnail", subject="file in a conversation")
@case("GET /files/<id>/info", subject="file in a conversation")
async def _file(world: World, actor: Actor, group: Group) -> Ask:
    return Ask(params={"id": await group.file()})


@case("DELETE /files/<id>", subject="own file")
async def _remove_own_file(world: World, actor: Actor, group: Group) -> Ask:
    user = world.users[actor] or world.target
    return Ask(params={"id": (await uploaded(user, "b.png", picture()))["id"]})


@case("DELETE /files/<id>", subject="another user's file")
async def _remove_file(world: World, actor: Actor, group: Group) -> Ask:
    return Ask(params={"id": await group.file()})


async def _signed(world: World, variant: str) -> Ask:
    file_id = (await world.file_of(world.target))["id"]
    body = {"ids": [file_id]}
    answer = await world.ask(world.target, "POST", "/files/links", json=body)
    link = answer.json()["data"]["links"][file_id][variant]
    query = dict(pair.split("=") for pair in link.partition("?")[2].split("&"))
    return Ask(query, {"id": file_id})


@case("GET /files/<id>", subject="signed link")
async def _signed_file(world: World, actor: Actor, group: Group) -> Ask:
    return await _signed(world, "url")


@case("GET /files/<id>/thumbnail", subject="signed link")
async def _signed_thumbnail(world: World, actor: Actor, group: Group) -> Ask:
    return await _signed(world, "thumbnail")


@case("POST /files/links", subject="own file")
async def _link_own(world: World, actor: Actor, group: Group) -> Ask:
    file = await world.file_of(world.users[actor] or world.target)
    return Ask({"ids": [file["id"]]}, effect=lambda data: bool(data["links"]))


@case("POST /files/links", subject="file in a conversation")
async def _link_file(world: World, actor: Actor, group: Group) -> Ask:
    return Ask({"ids": [await group.file()]}, effect=lambda data: bool(data["links"]))


# --- administration


@case("POST /admin/users/<id:int>/disable", "POST /admin/users/<id:int>/enable", subject="user")
@case("POST /admin/users/<id:int>/reset-password", subject="user")
@case("POST /admin/users/<id:int>/delete", subject="user")
@case("DELETE /admin/users/<id:int>/logins", subject="user")
@case("DELETE /admin/users/<id:int>/logins/<login>", subject="user")
async def _account(world: World, actor: Actor, group: Group) -> Ask:
    user = world.person()
    return Ask(params={"id": user.id, "login": world.login(user)})


@case("POST /admin/users/<id:int>/disable", subject="administrator")
@case("POST /admin/users/<id:int>/enable", subject="administrator")
@case("POST /admin/users/<id:int>/reset-password", subject="administrator")
@case("POST /admin/users/<id:int>/delete", subject="administrator")
@case("DELETE /admin/users/<id:int>/logins", subject="administrator")
@case("DELETE /admin/users/<id:int>/logins/<login>", subject="administrator")
async def _administrator(world: World, actor: Actor, group: Group) -> Ask:
    user = world.clone(Actor.ADMINISTRATOR)
    assert user is not None
    return Ask(params={"id": user.id, "login": world.login(user)})


@case("GET /admin/messages/<id>", "POST /admin/messages/<id>/recall")
async def _any_message(world: World, actor: Actor, group: Group) -> Ask:
    return Ask(params={"id": await group.message()})


@case("POST /admin/reports/<id:int>")
async def _decide(world: World, actor: Actor, group: Group) -> Ask:
    report = world.insert(
        "report",
        reporter_id=world.newcomer.id,
        target_type="user",
        target_id=str(world.person().id),
        reason="spam",
    )
    return Ask({"state": "resolved"}, {"id": report})
