"""Every cell of docs/permissions.md: each actor tries each route and each frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from docs.permissions import Place, places
from services.permissions import MEMBERS, Actor, Rule
from tests.actors import Group, World, sees_typing, shown
from tests.conftest import ROOT
from tests.permission_cases import ACCEPTED, CASES, GROUP_RULE, Ask
from tests.servers import ChatServer
from yolk.testing import User

ROWS = [(place.name, rule) for place in places() for rule in place.rules]
NOT_MEMBERS = (Actor.STRANGER, Actor.BLOCKED, Actor.FORMER, Actor.ADMINISTRATOR)
UNKNOWN = 2**53 - 1
"""The id of a group that does not exist."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Yield the actors on a server of their own."""
    running = ChatServer(ROOT, tmp_path_factory.mktemp("data")).start()
    world = World(running)
    yield world
    world.close()
    running.stop()


@pytest.fixture
async def world(shared: World) -> Any:
    """Yield the actors, with a client for requests."""
    async with httpx.AsyncClient(base_url=shared.server.url, trust_env=False, timeout=30) as client:
        shared.client = client
        yield shared


async def send(world: World, name: str, user: User | None, asked: Ask) -> Any:
    """Send a request or a frame, and return the answer."""
    method, blank, path = name.partition(" ")
    if not blank:
        return await world.frame(user, name, asked.data)
    if path == "/ws":
        socket = await world.server.connect(f"/ws?token={user.token if user else ''}")
        return await socket.receive()
    for parameter, value in asked.params.items():
        path = re.sub(rf"<{parameter}(:\w+)?>", str(value), path)
    options = dict(asked.options)
    if not options and method == "GET":
        options["params"] = asked.data
    elif not options and method == "POST":
        options["json"] = asked.data
    return await world.ask(user, method, path, **options)


def outcome(name: str, asked: Ask, answer: Any) -> str:
    """Return "allowed", "ignored" or "refused"; a request that fails otherwise is an error."""
    data: Any = None
    if isinstance(answer, httpx.Response):
        text = answer.text
        is_json = answer.headers.get("content-type") == "application/json"
        found = answer.json() if is_json and text else {}
        code, succeeded = found.get("code"), answer.status_code < 400
    else:
        text, found, succeeded = str(answer), answer, answer.get("msg") != "fail"
        code = answer.get("code")
    if not succeeded:
        if code is not None and code == ACCEPTED.get(name):
            return "allowed"
        if isinstance(answer, httpx.Response) and code is None:
            assert answer.status_code in {401, 403, 404}, f"{answer.status_code} {text}"
        assert code is None or 2000 <= code < 4000, text
        return "refused"
    data = found.get("data")
    return "allowed" if asked.effect is None or asked.effect(data) else "ignored"


def expected(rule: Rule, actor: Actor) -> str:
    """Return what the table says."""
    if actor in rule.allowed:
        return "allowed"
    return "ignored" if actor in rule.ignored else "refused"


def row_id(value: object) -> str | None:
    """Return a part of the name of a test."""
    return value.subject or "-" if isinstance(value, Rule) else None


@pytest.mark.parametrize("place", places(), ids=lambda place: place.name)
def test_every_rule_has_a_case(place: Place) -> None:
    """No route and no frame is without a test."""
    missing = [rule.subject for rule in place.rules if (place.name, rule.subject) not in CASES]
    assert not missing, (
        f"{place.name}: no case for {missing}. Add one to tests/permission_cases.py, so that"
        " every actor tries it."
    )


@pytest.mark.parametrize(("name", "rule"), ROWS, ids=row_id)
async def test_everybody_may_do_what_the_table_says(world: World, name: str, rule: Rule) -> None:
    """Each actor is allowed, ignored or refused as docs/permissions.md says."""
    prepare, found = CASES[name, rule.subject], {}
    watching = rule.subject == "to a user" or name.endswith("presence")
    socket = await world.target.connect() if watching else None
    for actor in Actor:
        asked = await prepare(world, actor, world.group(GROUP_RULE.get(rule.subject, "closed")))
        user = asked.user or world.users[actor]
        answer = await send(world, name, user, asked)
        found[actor] = outcome(name, asked, answer)
        if "typing" in name and socket and user and not await sees_typing(socket, user):
            found[actor] = "ignored"

    assert found == {actor: expected(rule, actor) for actor in Actor}


HIDDEN = [
    (name, rule)
    for name, rule in ROWS
    if rule.allowed <= MEMBERS.allowed
    and "another user's" not in rule.subject
    and "admin" not in name
]


@pytest.mark.parametrize(("name", "rule"), HIDDEN, ids=row_id)
async def test_a_hidden_group_answers_like_an_unknown_one(
    world: World, name: str, rule: Rule
) -> None:
    """A user who is not a member cannot find out which of the two it is."""
    prepare = CASES[name, rule.subject]
    for actor in NOT_MEMBERS:
        answers = []
        for group in (world.group(), Group(world, UNKNOWN, known=False)):
            asked = await prepare(world, actor, group)
            answer = await send(world, name, world[actor], asked)
            answers.append(shown(answer, group.conv, group.id, *asked.params.values()))
        assert answers[0] == answers[1], actor


async def test_nobody_else_is_let_in_either(world: World) -> None:
    """A disabled user and an ended login are refused wherever a client without a token is."""
    disabled, logged_out = world.person(), world.person()
    world.update("UPDATE user SET status = 0 WHERE id = ?", disabled.id)
    session = world.login(logged_out)
    world.update("UPDATE session SET revoke_time = 1 WHERE id = ?", session)
    logged_out.token = world.server.token(id=logged_out.id, sid=session)
    for name, rule in ROWS:
        if Actor.NOBODY in rule.allowed or " /" not in name:
            continue
        asked = await CASES[name, rule.subject](world, Actor.NOBODY, world.group())
        for user in (disabled, logged_out):
            answer = await send(world, name, user, asked)
            assert outcome(name, asked, answer) == "refused", (name, user.username)


async def test_a_frame_of_nobody_is_not_answered(world: World) -> None:
    """A socket without a token is closed with the refusal, whatever is sent."""
    socket = await world.server.connect("/ws")
    with suppress(ConnectionClosed):  # it may be closed already
        await socket.send({"id": 1, "type": "sync", "data": {}})

    answer = await socket.receive()

    assert (answer["msg"], "id" in answer) == ("fail", False)
    assert (await socket.closed())[0] == 4502
    assert socket.passed == []
