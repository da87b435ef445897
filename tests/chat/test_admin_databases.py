"""Administration on every database."""

from __future__ import annotations

import asyncio

from tests.chat.test_admin_accounts import ask
from tests.chat.test_admin_groups import write
from tests.chat.test_reports import report
from tests.commands import answer
from tests.conftest import Serve
from tests.databases import database_url

__all__ = ["database_url"]


async def test_administrators_work_on_every_database(serve: Serve, database_url: str) -> None:
    """The queries, the commands and the bounds are the same."""
    server = await asyncio.to_thread(serve, DATABASE_URL=database_url)
    root, ada, bob = [await server.user(name) for name in ("root", "ada", "bob")]
    await answer(server, "user", "make-admin", root.username)
    sent = await write(bob, ada.id, "buy my watches 你好")
    group = await bob.post("/chat/groups", name="Harbour Watch")

    # Reports, also many at once.
    answers = await asyncio.gather(*[report(ada, "message", sent["id"]) for _ in range(6)])
    assert [status for status, _ in answers] == [200] * 6, server.output
    assert sorted(data["merged"] for _, data in answers) == [False, *[True] * 5]
    assert await report(root, "message", sent["id"]) == (404, 2006)
    [found] = (await root.get("/admin/reports", state="open"))["reports"]
    assert found["message"]["preview"] == "buy my watches 你好"
    decided = await root.post(f"/admin/reports/{found['id']}", state="resolved")
    assert decided == {"changed": 1}
    reopened = await root.post(f"/admin/reports/{found['id']}", state="open")
    assert reopened == {"changed": 1}

    # Accounts.
    page = await root.get("/admin/users", q="b")
    assert [user["username"] for user in page["users"]] == [bob.username]
    assert len((await root.get(f"/admin/users/{bob.id}"))["logins"]) == 1
    socket = await bob.connect()
    await root.post(f"/admin/users/{bob.id}/disable", reason="spam")
    assert (await socket.closed())[0] == 4501
    await root.post(f"/admin/users/{bob.id}/enable")
    assert await ask(root, "DELETE", f"/admin/users/{bob.id}/logins") == (200, {"ended": 1})
    reset = await root.post(f"/admin/users/{bob.id}/reset-password")
    await server.post("/auth/reset", reset_token=reset["token"], password="a new horse")

    # Messages and groups.
    assert (await root.get(f"/admin/messages/{sent['id']}"))["data"] == "buy my watches 你好"
    event = await root.post(f"/admin/messages/{sent['id']}/recall")
    assert event == await root.post(f"/admin/messages/{sent['id']}/recall")
    assert (await root.get("/admin/groups", q="bour WATCH"))["groups"][0]["id"] == group["id"]
    await answer(server, "group", "delete", "--yes", str(group["id"]))
    assert await ask(root, "POST", f"/admin/groups/{group['id']}/close") == (404, 2010)

    # The audit.
    acts = (await root.get("/admin/audit"))["acts"]
    assert [act["action"] for act in reversed(acts)] == [
        *("user.make_admin", "report.decide", "report.decide", "user.disable", "user.enable"),
        *("user.end_logins", "user.reset_password", "message.recall", "group.close"),
    ]
    assert acts[0]["actor_id"] is None
