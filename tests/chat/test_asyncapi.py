"""docs/asyncapi.yaml is what clients and server really say to each other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import jsonschema
import yaml

from controllers.api.chat.requests import ANSWERS
from tests.chat.test_attachments import add_file
from tests.conftest import ROOT, Serve
from tests.groups import acquaint, make_group
from tests.rows import add_user, disable, redis
from tests.schemas import strict
from yolk.testing import Server, Socket, User

DOCUMENT: dict[str, Any] = yaml.safe_load(
    (ROOT / "docs" / "asyncapi.yaml").read_text(encoding="utf-8")
)
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]
SCHEMAS: dict[str, Any] = strict(DOCUMENT["components"]["schemas"])
NAMES = {"ping": "pong", "recall": "messageAnswer", "edit": "messageAnswer"}
"""The answers that are not called after their requests."""


def references(value: Any) -> Iterator[str]:
    """Return what a part of the document refers to."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def check(name: str, frame: Any) -> None:
    """Check that a frame is exactly what the document says of this message."""
    whole = {**strict(MESSAGES[name]["payload"]), "components": {"schemas": SCHEMAS}}
    jsonschema.Draft7Validator(whole).validate(frame)


class Heard:
    """
    All frames of some sockets, each checked as it goes by.

    Attributes:
        names: the messages of the document that occurred.
        events: what pushes of type `system` and entries of type `notice` told.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.events: set[str] = set()

    def note(self, name: str, frame: Any) -> None:
        """Check a frame."""
        check(name, frame)
        self.names.add(name)

    async def connect(self, user: User) -> Listening:
        """Open a socket that is listened to."""
        socket = Listening(await opened(user.server, user.token), self)
        await socket.wait_for(type="connected")
        return socket


class Listening(Socket):
    """A socket whose frames are checked, those that are sent and those that come."""

    def __init__(self, socket: Socket, heard: Heard) -> None:
        super().__init__(socket.connection)
        self.heard = heard
        self.asked: dict[Any, str] = {}

    async def send(self, frame: Any) -> None:
        """Send a frame."""
        if isinstance(frame, dict) and frame["type"] in ANSWERS:
            self.heard.note(frame["type"], frame)
            self.asked[frame.get("id")] = frame["type"]
        elif frame == "ping":
            self.heard.note("barePing", frame)
        await super().send(frame)

    async def receive(self) -> Any:
        """Return the next frame."""
        frame = await super().receive()
        self.heard.note(self.name_of(frame), frame)
        data = frame.get("data", {})
        if frame.get("type") == "system":
            self.heard.events.add(data["event"])
        elif frame.get("type") == "message" and data["type"] == "notice":
            self.heard.events.add(f"notice {data['options']['event']}")
        return frame

    def name_of(self, frame: Any) -> str:
        """Return the message of the document that a frame has to be."""
        if frame.get("msg") == "fail":
            return "failure" if "id" in frame else "closeNotice"
        if frame.get("type") == "pong":
            return "pong"
        if "type" in frame:
            return f"{frame['type']}Push"
        kind = self.asked[frame["id"]]
        name = NAMES.get(kind, f"{kind}Answer")
        return name if name in MESSAGES else "done"


async def opened(server: Server, token: str) -> Socket:
    """Open a socket without reading from it."""
    return await server.connect(f"/ws?token={token}")


def test_the_document_is_whole() -> None:
    """It has the parts of AsyncAPI 3.0, its references lead somewhere, and all of it is used."""
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT.keys() <= {
        *("asyncapi", "info", "defaultContentType", "servers"),
        *("channels", "operations", "components"),
    }
    found = set(references(DOCUMENT))
    for one in found:
        value = DOCUMENT
        for part in one.removeprefix("#/").split("/"):
            value = value[part]
    socket = DOCUMENT["channels"]["socket"]["messages"]
    assert {name: {"$ref": f"#/components/messages/{name}"} for name in MESSAGES} == socket
    operations = set(references(DOCUMENT["operations"]))
    assert {f"#/channels/socket/messages/{name}" for name in socket} <= operations
    assert {f"#/components/schemas/{name}" for name in SCHEMAS} <= found
    for name, operation in DOCUMENT["operations"].items():
        assert operation["action"] in ("send", "receive"), name
        assert "messages" in operation, name
        assert ("reply" in operation) == (operation["action"] == "receive"), name
    for message in MESSAGES.values():
        jsonschema.Draft7Validator.check_schema(message["payload"])
        for example in message.get("examples", ()):
            check(
                next(name for name, one in MESSAGES.items() if one is message), example["payload"]
            )


def test_every_request_and_push_is_in_it() -> None:
    """Each request that the server answers is an operation; docs/protocol.md has the pushes."""
    received = {name for name, one in DOCUMENT["operations"].items() if one["action"] == "receive"}
    text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    table = text.split("\n## Pushes")[1].split("\n### ")[0]
    pushes = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]

    assert received == set(ANSWERS)
    assert sorted(f"{name}Push" for name in pushes) == sorted(
        name for name in MESSAGES if name.endswith("Push")
    )


async def test_every_frame_is_what_the_document_says(serve: Serve) -> None:
    """Each request, each answer, each push and each event occurs, and fits its schema."""
    server, heard = serve(), Heard()
    ada, bob, carol, dave = (add_user(server, name) for name in ("ada", "bob", "carol", "dave"))
    hers, his = await heard.connect(ada), await heard.connect(bob)

    await chat(hers, his, ada, bob)
    await change_oneself(hers, ada, carol)
    await live_in_a_group(hers, his, ada, bob, [carol, dave])
    for token in ("rubbish", server.token(id=2**40), token_of_disabled(server)):
        await Listening(await opened(server, token), heard).closed()
    brief = Listening(await opened(server, token_of(server, ada, seconds=20)), heard)
    await brief.wait_for(type="token")
    await brief.request("token", token=ada.token)
    with closing(redis(server)) as connection:
        connection.flushall()
    await his.wait_for(type="sync")

    assert heard.names == MESSAGES.keys()
    assert heard.events == events_of(MESSAGES["systemPush"]) | {
        f"notice {event}" for event in events_of(DOCUMENT["components"]["schemas"]["Event"])
    }


async def chat(hers: Listening, his: Listening, ada: User, bob: User) -> None:
    """Send every request that two users can send."""
    options = {"mentions": [bob.id], "colour": "red"}
    await hers.request("presence", users=[bob.id])
    sent = await hers.request("send", to_id=bob.id, cid="1", data="你好", options=options)
    again = await hers.request("send", to_id=bob.id, cid="1", data="你好", options=options)
    assert again["data"]["dup"]
    first = sent["data"]
    await his.wait_for(type="message")
    await his.request("delivered", conv=first["conv"], seq=1)
    await hers.wait_for(type="receipt")
    await his.request("read", conv=first["conv"], seq=1)
    await hers.wait_for(type="receipt")
    await hers.request("readers", id=first["id"])
    acquaint(ada, bob)
    await hers.request("typing", to_id=bob.id)
    await his.wait_for(type="typing")
    picture = add_file(bob.server, bob)
    answered = await his.request(
        "send", to_id=ada.id, cid="2", data=picture, type="image", options={"reply_to": first["id"]}
    )
    await hers.request("edit", id=first["id"], data="hello")
    await his.wait_for(type="message")
    await hers.request("sync")
    await hers.request("recall", id=first["id"])
    await his.request("sync", cursors={first["conv"]: 0, "s:1:999": 7}, limit=200)
    await his.request("pull", conv=first["conv"], after=0, before=99)
    await his.request("recall", id=answered["data"]["id"])
    await his.send("ping")
    await his.wait_for(type="pong")
    await his.request("ping")
    for frame in ("[1]", "{}", '{"id":"a","type":"no such type"}', '{"id":1,"type":"send"}'):
        await his.send(frame)
        await his.wait_for(msg="fail")


async def change_oneself(hers: Listening, ada: User, carol: User) -> None:
    """Do everything that the user's own devices are notified of."""
    conv = f"s:{ada.id}:{carol.id}"
    await carol.post("/chat/send", to_id=ada.id, data="hello")
    await ada.post("/chat/conversations/pin", conv=conv, on=True)
    await hers.wait_for(type="system")
    await ada.post("/chat/block", user_id=carol.id, on=True)
    await hers.wait_for(type="system")
    await ada.post("/chat/block", user_id=carol.id, on=False)
    await hers.wait_for(type="system")
    await ada.post("/chat/preferences", strangers="one")
    await hers.wait_for(type="system")
    await carol.post("/account/profile", nickname="Carol")
    await hers.wait_for(type="system")


