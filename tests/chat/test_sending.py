"""Sending over the socket and over HTTP: every recipient gets each message once, in order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.rows import add_user, disable, rows
from yolk.testing import Server, User

FIELDS = {
    "id",
    "conv",
    "seq",
    "cid",
    "from_id",
    "to_id",
    "chat_type",
    "type",
    "data",
    "options",
    "create_time",
    "isremove",
}


def conversation(one: User, other: User) -> str:
    """Return the name of the conversation of two users."""
    return f"s:{min(one.id, other.id)}:{max(one.id, other.id)}"


async def test_two_people_chat(ada: User, bob: User) -> None:
    """The sender gets an answer when the message is stored; the recipient gets all of it."""
    hers, his = await ada.connect(), await bob.connect()

    answer = await hers.request("send", to_id=bob.id, cid="1", data="你好", options={"a": [1]})
    pushed = await his.wait_for(type="message")

    message = pushed["data"]
    assert set(pushed) == {"type", "data", "timestamp"}
    assert set(message) == FIELDS
    assert message["options"] == {"a": [1]}
    assert (message["data"], message["type"], message["chat_type"]) == ("你好", "text", "single")
    assert (message["from_id"], message["to_id"]) == (ada.id, bob.id)
    assert answer == {
        "id": 1,
        "msg": "ok",
        "data": {
            "id": message["id"],
            "conv": conversation(ada, bob),
            "seq": 1,
            "create_time": message["create_time"],
            "dup": False,
        },
    }


async def test_all_devices_of_both_get_it(ada: User, bob: User) -> None:
    """Every socket of both users gets the message; the one that sent it gets the answer."""
    sending, other = await ada.connect(), await ada.connect()
    phone, desktop = await bob.connect(), await bob.connect()

    await sending.request("send", to_id=bob.id, cid="1", data="hello")

    for socket in (other, phone, desktop):
        assert (await socket.wait_for(type="message"))["data"]["data"] == "hello"
    await sending.ping()
    assert [frame["type"] for frame in sending.passed] == ["connected"]


async def test_http_and_socket_are_one(ada: User, bob: User) -> None:
    """The answer over HTTP is the message itself, and it is pushed as any other."""
    his = await bob.connect()

    sent = await ada.post("/chat/send", to_id=bob.id, type="text", data="over HTTP")

    assert set(sent) == FIELDS
    assert (await his.wait_for(type="message"))["data"] == sent


async def test_a_form_is_as_good_as_json(server: Server, ada: User, bob: User) -> None:
    """Clients of Egg may send forms, in which numbers are text."""
    answer = await server.ask(
        "POST", "/chat/send", token=ada.token, data={"to_id": str(bob.id), "data": "form"}
    )

    assert answer.json()["data"]["to_id"] == bob.id


async def test_numbers_may_be_texts_over_sockets_too(ada: User, bob: User) -> None:
    """A field means the same over a socket and over HTTP."""
    hers, his = await ada.connect(), await bob.connect()

    answer = await hers.request("send", to_id=str(bob.id), data="digits")
    await hers.request("typing", to_id=str(bob.id))
    await his.request("read", conv=answer["data"]["conv"], seq="1")
    pulled = await his.request("pull", conv=answer["data"]["conv"], limit="5")

    assert [one["data"] for one in pulled["data"]["messages"]] == ["digits"]


@pytest.mark.parametrize(
    ("fields", "recipient"),
    [
        ({"chatType": "group"}, "group"),
        ({"chatType": "single"}, "single"),
        ({"chatType": "group", "chat_type": "group"}, "group"),
        ({"note": "an unknown field"}, "single"),
        ({"chatType": "group", "chat_type": "single"}, None),
        ({"chatType": "room"}, None),
        ({"ChatType": "group"}, None),
        ({"chat-type": "group"}, None),
        ({"group_id": 1}, None),
    ],
)
async def test_an_unknown_field_never_changes_the_recipient(
    server: Server, ada: User, bob: User, fields: dict[str, Any], recipient: str | None
) -> None:
    """Egg's `chatType` is accepted; what looks like the recipient and is not, is refused."""
    hers = await ada.connect()
    group = await ada.post("/chat/groups", name="all", members=[bob.id])
    to_id = group["id"] if recipient == "group" else bob.id

    answer = await hers.request("send", to_id=to_id, data="x", **fields)
    body = {"to_id": to_id, "data": "x", **fields}
    over_http = await server.ask("POST", "/chat/send", token=ada.token, json=body)

    assert [answer.get("code"), over_http.json().get("code")] == [None if recipient else 1002] * 2
    if recipient:
        letter = "g" if recipient == "group" else "s"
        assert answer["data"]["conv"][0] == over_http.json()["data"]["conv"][0] == letter


