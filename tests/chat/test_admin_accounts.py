"""Accounts over HTTP, for administrators only."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.conftest import Serve
from tests.rows import add_administrator, add_user, database, disable, rows
from yolk.testing import Server, Socket, User


@pytest.fixture(scope="module")
def root(server: Server) -> User:
    """Return an administrator."""
    return add_administrator(server, "root")


async def ask(user: User, method: str, path: str, **body: Any) -> tuple[int, Any]:
    """Send a request, and return the status, and the code of a failure or else the data."""
    options = {"json": body} if body else {}
    answer = await user.server.ask(method, path, token=user.token, **options)
    found = answer.json()
    return answer.status_code, found["code"] if found["msg"] == "fail" else found["data"]


async def connect_to_both(user: User) -> list[Socket]:
    """Open sockets of a user until there are some on two workers."""
    sockets: list[Socket] = []
    while len({socket.passed[0]["data"]["socket"].partition(":")[0] for socket in sockets}) < 2:
        assert len(sockets) < 100
        sockets.append(await user.connect())
    return sockets


ROUTES = [
    ("GET", "/admin/users"),
    ("GET", "/admin/users/1"),
    ("POST", "/admin/users/1/disable"),
    ("POST", "/admin/users/1/enable"),
    ("DELETE", "/admin/users/1/logins"),
    ("DELETE", "/admin/users/1/logins/01a207a8-eebd-7473-8832-dbf9fe8f35e3"),
    ("POST", "/admin/users/1/reset-password"),
    ("POST", "/admin/users/1/delete"),
    ("GET", "/admin/messages/01a207a8-eebd-7473-8832-dbf9fe8f35e3"),
    ("POST", "/admin/messages/01a207a8-eebd-7473-8832-dbf9fe8f35e3/recall"),
    ("GET", "/admin/groups"),
    ("GET", "/admin/groups/1"),
    ("GET", "/admin/groups/1/members"),
    ("POST", "/admin/groups/1/close"),
    ("GET", "/admin/reports"),
    ("POST", "/admin/reports/1"),
    ("GET", "/admin/audit"),
]
CHANGES = [
    ("POST", "disable"),
    ("POST", "enable"),
    ("POST", "reset-password"),
    ("POST", "delete"),
    ("DELETE", "logins"),
]


def test_every_route_of_administrators_is_tried() -> None:
    """The list is that of the routes."""
    from app import create_app  # noqa: PLC0415 - one application a process
    from extend.application import Application  # noqa: PLC0415

    application = create_app()
    found = {
        (method, route.path)
        for route in application.http.routes
        for method in route.methods
        if route.path.startswith("/admin")
    }
    Application.unregister_app(application)

    assert len(found) == len(ROUTES)


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nobody_else_may(server: Server, ada: User, method: str, path: str) -> None:
    """Ordinary users get 403, whatever exists; without a token it is 401."""
    assert await ask(ada, method, path) == (403, 3120)
    assert (await server.ask(method, path)).status_code == 401


async def test_a_disabled_administrator_may_nothing(server: Server) -> None:
    """An administrator is a user first."""
    gone = add_administrator(server, "gone")
    disable(server, gone)

    assert await ask(gone, "GET", "/admin/users") == (403, 3004)


async def test_users_are_found_by_the_beginning_of_their_name(server: Server, root: User) -> None:
    """In pages, with their state; nothing in the text is a wildcard."""
    start = f"u{time.time_ns()}"
    people = [add_user(server, f"{start}{letter}") for letter in "abc"]
    disable(server, people[1])

    found = await root.get("/admin/users", q=start)
    first = await root.get("/admin/users", q=start, limit=2)
    rest = await root.get("/admin/users", q=start, after=first["users"][-1]["username"])
    off = await root.get("/admin/users", q=start, enabled=False)

    assert [user["id"] for user in found["users"]] == [person.id for person in people]
    assert found["users"][1] == {
        "id": people[1].id,
        "username": people[1].username,
        "nickname": people[1].username,
        "avatar": "",
        "enabled": False,
        "role": "user",
        "online": False,
    }
    assert (len(first["users"]), first["more"]) == (2, True)
    assert ([user["id"] for user in rest["users"]], rest["more"]) == ([people[2].id], False)
    assert [user["id"] for user in off["users"]] == [people[1].id]
    assert (await root.get("/admin/users", q="%"))["users"] == []


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 201}, {"q": "\0"}, {"q": "x" * 61}, {"after": "\0"}, {"enabled": "x"}],
)
async def test_a_wrong_search_is_refused(root: User, query: dict[str, Any]) -> None:
    """The answer is 400 with the code of an invalid field."""
    answer = await root.server.ask("GET", "/admin/users", token=root.token, params=query)

    assert (answer.status_code, answer.json()["code"]) == (400, 1002)


async def test_a_user_is_shown_with_the_logins(server: Server, root: User) -> None:
    """A login that ended is not shown."""
    grace = await server.user("grace")
    login = await server.post("/auth/login", username=grace.username, password=grace.password)
    await server.post("/auth/logout", token=login["token"])

    found = await root.get(f"/admin/users/{grace.id}")

    [(session,)] = rows(
        server, "SELECT id FROM session WHERE user_id = ? AND revoke_time IS NULL", grace.id
    )
    assert found["username"] == grace.username
    assert [one["id"] for one in found["logins"]] == [session]
    assert found["open_reports"] == 0
    assert await ask(root, "GET", f"/admin/users/{2**62}") == (404, 2004)
    assert (await ask(root, "GET", f"/admin/users/{2**64}"))[0] == 400


async def test_a_disabled_user_is_out_on_every_worker(serve: Serve) -> None:
    """All sockets are closed at once; logins come back when the user is enabled again."""
    server = serve(WORKERS="2")
    root, grace = add_administrator(server, "root"), await server.user("grace")
    sockets = await connect_to_both(grace)

    await root.post(f"/admin/users/{grace.id}/disable", reason="spam")

    for socket in sockets:
        assert (await asyncio.wait_for(socket.closed(), 30))[0] == 4501
        assert socket.passed[-1] == {"msg": "fail", "data": "你已被禁用"}
    again = await server.connect(f"/ws?token={grace.token}")
    assert (await again.closed())[0] == 4501

    await root.post(f"/admin/users/{grace.id}/enable")

    assert await (await grace.connect()).ping()


async def test_disabling_again_closes_what_was_missed(server: Server, root: User) -> None:
    """It changes nothing else, and is not recorded again."""
    grace = await server.user("grace")
    socket = await grace.connect()
    with database(server) as connection:
        connection.execute("UPDATE user SET status = 0 WHERE id = ?", (grace.id,))

    await root.post(f"/admin/users/{grace.id}/disable")

    assert (await socket.closed())[0] == 4501
    assert rows(server, "SELECT * FROM audit WHERE target_id = ?", str(grace.id)) == []


async def test_logins_are_ended_one_by_one_or_all(server: Server, root: User) -> None:
    """The sockets of an ended login are closed, those of the others stay."""
    grace = await server.user("grace")
    login = await server.post("/auth/login", username=grace.username, password=grace.password)
    phone = User(server, grace.id, grace.username, "", login["token"], "")
    first, second = await grace.connect(), await phone.connect()
    [oldest] = rows(
        server, "SELECT id FROM session WHERE user_id = ? ORDER BY create_time LIMIT 1", grace.id
    )

    one = await ask(root, "DELETE", f"/admin/users/{grace.id}/logins/{oldest[0]}")
    assert one == (200, {"ended": 1})
    assert (await first.closed())[0] == 4505
    assert await second.ping()
    assert (await server.ask("GET", "/users?q=a", token=grace.token)).status_code == 401

    again = await ask(root, "DELETE", f"/admin/users/{grace.id}/logins/{oldest[0]}")
    rest = await ask(root, "DELETE", f"/admin/users/{grace.id}/logins")
    assert (again, rest) == ((200, {"ended": 0}), (200, {"ended": 1}))
    assert (await second.closed())[0] == 4505
    refreshed = await server.ask(
        "POST", "/auth/refresh", json={"refresh_token": login["refresh_token"]}
    )
    assert refreshed.status_code == 401


async def test_a_login_of_another_user_is_not_ended(server: Server, root: User) -> None:
    """The login in the path must be of the user in the path."""
    grace, other = await server.user("grace"), await server.user("other")
    [(session,)] = rows(server, "SELECT id FROM session WHERE user_id = ?", other.id)

    found = await ask(root, "DELETE", f"/admin/users/{grace.id}/logins/{session}")

    assert found == (200, {"ended": 0})
    assert (await ask(root, "DELETE", f"/admin/users/{grace.id}/logins/x"))[0] == 400
    await other.get("/users", q="a")


async def test_administrators_cannot_shut_each_other_out(server: Server, root: User) -> None:
    """One stolen login of an administrator takes the role from nobody, nor the account."""
    other = add_administrator(server, "other")

    for user in (root, other):
        for method, path in CHANGES:
            found = await ask(root, method, f"/admin/users/{user.id}/{path}")
            assert found == (403, 3121)
    assert rows(server, "SELECT status FROM user WHERE id = ?", other.id) == [(1,)]


async def test_an_unknown_user_cannot_be_changed(root: User) -> None:
    """The answer is 404."""
    for method, path in CHANGES:
        assert await ask(root, method, f"/admin/users/{2**62}/{path}") == (404, 2004)


async def test_a_user_sets_a_new_password_with_the_token(server: Server, root: User) -> None:
    """It works once; the old password and the logins work until then."""
    grace = await server.user("grace")

    first = await root.post(f"/admin/users/{grace.id}/reset-password")
    reset = await root.post(f"/admin/users/{grace.id}/reset-password", reason="forgot it")

    assert (reset["link"], reset["expires_in"]) == ("", 3600)
    await grace.get("/users", q="a")
    body = {"password": "a new horse"}
    for token in (first["token"], "x"):
        refused = await server.ask("POST", "/auth/reset", json={"reset_token": token, **body})
        assert refused.json()["code"] == 3104
    await server.post("/auth/reset", reset_token=reset["token"], **body)
    assert (await server.ask("GET", "/users?q=a", token=grace.token)).status_code == 401
    await server.post("/auth/login", username=grace.username, **body)


async def test_a_deleted_account_is_not_enabled_again(server: Server, root: User) -> None:
    """For administrators it does not exist, either."""
    gone = add_user(server, "gone")
    with database(server) as connection:
        connection.execute("UPDATE user SET status = 0 WHERE id = ?", (gone.id,))
        connection.execute(
            "INSERT INTO user_account (user_id, delete_time) VALUES (?, 1)"
            " ON CONFLICT (user_id) DO UPDATE SET delete_time = 1",
            (gone.id,),
        )

    for method, path in CHANGES:
        assert await ask(root, method, f"/admin/users/{gone.id}/{path}") == (404, 2004)


async def test_an_account_is_deleted(server: Server, root: User) -> None:
    """The sockets are closed, the reports are gone, and the act is recorded."""
    grace, other = await server.user("grace"), add_user(server, "other")
    await grace.post("/reports", type="user", id=str(other.id), reason="spam", text="a secret")
    socket = await grace.connect()

    await root.post(f"/admin/users/{grace.id}/delete", reason="asked for it")

    assert (await socket.closed())[0] == 4500
    login = {"username": grace.username, "password": grace.password}
    assert (await server.ask("POST", "/auth/login", json=login)).status_code == 401
    assert rows(server, "SELECT * FROM report WHERE reporter_id = ?", grace.id) == []
    acts = await root.get("/admin/audit", target_type="user", target_id=str(grace.id))
    assert [act["action"] for act in acts["acts"]] == ["user.delete"]
    assert await ask(root, "POST", f"/admin/users/{grace.id}/delete") == (404, 2004)


async def test_an_owner_of_groups_is_not_deleted(server: Server, root: User) -> None:
    """Nothing has changed, and nothing is recorded."""
    owner = add_user(server, "owner")
    await owner.post("/chat/groups", name="Mine")

    assert (await ask(root, "POST", f"/admin/users/{owner.id}/delete"))[1] == 3106
    assert rows(server, "SELECT status FROM user WHERE id = ?", owner.id) == [(1,)]
    assert rows(server, "SELECT * FROM audit WHERE target_id = ?", str(owner.id)) == []