async def live_in_a_group(
    hers: Listening, his: Listening, ada: User, bob: User, others: list[User]
) -> None:
    """Do everything that a group and its administrators are notified of."""
    carol, dave = others
    group = await make_group(ada, bob, name="Friends")
    path = f"/chat/groups/{group['id']}"
    await ada.post(path, name="Good friends", avatar="a.png", notice="Be kind", approval=True)
    await carol.post(f"{path}/join", text="It is me")
    await dave.post(f"{path}/join")
    await hers.request("presence", users=[dave.id])
    theirs = await hers.heard.connect(dave)
    await hers.wait_for(type="presence")
    await ada.post(f"{path}/requests/refuse", users=[dave.id])
    await theirs.wait_for(type="system")
    await ada.post(f"{path}/requests/accept", users=[carol.id])
    await his.request("send", to_id=group["id"], chat_type="group", cid="3", data="all of you")
    await his.request("typing", to_id=group["id"], chat_type="group")
    await ada.post(f"{path}/roles", user_id=bob.id, role=1)
    await ada.post(f"{path}/mute", user_id=carol.id, seconds=60)
    await ada.post(f"{path}/mute", user_id=carol.id, seconds=0)
    await carol.post(f"{path}/leave")
    invited = await ada.post("/chat/groups", name="Pals", members=[dave.id])
    assert invited["invited"] == [dave.id]
    await theirs.wait_for(type="system")
    await dave.post("/chat/groups/invitations/decline", group_id=invited["id"])
    await theirs.wait_for(type="system")
    acquaint(ada, carol)
    await ada.post(f"{path}/invite", users=[carol.id])
    await ada.post(f"{path}/remove", users=[carol.id])
    await ada.post(f"{path}/hand_over", user_id=bob.id)
    await bob.post(f"{path}/dissolve")
    while True:
        entry = (await hers.wait_for(type="message"))["data"]
        if entry["type"] == "notice" and entry["options"]["event"] == "dissolved":
            break
    await hers.request("sync", cursors={group["conv"]: 3})


def token_of(server: Server, user: User, seconds: int) -> str:
    """Return a token that expires soon."""
    return server.token(id=user.id, exp=int(time.time()) + seconds)


def token_of_disabled(server: Server) -> str:
    """Return a valid token of a disabled user."""
    user = add_user(server, "disabled")
    disable(server, user)
    return user.token


def events_of(schema: Any) -> set[str]:
    """Return the events that a schema has."""
    found: set[str] = set()
    for one in event_schemas(schema):
        found |= {one["const"]} if "const" in one else set(one["enum"])
    return found


def event_schemas(schema: Any) -> Iterator[Any]:
    """Return the parts of a schema for each `event`."""
    if isinstance(schema, dict):
        for name, value in schema.items():
            if name == "event" and isinstance(value, dict):
                yield value
            else:
                yield from event_schemas(value)
    elif isinstance(schema, list):
        for one in schema:
            yield from event_schemas(one)