async def test_a_message_is_stored_when_it_is_answered(
    server: Server, ada: User, bob: User
) -> None:
    """When the answer arrives, the message is in the database."""
    socket = await ada.connect()

    answer = await socket.request("send", to_id=bob.id, cid="1", data="kept")

    found = rows(server, "SELECT data FROM message WHERE conv = ?", answer["data"]["conv"])
    assert found == [("kept",)]


async def test_sending_again_gives_the_first_answer(ada: User, bob: User) -> None:
    """The same cid is stored and pushed once, however often and whichever way it is sent."""
    hers, his = await ada.connect(), await bob.connect()

    first = await hers.request("send", to_id=bob.id, cid="same", data="once")
    again = await hers.request("send", to_id=bob.id, cid="same", data="once")
    over_http = await ada.post("/chat/send", to_id=bob.id, cid="same", data="once")
    await hers.request("send", to_id=bob.id, cid="next", data="two")

    assert again["data"] == {**first["data"], "dup": True}
    assert over_http["id"] == first["data"]["id"]
    assert [(await his.wait_for(type="message"))["data"]["data"] for _ in range(2)] == [
        "once",
        "two",
    ]


async def test_the_same_cid_at_the_same_moment_is_one_message(ada: User, bob: User) -> None:
    """Repetitions within one batch are found, too."""
    socket = await ada.connect()
    for number in range(20):
        await socket.send(
            {"id": number, "type": "send", "data": {"to_id": bob.id, "cid": "same", "data": "x"}}
        )

    answers = [(await socket.wait_for(id=number))["data"] for number in range(20)]

    assert {answer["seq"] for answer in answers} == {1}
    assert [answer["dup"] for answer in answers].count(False) == 1


async def test_many_in_flight_keep_their_order(ada: User, bob: User) -> None:
    """Without waiting for answers, seqs follow the order of sending, without gaps."""
    hers, his = await ada.connect(), await bob.connect()
    for number in range(300):
        data = {"to_id": bob.id, "cid": str(number), "data": str(number)}
        await hers.send({"id": number, "type": "send", "data": data})

    pushed = [(await his.wait_for(type="message"))["data"] for _ in range(300)]

    assert [message["seq"] for message in pushed] == list(range(1, 301))
    assert [message["data"] for message in pushed] == [str(number) for number in range(300)]


async def test_both_write_at_once_without_gaps(ada: User, bob: User) -> None:
    """When two users write into one conversation at once, each seq is assigned once."""
    hers, his = await ada.connect(), await bob.connect()

    async def write(socket: Any, to: User) -> list[int]:
        answers = [
            await socket.request("send", to_id=to.id, cid=str(number), data="x")
            for number in range(50)
        ]
        return [answer["data"]["seq"] for answer in answers]

    seqs = await asyncio.gather(write(hers, bob), write(his, ada))

    assert sorted(seqs[0] + seqs[1]) == list(range(1, 101))
    assert all(each == sorted(each) for each in seqs)


async def test_users_may_write_to_themselves(ada: User) -> None:
    """A message to oneself is pushed once to each other device."""
    sending, other = await ada.connect(), await ada.connect()

    answer = await sending.request("send", to_id=ada.id, cid="1", data="note")
    pushed = await other.wait_for(type="message")
    await sending.request("send", to_id=ada.id, cid="2", data="next")

    assert answer["data"]["conv"] == f"s:{ada.id}:{ada.id}"
    assert pushed["data"]["data"] == "note"
    assert (await other.wait_for(type="message"))["data"]["data"] == "next"


async def test_missing_and_disabled_recipients_get_nothing(
    server: Server, ada: User, bob: User
) -> None:
    """Both are refused with the text of the original, over socket and HTTP; nothing is stored."""
    disable(server, bob)
    socket = await ada.connect()
    text = "对方不存在或者被禁用，不能发消息"

    for to_id in (bob.id, 2**40):
        answer = await socket.request("send", to_id=to_id, cid=str(to_id), data="x")
        assert answer == {
            "id": answer["id"],
            "msg": "fail",
            "data": text,
            "code": 2001,
            "temporary": False,
        }
        over_http = await server.ask(
            "POST", "/chat/send", token=ada.token, json={"to_id": to_id, "data": "x"}
        )
        assert over_http.status_code == 400
        assert over_http.json()["data"] == text
    assert not rows(server, "SELECT 1 FROM message WHERE from_id = ?", ada.id)


