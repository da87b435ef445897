"""The actors of docs/permissions.md on one server, and new objects for them to act on."""

from __future__ import annotations

import base64
import json
import secrets
import sqlite3
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from argon2 import PasswordHasher

from services.account.digest import digest
from services.permissions import Actor
from tests.rows import add_administrator, add_user
from tests.uploads import picture, uploaded
from yolk.testing import Server, Socket, User

PASSWORD = "correct horse"
# As cheap as argon2 can be: this is not a test of its strength.
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
LATER = 2**45
"""A time in the future, in milliseconds."""


@dataclass
class World:
    """The actors, and users whom they act on."""

    server: Server
    users: dict[Actor, User | None] = field(default_factory=dict)
    client: httpx.AsyncClient = field(init=False)
    _files: dict[int, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Durability would cost a test minutes.
        self._database = sqlite3.connect(
            self.server.data / "yolk.sqlite3",
            timeout=10,
            isolation_level=None,
            check_same_thread=False,
        )
        self._database.execute("PRAGMA synchronous = OFF")
        for actor in Actor:
            self.users[actor] = self.clone(actor)
        self.target = self.person("target")
        """An ordinary member of every group, who blocked the blocked user."""
        self.second = self.person("second")
        """A second admin of every group."""
        self.newcomer = self.person("newcomer")
        """In no group."""
        for blocker in (self.target, self[Actor.OWNER]):
            self.insert("block", user_id=blocker.id, blocked_id=self[Actor.BLOCKED].id)

    def __getitem__(self, actor: Actor) -> User:
        user = self.users[actor]
        assert user is not None
        return user

    def insert(self, table: str, **columns: Any) -> int:
        """Insert a row with the present time, and return its id."""
        columns = {"create_time": int(time.time() * 1000), **columns}
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        query = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        return self._database.execute(query, [*columns.values()]).lastrowid or 0

    def update(self, query: str, *values: Any) -> None:
        """Change rows."""
        self._database.execute(query, values)

    def person(self, name: str = "person") -> User:
        """Add a user with a password."""
        user = add_user(self.server, name)
        self.update("UPDATE user SET password = ? WHERE id = ?", HASH, user.id)
        return user

    def clone(self, actor: Actor) -> User | None:
        """Add a user of a kind, who is in no group yet."""
        if actor is Actor.NOBODY:
            return None
        if actor is not Actor.ADMINISTRATOR:
            return self.person(actor.replace(" ", "-"))
        user = add_administrator(self.server, actor)
        self.update("UPDATE user SET password = ? WHERE id = ?", HASH, user.id)
        return user

    def login(self, user: User) -> str:
        """Add a login, and return its id."""
        session_id = str(uuid4())
        self.insert(
            "session",
            id=session_id,
            user_id=user.id,
            refresh_hash=secrets.token_hex(32),
            refresh_time=0,
            expire_time=LATER,
        )
        return session_id

    def group(self, rule: str = "closed", users: dict[Actor, User | None] | None = None) -> Group:
        """Add a group with the actors as its members."""
        group, users = Group(self, 1 + secrets.randbelow(2**53 - 1)), users or self.users
        self.update("BEGIN IMMEDIATE")
        columns = {"approval": int(rule == "approval"), "open_to_all": int(rule == "open")}
        owner = users[Actor.OWNER]
        assert owner is not None
        self.insert(
            "chat_group", id=group.id, name="Group", owner_id=owner.id, member_count=5, **columns
        )
        self.update(
            "INSERT INTO conversation (conv, chat_type, update_time) VALUES (?, 'group', 0)",
            group.conv,
        )
        for actor, role in ((Actor.MEMBER, 0), (Actor.ADMIN, 1), (Actor.OWNER, 2)):
            user = users[actor]
            assert user is not None
            group.add(user, role)
        group.add(self.target)
        group.add(self.second, 1)
        former = users[Actor.FORMER]
        assert former is not None
        self.insert("group_exclusion", group_id=group.id, user_id=former.id, by_id=owner.id)
        self.update("COMMIT")
        return group

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    async def ask(
        self, user: User | None, method: str, path: str, **options: Any
    ) -> httpx.Response:
        """Send a request with a user's token, or without one."""
        headers = {**({"token": user.token} if user else {}), **options.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **options)

    async def frame(self, user: User | None, kind: str, data: dict[str, Any]) -> Any:
        """Send a frame on a new socket, and return the answer."""
        if user is None:
            socket = await self.server.connect("/ws")
            answer = await socket.receive()
            await socket.closed()
            return answer
        socket = await user.connect()
        if kind == "ping":
            await socket.send({"type": "ping"})
            answer = await socket.wait_for(type="pong")
        else:
            answer = await socket.request(kind, **data)
        await socket.close()
        return answer

    async def file_of(self, user: User) -> Any:
        """Return a picture that a user uploaded, with a thumbnail."""
        if user.id not in self._files:
            self._files[user.id] = await uploaded(user, "a.png", picture(size=(600, 500)))
        return self._files[user.id]

    async def upload_of(self, user: User) -> str:
        """Begin a resumable upload, and return its id."""
        name = base64.b64encode(b"a.txt").decode()
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Length": "4",
            "Upload-Metadata": f"filename {name}",
        }
        answer = await self.ask(user, "POST", "/upload/tus", headers=headers)
        return answer.headers["location"].rpartition("/")[2]


