"""JSON of clients that no program should send: an answer says so, and the socket stays open."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.rows import rows
from yolk.testing import Server, User

NUL = "\\u0000"
SURROGATE = "\\ud800"
BROAD = "[" + "[]," * 300_000 + "[]]"
DEEP = "[" * 1000 + "]" * 1000


def send_with(to: User, options: str) -> str:
    """Return a frame that sends a message with these options."""
    return f'{{"id":7,"type":"send","data":{{"to_id":{to.id},"data":"hello","options":{options}}}}}'


@pytest.mark.parametrize(
    ("frame", "request_id", "code"),
    [
        ('{"id":7,"type":"send","data":{"options":' + DEEP + "}}", 7, 1001),
        ('{"id":"a\\"b","type":"send","data":' + DEEP * 2 + "}", 'a"b', 1001),
        ('{"type":"send","data":' + DEEP + ',"id":7}', 7, 1001),
        ('{"type":"send","data":' + '{"id":8,"a":' * 1000 + "1" + "}" * 1000 + ',"id":7}', 7, 1001),
        ("[" * 900_000, None, 1001),
        ('{"a":' * 150_000, None, 1001),
        (DEEP, None, 1001),
        (BROAD, None, 1001),
        ('{"id":7,"type":"send","data":{"to_id":1,"options":{"a":' + BROAD + "}}}", 7, 1002),
        ('{"id":18446744073709551616,"type":"ping"}', None, 1001),
        ('{"id":1e400,"type":"ping"}', None, 1001),
        ('{"id":' + "1" * 5000 + ',"type":"ping"}', None, 1001),
        ('{"id":true,"type":"ping"}', None, 1001),
        ('{"id":NaN,"type":"ping"}', None, 1001),
        (f'{{"id":7,"type":"{SURROGATE}"}}', 7, 1001),
        ('{"id":7,"type":"recall","data":{"id":1e400}}', 7, 1002),
        ('{"id":7,"type":"read","data":{"conv":"s:1:2","seq":9223372036854775808}}', 7, 1002),
        (f'{{"id":7,"type":"read","data":{{"conv":"{NUL}","seq":1}}}}', 7, 1002),
        (f'{{"id":7,"type":"recall","data":{{"id":"{NUL}"}}}}', 7, 1002),
        (f'{{"id":7,"type":"sync","data":{{"cursors":{{"{NUL}":1}}}}}}', 7, 1002),
        (f'{{"id":7,"type":"token","data":{{"token":"{NUL}"}}}}', 7, 1002),
        (f'{{"id":7,"type":"{NUL}","data":{{}}}}', 7, 1002),
    ],
)
async def test_a_frame_that_cannot_be_used_is_answered(
    server: Server, ada: User, frame: str, request_id: Any, code: int
) -> None:
    """The answer has the id where it can be read, and the next request is answered, too."""
    socket = await ada.connect()

    await socket.send(frame)
    answer = await socket.wait_for(msg="fail")

    assert (answer["id"], answer["code"]) == (request_id, code)
    assert (await socket.request("presence", users=[]))["msg"] == "ok"


@pytest.mark.parametrize(
    "options",
    [
        '{"a":' * 33 + "1" + "}" * 33,
        '{"a":' + "[" * 900 + "]" * 900 + "}",
        f'{{"a":"{NUL}"}}',
        f'{{"a{NUL}":1}}',
        '{"mentions":123456789012345678901234567890}',
        '{"mentions":{"a":[]}}',
        '{"reply_to":[["a"]]}',
    ],
)
async def test_options_that_not_every_client_can_read_are_refused(
    server: Server, ada: User, bob: User, options: str
) -> None:
    """They are nested too deeply, or hold U+0000 or references that are none."""
    socket = await ada.connect()

    await socket.send(send_with(bob, options))
    answer = await socket.wait_for(msg="fail")
    posted = await server.ask(
        "POST",
        "/chat/send",
        token=ada.token,
        content=f'{{"to_id":{bob.id},"data":"hello","options":{options}}}',
        headers={"Content-Type": "application/json"},
    )

    assert (answer["id"], answer["code"]) == (7, 1002)
    assert (posted.status_code, posted.json()["code"]) == (400, 1002)


async def test_a_backslash_before_u0000_is_a_text_as_any_other(ada: User, bob: User) -> None:
    """Only the character is refused, not six characters that describe it."""
    socket = await ada.connect()
    text = "\\u0000 and \\\\u0000"

    sent = await socket.request("send", to_id=bob.id, data=text, options={"a": text})

    assert sent["msg"] == "ok"


async def test_the_last_of_two_equal_keys_counts(ada: User, bob: User) -> None:
    """A frame with two values of one key is read as every JSON library reads it."""
    socket = await ada.connect()

    await socket.send(send_with(bob, "{}").replace('"hello"', '"first","data":"last"'))
    sent = await socket.wait_for(id=7)

    [(data,)] = rows(ada.server, "SELECT data FROM message WHERE id = ?", sent["data"]["id"])
    assert data == "last"


@pytest.mark.parametrize("token", [123, ["a"], {"a": 1}, True, 1.5])
async def test_a_token_of_the_wrong_type_is_a_bad_request(server: Server, token: Any) -> None:
    """Not a fault of the server, wherever Egg's clients may put a token."""
    answer = await server.ask("POST", "/chat/send", json={"token": token})

    assert (answer.status_code, answer.json()["code"]) == (400, 1002)


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", "/auth/register", {"json": {"username": "a\0b", "password": "long enough"}}),
        ("POST", "/auth/register", {"data": {"username": "a\0b", "password": "long enough"}}),
        ("POST", "/auth/login", {"json": {"username": "a\0b", "password": "long enough"}}),
        ("POST", "/auth/refresh", {"json": {"refresh_token": "\0"}}),
        ("POST", "/chat/read", {"json": {"conv": "\0", "seq": 1}}),
        ("POST", "/chat/recall", {"json": {"id": "\0"}}),
        ("POST", "/chat/groups", {"json": {"name": "a\0b", "users": []}}),
        ("GET", "/users?q=%00", {}),
        ("GET", "/chat/history?conv=%00", {}),
        ("GET", "/chat/search?text=a%00b", {}),
        ("GET", "/chat/search?text=ab&before=%00", {}),
        ("GET", "/chat/conversations?before=%00", {}),
        ("GET", "/chat/search?text=ab&before=" + "%5B" * 2000, {}),
    ],
)
async def test_a_text_with_nul_is_a_bad_request(
    server: Server, ada: User, method: str, path: str, options: dict[str, Any]
) -> None:
    """On every database: PostgreSQL could not store it."""
    answer = await server.ask(method, path, token=ada.token, **options)

    assert (answer.status_code, answer.json()["code"]) == (400, 1002)