async def test_a_refused_message_fails_alone(ada: User, bob: User) -> None:
    """In a burst the bad message fails, and those around it are stored without a gap."""
    socket = await ada.connect()
    for number, to_id in enumerate((bob.id, 2**40, bob.id)):
        data = {"to_id": to_id, "cid": str(number), "data": "x"}
        await socket.send({"id": number, "type": "send", "data": data})

    answers = [await socket.wait_for(id=number) for number in range(3)]

    assert [answer["msg"] for answer in answers] == ["ok", "fail", "ok"]
    assert [answers[0]["data"]["seq"], answers[2]["data"]["seq"]] == [1, 2]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("rubbish", 1001),
        ("[]", 1001),
        ('{"id":7}', 1001),
        ('{"id":7,"type":"nonsense"}', 1003),
        ('{"id":7,"type":"send"}', 1002),
        ('{"id":7,"type":"send","data":{"to_id":0,"cid":"a","data":"x"}}', 1002),
        ('{"id":7,"type":"send","data":{"to_id":"one","cid":"a","data":"x"}}', 1002),
        ('{"id":7,"type":"send","data":{"to_id":1,"cid":"","data":"x"}}', 1002),
        ('{"id":7,"type":"send","data":{"to_id":1,"cid":" a","data":"x"}}', 1002),
        ('{"id":7,"type":"send","data":{"to_id":1,"cid":"a\\n","data":"x"}}', 1002),
        ('{"id":7,"type":"send","data":{"to_id":1,"type":"text\\n","data":"x"}}', 1002),
        ('{"id":7,"type":"send","data":{"to_id":1,"cid":"a","data":7}}', 1002),
        ('{"id":7,"type":"send","data":{"to_id":1,"cid":"a","data":"\\u0000"}}', 1002),
        ('{"id":7,"type":"send","data":{"to_id":1,"cid":"a","data":"x","chat_type":"x"}}', 1002),
        ('{"id":7,"type":"send","data":{"to_id":1,"cid":"a","data":"x","options":[]}}', 1002),
        ('{"id":7,"type":"send","data":{"to_id":9223372036854775808,"data":"x"}}', 1002),
        ('{"id":7,"type":"send","data":{"to_id":1,"data":"x","chat_type":"group"}}', 2010),
        ('{"id":7,"type":"read","data":{"conv":"s:1:2","seq":-1}}', 1002),
        ('{"id":7,"type":"read","data":{"conv":"s:0:0","seq":1}}', 2002),
        ('{"id":7,"type":"presence","data":{"users":"all"}}', 1002),
    ],
)
async def test_a_bad_frame_fails_and_the_socket_lives_on(ada: User, frame: str, code: int) -> None:
    """Every bad frame gets an answer with a code, and the id if there was one."""
    socket = await ada.connect()

    await socket.send(frame)
    answer = await socket.wait_for(msg="fail")

    assert answer["code"] == code
    assert answer["id"] == (7 if frame.startswith('{"id"') else None)
    assert (await socket.request("ping"))["type"] == "pong"


async def test_binary_is_read_as_json_too(ada: User) -> None:
    """A binary frame with JSON is a request; any other gets an answer."""
    socket = await ada.connect()

    await socket.send(b'{"id":1,"type":"ping"}')
    assert (await socket.wait_for(id=1))["type"] == "pong"
    await socket.send(b"\xff\xfe")
    assert (await socket.wait_for(msg="fail"))["code"] == 1001


async def test_the_bare_word_ping_is_answered(ada: User) -> None:
    """Simple clients send the text `ping`."""
    socket = await ada.connect()

    await socket.send("ping")

    assert (await socket.wait_for(type="pong"))["timestamp"] > 0


async def test_options_have_a_limit(ada: User, bob: User) -> None:
    """Unknown options are kept as they are, up to 8 KiB."""
    socket = await ada.connect()

    small = await socket.request("send", to_id=bob.id, cid="1", data="", options={"x": "y" * 8000})
    large = await socket.request("send", to_id=bob.id, cid="2", data="", options={"x": "y" * 8192})

    assert (small["msg"], large["msg"]) == ("ok", "fail")
    assert large["code"] == 1002


async def test_messages_sent_meanwhile_are_returned(server: Server, ada: User, bob: User) -> None:
    """A user who was not connected gets what was written meanwhile, once."""
    his = await bob.connect()
    await his.close()
    hers = await ada.connect()
    for number in range(3):
        await hers.request("send", to_id=bob.id, cid=str(number), data=f"message {number}")

    found = await bob.post("/chat/getmessage")

    assert [message["data"] for message in found] == ["message 0", "message 1", "message 2"]
    assert set(found[0]) == FIELDS
    assert await bob.post("/chat/getmessage") == []
    assert await ada.post("/chat/getmessage") == []


async def test_getmessage_moves_only_past_what_it_gave(server: Server, ada: User) -> None:
    """With a limit the next call returns the rest; nothing is skipped, whoever wrote it."""
    friends = [add_user(server, f"friend{number}") for number in range(3)]
    for number in range(9):
        await friends[number % 3].post("/chat/send", to_id=ada.id, data=str(number))
    await ada.post("/chat/send", to_id=friends[0].id, data="mine")

    got: list[str] = []
    while page := await ada.post("/chat/getmessage", limit=2):
        assert len(page) <= 2
        got += [message["data"] for message in page]

    assert sorted(got) == [str(number) for number in range(9)]


