"""Reports: sent by users, decided by administrators."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.chat.test_admin_accounts import ask
from tests.chat.test_admin_groups import write
from tests.conftest import Serve
from tests.groups import in_group, make_group
from tests.rows import add_administrator, add_user, rows
from yolk.testing import Server, User


@pytest.fixture(scope="module")
def root(server: Server) -> User:
    """Return an administrator."""
    return add_administrator(server, "root")


async def report(user: User, kind: str, target: object, **more: Any) -> tuple[int, Any]:
    """Report something, and return the status, and the code of a failure or else the data."""
    body = {"type": kind, "id": str(target), "reason": "spam", **more}
    return await ask(user, "POST", "/reports", **body)


async def reports_of(root: User, kind: str, target: object) -> list[Any]:
    """Return the reports of a target, the latest first."""
    page = await root.get("/admin/reports", target_type=kind, target_id=str(target))
    found: list[Any] = page["reports"]
    return found


async def test_a_message_a_user_and_a_group_are_reported(root: User, ada: User, bob: User) -> None:
    """Administrators see who reported what and why, and the message."""
    sent = await write(bob, ada.id, "buy my watches")
    group = await make_group(bob, ada)

    for kind, target in (("message", sent["id"]), ("user", bob.id), ("group", group["id"])):
        assert await report(ada, kind, target, text="again") == (200, {"merged": False})

    [found] = await reports_of(root, "message", sent["id"])
    assert found["message"] == {
        "id": sent["id"],
        "conv": sent["conv"],
        "from_id": bob.id,
        "type": "text",
        "preview": "buy my watches",
        "create_time": sent["create_time"],
        "isremove": 0,
    }
    assert (found["reporter_id"], found["reason"], found["text"]) == (ada.id, "spam", "again")
    assert (found["state"], found["close_time"]) == ("open", 0)
    assert (await reports_of(root, "user", bob.id))[0]["message"] is None
    assert (await root.get(f"/admin/users/{bob.id}"))["open_reports"] == 1
    assert len(await reports_of(root, "group", group["id"])) == 1


async def test_a_user_reports_only_what_the_user_can_see(
    server: Server, root: User, ada: User, bob: User
) -> None:
    """The answers tell nothing about what exists."""
    stranger = add_user(server, "stranger")
    sent = await write(ada, bob.id, "between us")
    group = await make_group(ada, history=False)
    earlier = await write(ada, group["id"], "before", "group")
    await in_group(ada, group, "/invite", users=[bob.id])
    nowhere = "01a207a8-eebd-7473-8832-dbf9fe8f35e3"

    for target in (sent["id"], nowhere, "x", "1"):
        assert await report(stranger, "message", target) == (404, 2006)
    assert await report(bob, "message", earlier["id"]) == (404, 2006)
    for target in (group["id"], 2**62):
        assert await report(stranger, "group", target) == (404, 2010)
    assert await report(stranger, "user", 2**62) == (404, 2004)
    assert rows(server, "SELECT * FROM report WHERE reporter_id = ?", stranger.id) == []


async def test_an_invited_user_reports_the_group(server: Server, ada: User) -> None:
    """Whoever is asked to join sees the group, and can say that it is spam."""
    stranger = add_user(server, "stranger")
    group = await make_group(ada)
    await ada.post(f"/chat/groups/{group['id']}/invite", users=[stranger.id])

    assert await report(stranger, "group", group["id"]) == (200, {"merged": False})


async def test_users_do_not_report_themselves(ada: User, bob: User) -> None:
    """Nor their own messages."""
    sent = await write(ada, bob.id, "mine")

    assert await report(ada, "user", ada.id) == (400, 2151)
    assert await report(ada, "message", sent["id"]) == (400, 2151)


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "file"},
        {"reason": "because"},
        {"id": ""},
        {"id": "-1"},
        {"id": "1e3"},
        {"id": "٣"},
        {"id": str(2**63)},
        {"id": "9" * 37},
        {"text": "x" * 1001},
        {"text": "a\0b"},
        {"id": 7},
    ],
)
async def test_a_wrong_report_is_refused(ada: User, wrong: dict[str, Any]) -> None:
    """The answer is 400 with the code of an invalid field."""
    body = {"type": "user", "id": "1", "reason": "spam", **wrong}

    assert await ask(ada, "POST", "/reports", **body) == (400, 1002)


async def test_a_second_report_of_a_target_is_merged(root: User, ada: User, bob: User) -> None:
    """The open report has the latest reason; also where many arrive at once."""
    answers = await asyncio.gather(*[report(ada, "user", bob.id, text=str(i)) for i in range(8)])
    last = await report(ada, "user", bob.id, reason="fraud", text="it goes on")

    assert sorted(answer[1]["merged"] for answer in answers) == [False, *[True] * 7]
    assert last == (200, {"merged": True})
    [found] = await reports_of(root, "user", bob.id)
    assert (found["reason"], found["text"]) == ("fraud", "it goes on")


async def test_closing_a_report_closes_those_of_other_users(
    server: Server, root: User, ada: User, bob: User
) -> None:
    """A decision is about the target; a later report is a new one."""
    other = add_user(server, "other")
    await report(ada, "user", bob.id)
    await report(other, "user", bob.id)
    [first, second] = await reports_of(root, "user", bob.id)

    path = f"/admin/reports/{first['id']}"
    decided = await ask(root, "POST", path, state="resolved", note="warned")
    again = await ask(root, "POST", path, state="resolved")

    assert (decided, again) == ((200, {"changed": 2}), (200, {"changed": 0}))
    closed = await reports_of(root, "user", bob.id)
    assert {one["state"] for one in closed} == {"resolved"}
    assert all(one["close_time"] > 0 for one in closed)
    assert (await root.get(f"/admin/users/{bob.id}"))["open_reports"] == 0
    assert await report(ada, "user", bob.id) == (200, {"merged": False})
    assert [one["state"] for one in await reports_of(root, "user", bob.id)] == [
        *("open", "resolved", "resolved")
    ]
    # A closed one can be dismissed instead, and is opened again only where none is open.
    assert await ask(root, "POST", path, state="dismissed") == (200, {"changed": 1})
    for closed_one in (first, second):
        expected = 0 if closed_one["reporter_id"] == ada.id else 1
        reopened = await ask(root, "POST", f"/admin/reports/{closed_one['id']}", state="open")
        assert reopened == (200, {"changed": expected})


async def test_reports_are_listed_by_state_in_pages(server: Server, root: User, ada: User) -> None:
    """The latest first."""
    targets = [add_user(server, "target") for _ in range(3)]
    for target in targets:
        await report(ada, "user", target.id)
    newest = (await root.get("/admin/reports", state="open", limit=1))["reports"][0]

    page = await root.get("/admin/reports", state="open", limit=2)
    rest = await root.get("/admin/reports", state="open", before=page["reports"][-1]["id"], limit=1)
    dismissed = await root.get("/admin/reports", state="dismissed", before=newest["id"] + 1)

    found = [int(one["target_id"]) for one in page["reports"] + rest["reports"]]
    assert found == [target.id for target in reversed(targets)]
    assert page["more"]
    assert "open" not in {one["state"] for one in dismissed["reports"]}
    assert await ask(root, "POST", f"/admin/reports/{2**62}", state="open") == (404, 2150)
    assert await ask(root, "POST", "/admin/reports/1", state="lost") == (400, 1002)


async def test_a_recalled_message_has_no_text_in_its_report(
    root: User, ada: User, bob: User
) -> None:
    """A report keeps no copy."""
    sent = await write(bob, ada.id, "a secret")
    await report(ada, "message", sent["id"])

    await bob.post("/chat/recall", id=sent["id"])

    [found] = await reports_of(root, "message", sent["id"])
    assert (found["message"]["preview"], found["message"]["isremove"]) == ("", 1)


async def test_a_list_of_reports_has_only_the_beginnings_of_texts(
    root: User, ada: User, bob: User
) -> None:
    """A long message makes no long list."""
    sent = await write(bob, ada.id, "你" * 300_000)
    await report(ada, "message", sent["id"])

    [found] = await reports_of(root, "message", sent["id"])

    assert found["message"]["preview"] == "你" * 500


async def test_a_user_sends_a_bounded_number_of_reports(serve: Serve) -> None:
    """Also where many arrive at once; a merged one does not count."""
    server = serve()
    ada = add_user(server, "ada")
    targets = [add_user(server, "target") for _ in range(60)]

    answers = await asyncio.gather(*[report(ada, "user", target.id) for target in targets])

    assert sorted(status for status, _ in answers) == [*[200] * 50, *[429] * 10]
    assert {data for status, data in answers if status == 429} == {4130}
    merged = [target for target, (status, _) in zip(targets, answers, strict=True) if status == 200]
    assert await report(ada, "user", merged[0].id) == (200, {"merged": True})
    refused = await server.ask(
        "POST",
        "/reports",
        token=ada.token,
        json={"type": "user", "id": str(add_user(server, "x").id), "reason": "spam"},
    )
    assert 24 * 3600 - 300 < int(refused.headers["retry-after"]) <= 24 * 3600