@pytest.mark.parametrize(
    "body", [b"[" * 900_000, b'{"a":' * 150_000, b'{"username":"\xff"}', b'{"username":"\\ud800"}']
)
async def test_a_body_that_cannot_be_read_is_a_bad_request(server: Server, body: bytes) -> None:
    """Nested too deeply, or not UTF-8."""
    answer = await server.ask(
        "POST", "/auth/login", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in (400, 413)


@pytest.mark.parametrize("data", ["[" * 5000, '{"user_id":' + "[" * 1000, '{"latitude":1e400}'])
async def test_content_that_cannot_be_decoded_is_refused(ada: User, bob: User, data: str) -> None:
    """A card or a location is JSON in a text."""
    socket = await ada.connect()
    for kind in ("card", "location"):
        answer = await socket.request("send", to_id=bob.id, type=kind, data=data)
        assert (answer["msg"], answer["code"]) == ("fail", 1002)


async def test_a_deep_frame_does_not_hold_up_others(server: Server, ada: User, bob: User) -> None:
    """Looking for the id of an unreadable frame is bounded."""
    hers, his = await ada.connect(), await bob.connect()
    for _ in range(20):
        await hers.send(json.dumps("[]" * 100)[:-1] + "[" * 900_000)
        await hers.send("[" * 900_000)

    async with asyncio.timeout(3):
        assert (await his.request("presence", users=[]))["msg"] == "ok"