@dataclass
class Group:
    """A group in the database."""

    world: World
    id: int
    known: bool = True
    """False for a group that does not exist."""

    @property
    def conv(self) -> str:
        """The conversation."""
        return f"g:{self.id}"

    def add(self, user: User, role: int = 0) -> None:
        """Add a member."""
        self.world.insert("member", conv=self.conv, user_id=user.id, role=role)

    async def message(self, author: User | None = None, **fields: Any) -> str:
        """Return the id of a message in the group, of an ordinary member by default."""
        if not self.known:
            return str(uuid4())
        author = author or self.world.target
        answer = await self.world.ask(
            author,
            "POST",
            "/chat/send",
            json={"to_id": self.id, "chat_type": "group", "data": "hello", **fields},
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["id"])

    async def message_of(self, actor: Actor) -> str:
        """Return the id of an actor's own message; another one's where there cannot be one."""
        if actor is Actor.FORMER and self.known:
            user = self.world[actor]
            self.add(user)
            written = await self.message(user)
            self.world.update(
                "DELETE FROM member WHERE conv = ? AND user_id = ?", self.conv, user.id
            )
            self.world.update("UPDATE chat_group SET version = version + 1 WHERE id = ?", self.id)
            return written
        members = (Actor.MEMBER, Actor.ADMIN, Actor.OWNER)
        return await self.message(self.world[actor] if actor in members else None)

    async def file(self) -> str:
        """Return the id of a file that an ordinary member has sent to the group."""
        if not self.known:
            return str(uuid4())
        found = await self.world.file_of(self.world.target)
        await self.message(type="image", data=found["url"])
        return str(found["id"])

    def link(self, creator: User) -> tuple[int, str]:
        """Add an invitation link, and return its id and its token."""
        token = secrets.token_urlsafe(24)
        link_id = self.world.insert(
            "group_link",
            hash=digest(token),
            group_id=self.id,
            creator_id=creator.id,
            expire_time=LATER,
        )
        return link_id, token

    def invite(self, user: User) -> None:
        """Add an invitation by the owner."""
        owner = self.world[Actor.OWNER]
        self.world.insert(
            "group_invitation", group_id=self.id, user_id=user.id, inviter_id=owner.id
        )

    def request(self, user: User) -> None:
        """Add a request to join."""
        self.world.insert("join_request", group_id=self.id, user_id=user.id)


def shown(answer: httpx.Response | dict[str, Any], *hidden: object) -> str:
    """Return an answer as text, without its id and without these values."""
    if isinstance(answer, httpx.Response):
        text = f"{answer.status_code} {answer.text}"
    else:
        text = json.dumps({name: value for name, value in answer.items() if name != "id"})
    for value in hidden:
        text = text.replace(str(value), "…")
    return text


async def sees_typing(socket: Socket, user: User) -> bool:
    """Return whether a socket got the typing indicator of a user."""
    await socket.request("presence", users=[])
    return any(
        one["type"] == "typing" and one["data"]["from_id"] == user.id
        for one in socket.passed
        if "type" in one
    )
