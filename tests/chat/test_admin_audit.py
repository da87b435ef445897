"""The audit of what administrators did."""

from __future__ import annotations

import json

import pytest

from tests.chat.test_admin_groups import write
from tests.groups import make_group
from tests.rows import add_administrator, add_user, database, rows
from yolk.testing import Server, User


@pytest.fixture
def root(server: Server) -> User:
    """Return an administrator who has not acted yet."""
    return add_administrator(server, "root")


async def test_every_act_is_recorded(server: Server, root: User, ada: User, bob: User) -> None:
    """With the administrator, the address, the target and the details; the latest first."""
    sent = await write(ada, bob.id, "buy my watches")
    group = await make_group(ada, bob)
    victim = add_user(server, "victim")
    await ada.post("/reports", type="user", id=str(victim.id), reason="spam")
    page = await root.get("/admin/reports", target_type="user", target_id=str(victim.id))
    report = page["reports"][0]["id"]

    await root.post(f"/admin/users/{victim.id}/disable", reason="spam")
    await root.post(f"/admin/users/{victim.id}/enable")
    await server.ask("DELETE", f"/admin/users/{victim.id}/logins", token=root.token)
    await root.post(f"/admin/messages/{sent['id']}/recall", reason="advertising")
    await root.post(f"/admin/groups/{group['id']}/close")
    await root.post(f"/admin/reports/{report}", state="resolved", note="done")

    acts = (await root.get("/admin/audit", actor_id=root.id))["acts"]
    assert [(act["action"], act["target_type"], act["target_id"]) for act in acts] == [
        ("report.decide", "report", str(report)),
        ("group.close", "group", str(group["id"])),
        ("message.recall", "message", sent["id"]),
        ("user.end_logins", "user", str(victim.id)),
        ("user.enable", "user", str(victim.id)),
        ("user.disable", "user", str(victim.id)),
    ]
    assert [act["details"] for act in acts] == [
        {
            "state": "resolved",
            "changed": 1,
            "target_type": "user",
            "target_id": str(victim.id),
            "note": "done",
        },
        {"members": 2},
        {"conv": sent["conv"], "from_id": ada.id, "reason": "advertising"},
        {"ended": 0},
        {},
        {"reason": "spam"},
    ]
    for act in acts:
        assert (act["actor_id"], act["actor"], act["address"]) == (
            *(root.id, root.username),
            "127.0.0.1",
        )
        assert act["time"] > 0


async def test_the_audit_is_read_in_pages(server: Server, root: User) -> None:
    """Each page ends where the next begins; filters apply to all."""
    victim = add_user(server, "victim")
    for _ in range(2):
        await root.post(f"/admin/users/{victim.id}/disable")
        await root.post(f"/admin/users/{victim.id}/enable")

    query = {"target_type": "user", "target_id": str(victim.id)}
    first = await root.get("/admin/audit", limit=3, **query)
    rest = await root.get("/admin/audit", before=first["acts"][-1]["id"], **query)

    assert (len(first["acts"]), first["more"]) == (3, True)
    assert (len(rest["acts"]), rest["more"]) == (1, False)


async def test_nothing_changes_the_audit(server: Server, root: User) -> None:
    """There is no route for it, and no text of a user in it."""
    victim = add_user(server, "victim")
    await root.post(f"/admin/users/{victim.id}/disable")
    [before] = rows(server, "SELECT * FROM audit WHERE target_id = ?", str(victim.id))

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("/admin/audit", f"/admin/audit/{before[0]}"):
            answer = await server.ask(method, path, token=root.token, json={})
            assert answer.status_code in {404, 405}

    assert rows(server, "SELECT * FROM audit WHERE target_id = ?", str(victim.id)) == [before]
    assert victim.username not in json.dumps(before)


async def test_an_act_that_cannot_be_recorded_is_not_done(
    server: Server, root: User, ada: User, bob: User
) -> None:
    """Both are in one transaction."""
    sent = await write(ada, bob.id, "still here")
    group = await make_group(ada, bob)
    trigger = (
        "CREATE TRIGGER refuse BEFORE INSERT ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit is broken'); END"
    )
    with database(server) as connection:
        connection.execute(trigger)
    try:
        for path in (
            f"users/{bob.id}/disable",
            f"messages/{sent['id']}/recall",
            f"groups/{group['id']}/close",
        ):
            answer = await server.ask("POST", f"/admin/{path}", token=root.token, json={})
            assert answer.status_code == 500
    finally:
        with database(server) as connection:
            connection.execute("DROP TRIGGER refuse")

    assert rows(server, "SELECT status FROM user WHERE id = ?", bob.id) == [(1,)]
    assert (await root.get(f"/admin/messages/{sent['id']}"))["data"] == "still here"
    assert (await root.get(f"/admin/groups/{group['id']}"))["member_count"] == 2