async def test_cursors_move_forward_only_and_never_past_the_end(ada: User, bob: User) -> None:
    """A cursor past the end becomes the end, and an older one changes nothing."""
    hers, his = await ada.connect(), await bob.connect()
    await hers.request("send", to_id=bob.id, cid="1", data="one")
    conv = conversation(ada, bob)

    await his.request("delivered", conv=conv, seq=1000)
    receipt = await hers.wait_for(type="receipt")
    await hers.request("send", to_id=bob.id, cid="2", data="two")
    await his.request("delivered", conv=conv, seq=0)

    assert receipt["data"] == {"conv": conv, "user_id": bob.id, "delivered_seq": 1}
    assert [message["data"] for message in await bob.post("/chat/getmessage")] == ["two"]


async def test_the_sender_sees_that_it_was_read(ada: User, bob: User) -> None:
    """`read` notifies both users, and the list counts the messages as read."""
    hers, his = await ada.connect(), await bob.connect()
    for number in range(3):
        await hers.request("send", to_id=bob.id, cid=str(number), data="x")
    assert (await bob.get("/chat/conversations"))[0]["unread"] == 3

    await his.request("read", conv=conversation(ada, bob), seq=2)

    # A heartbeat may have confirmed first that they arrived.
    while "read_seq" not in (receipt := (await hers.wait_for(type="receipt"))["data"]):
        pass
    assert receipt == {"conv": conversation(ada, bob), "user_id": bob.id, "read_seq": 2}
    listed = (await bob.get("/chat/conversations"))[0]
    assert (listed["unread"], listed["read_seq"], listed["last_seq"]) == (1, 2, 3)
    assert (await ada.get("/chat/conversations"))[0]["unread"] == 0


async def test_conversations_are_listed_latest_first(server: Server, ada: User) -> None:
    """Each has the other user and the last message."""
    friends = [add_user(server, f"friend{number}") for number in range(3)]
    for friend in friends:
        await friend.post("/chat/send", to_id=ada.id, data=f"from {friend.username}")
    await ada.post("/chat/send", to_id=friends[0].id, data="the latest")

    listed = await ada.get("/chat/conversations")

    assert [one["peer"]["id"] for one in listed] == [friends[0].id, friends[2].id, friends[1].id]
    assert listed[0]["last"]["data"] == "the latest"
    assert not listed[0]["peer"]["online"]


async def test_history_pages_both_ways(server: Server, ada: User, bob: User) -> None:
    """Without a seq it is the latest page; `before` is the page above, `after` the one below."""
    for number in range(1, 11):
        await ada.post("/chat/send", to_id=bob.id, data=str(number))
    conv = conversation(ada, bob)

    async def page(**where: int) -> tuple[list[int], bool]:
        found = await bob.get("/chat/history", conv=conv, limit=4, **where)
        return [message["seq"] for message in found["messages"]], found["more"]

    assert await page() == ([7, 8, 9, 10], True)
    assert await page(before=7) == ([3, 4, 5, 6], True)
    assert await page(before=3) == ([1, 2], False)
    assert await page(after=0) == ([1, 2, 3, 4], True)
    assert await page(after=8) == ([9, 10], False)


async def test_a_stranger_sees_no_history(server: Server, ada: User, bob: User) -> None:
    """For a user who is not in it, a conversation does not exist."""
    await ada.post("/chat/send", to_id=bob.id, data="private")
    eve = add_user(server, "eve")

    answer = await server.ask(
        "GET", "/chat/history", token=eve.token, params={"conv": conversation(ada, bob)}
    )

    assert (answer.status_code, answer.json()["code"]) == (404, 2002)


async def test_errors_are_in_the_language_of_the_client(server: Server, ada: User) -> None:
    """Over HTTP and over a socket, as `Accept-Language` asks; without it in that of the setting."""
    english = {"Accept-Language": "en-GB,en;q=0.9"}
    body = {"to_id": 999_999_999, "data": "x"}
    answers = [
        await server.ask("POST", "/chat/send", token=ada.token, json=body, headers=headers)
        for headers in (english, {})
    ]
    ticket = (await ada.post("/auth/ticket"))["ticket"]
    socket = await server.connect(f"/ws?ticket={ticket}", additional_headers=english)
    await socket.wait_for(type="connected")

    over_socket = await socket.request("send", **body)

    english_text, chinese = (answer.json()["data"] for answer in answers)
    assert english_text == over_socket["data"]
    assert english_text.isascii()
    assert not chinese.isascii()
