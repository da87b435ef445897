"""The commands of administration, beside a running server and without one."""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path

import pytest

from tests.chat.test_admin_accounts import connect_to_both
from tests.commands import answer, run
from tests.conftest import ROOT, Serve
from tests.copies import copy_chat
from tests.groups import make_group, members, next_notice
from tests.rows import add_user, database, rows
from tests.servers import ChatServer
from yolk.testing import Server, User


def table(text: str) -> list[list[str]]:
    """Return the cells of all rows of a printed table, without its title and header."""
    return [re.split(r" {2,}", line) for line in text.splitlines()[2:]]


def audit(server: Server) -> list[tuple[str, str, str]]:
    """Return action, target and operator of every recorded act, in order."""
    return rows(server, "SELECT action, target_id, operator FROM audit ORDER BY id")


async def test_the_first_administrator_is_made_on_the_command_line(server: Server) -> None:
    """The role applies to the next request, and is recorded; a second time changes nothing."""
    grace = await server.user("grace")
    before = (await server.ask("GET", "/admin/users", token=grace.token)).status_code

    first = await answer(server, "user", "make-admin", grace.username)
    again = await answer(server, "user", "make-admin", grace.username)

    assert before == 403
    assert first == f"{grace.username} is an administrator now.\n"
    assert again == f"{grace.username} was an administrator already.\n"
    assert (await grace.get("/admin/users", q=grace.username))["users"][0]["role"] == (
        "administrator"
    )
    [(action, target, operator)] = [act for act in audit(server) if act[1] == str(grace.id)]
    assert (action, target) == ("user.make_admin", str(grace.id))
    assert operator


async def test_an_administrator_becomes_an_ordinary_user_again(server: Server) -> None:
    """From then on the requests of administrators are refused."""
    grace = await server.user("grace")
    await answer(server, "user", "make-admin", grace.username)

    text = await answer(server, "user", "revoke-admin", grace.username)

    assert text == f"{grace.username} is an ordinary user now.\n"
    assert (await server.ask("GET", "/admin/users", token=grace.token)).status_code == 403


async def test_a_disabled_user_is_disconnected_from_every_worker(serve: Serve) -> None:
    """A command reaches the sockets of all workers through the embedded Valkey."""
    server = serve(WORKERS="2")
    grace = await server.user("grace")
    sockets = await connect_to_both(grace)

    text = await answer(server, "user", "disable", grace.username, "--reason", "spam")

    assert text == f"{grace.username} is disabled now.\n"
    for socket in sockets:
        assert (await asyncio.wait_for(socket.closed(), 5))[0] == 4501
        assert socket.passed[-1] == {"msg": "fail", "data": "你已被禁用"}
    login = {"username": grace.username, "password": grace.password}
    assert (await server.ask("POST", "/auth/login", json=login)).status_code == 403
    [(details,)] = rows(server, "SELECT details FROM audit WHERE action = 'user.disable'")
    assert json.loads(details) == {"reason": "spam"}

    assert await answer(server, "user", "enable", grace.username) == (
        f"{grace.username} is enabled now.\n"
    )

    await server.post("/auth/login", **login)


async def test_a_command_works_while_no_server_runs(serve: Serve) -> None:
    """It leaves nothing behind, and the server starts as before."""
    server = serve()
    grace = await server.user("grace")
    server.stop()

    await answer(server, "user", "disable", grace.username)

    assert not (server.data / "valkey" / "server.json").exists()
    server.start()
    login = {"username": grace.username, "password": grace.password}
    assert (await server.ask("POST", "/auth/login", json=login)).status_code == 403


async def test_a_command_works_before_the_first_start(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """It creates the database, as the server does."""
    server = Server(ROOT, tmp_path_factory.mktemp("fresh") / "data")

    text = await answer(server, "user", "list")

    assert text == "Users\nId  Username  Nickname  Enabled  Role  Online\n"


async def test_two_commands_at_once_do_not_disturb_each_other(serve: Serve) -> None:
    """Without a server, each has a Redis of its own."""
    server = serve()
    people = [await server.user("grace") for _ in range(4)]
    server.stop()

    done = await asyncio.gather(
        *[run(server, "user", "disable", person.username) for person in people]
    )

    assert [(one.returncode, one.stderr) for one in done] == [(0, "")] * 4
    assert rows(server, "SELECT COUNT(*) FROM user WHERE status = 0") == [(4,)]


async def test_users_are_listed_and_shown(server: Server) -> None:
    """The list is by username and in pages; a user is shown with the logins."""
    start = f"u{time.time_ns()}"
    people = [await server.user(f"{start}{letter}") for letter in "ab"]
    await answer(server, "user", "disable", people[1].username)
    grace = people[0]
    socket = await grace.connect()

    everybody = table(await answer(server, "user", "list", start))
    first = await answer(server, "user", "list", start, "--limit", "1")
    disabled = table(await answer(server, "user", "list", start, "--only", "disabled"))
    shown = await answer(server, "user", "show", grace.username)
    by_id = await answer(server, "user", "show", "--id", str(grace.id))

    row = [str(grace.id), grace.username, grace.username, "yes", "user", "yes"]
    assert everybody[0] == row
    assert [cells[1] for cells in everybody] == [person.username for person in people]
    assert first.endswith(f"There are more: --after {grace.username}\n")
    assert [cells[1] for cells in disabled] == [people[1].username]
    assert row in table(shown)
    assert by_id == shown
    assert rows(server, "SELECT id FROM session WHERE user_id = ?", grace.id)[0][0] in shown
    await socket.close()


async def test_administrators_are_listed(server: Server) -> None:
    """A filter lists those who have the role."""
    grace = await server.user("grace")
    await answer(server, "user", "make-admin", grace.username)

    found = table(await answer(server, "user", "list", "--only", "administrators"))

    assert grace.username in [cells[1] for cells in found]
    assert {cells[4] for cells in found} == {"administrator"}


async def test_a_username_of_digits_is_not_taken_for_an_id(server: Server) -> None:
    """Nobody can choose a username so that a command concerns another user."""
    victim, impostor = add_user(server, "victim"), add_user(server, "x")
    with database(server) as connection:
        connection.execute(
            "UPDATE user SET username = ? WHERE id = ?", (str(victim.id), impostor.id)
        )

    await answer(server, "user", "disable", str(victim.id))

    found = rows(server, "SELECT id, status FROM user WHERE id IN (?, ?)", victim.id, impostor.id)
    assert dict(found) == {victim.id: 1, impostor.id: 0}


async def test_logins_are_ended(server: Server) -> None:
    """All sockets are closed, and no token works any more."""
    grace = await server.user("grace")
    socket = await grace.connect()

    text = await answer(server, "user", "end-logins", grace.username)

    assert text == f"Ended 1 logins of {grace.username}.\n"
    assert (await socket.closed())[0] == 4505
    assert (await server.ask("GET", "/users?q=a", token=grace.token)).status_code == 401


async def test_a_new_password_is_set_with_the_printed_token(server: Server) -> None:
    """Also an administrator's, which is not possible over HTTP."""
    grace = await server.user("grace")
    await answer(server, "user", "make-admin", grace.username)

    text = await answer(server, "user", "reset-password", grace.username)

    first, token = text.splitlines()
    assert first == f"{grace.username} can set a new password once within 60 minutes with:"
    await server.post("/auth/reset", reset_token=token, password="a new horse")
    await server.post("/auth/login", username=grace.username, password="a new horse")


async def test_an_account_is_deleted(server: Server) -> None:
    """It asks first; an administrator has the role no longer."""
    grace = await server.user("grace")
    await answer(server, "user", "make-admin", grace.username)
    socket = await grace.connect()

    refused = await run(server, "user", "delete", grace.username, stdin="n\n")
    assert refused.returncode == 1
    assert await socket.ping()
    text = await answer(server, "user", "delete", grace.username, "--yes", "--erase")

    assert text == f"Deleted the account of {grace.username}.\n"
    assert (await socket.closed())[0] == 4500
    assert rows(server, "SELECT * FROM user_role WHERE user_id = ?", grace.id) == []


async def test_a_link_is_printed_where_there_is_a_page(server: Server, tmp_path: Path) -> None:
    """The setting has its address."""
    page = "https://chat.example/reset?token={token}"
    files = {"config/config_test.py": f"auth = {{'reset_url': {page!r}}}"}
    grace = await server.user("grace")
    copy = ChatServer(copy_chat(tmp_path, files), server.data, {"YOLK_ENV": "test"})

    text = await answer(copy, "user", "reset-password", grace.username)

    assert text.splitlines()[1].startswith("https://chat.example/reset?token=")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("user", "disable", "nobody"), "There is no such user."),
        (("user", "show", "--id", "999999999999"), "There is no such user."),
        (("group", "delete", "--yes", "999999999999"), "This group does not exist"),
    ],
)
async def test_an_error_is_one_sentence(
    server: Server, arguments: tuple[str, ...], sentence: str
) -> None:
    """The status is 1, and nothing is recorded."""
    before = audit(server)

    done = await run(server, *arguments)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"yolk: {sentence}")
    assert done.stderr.count("\n") == 1
    assert audit(server) == before


async def test_an_unreachable_database_is_one_sentence(server: Server) -> None:
    """As at the start of the server."""
    done = await run(server, "user", "list", DATABASE_URL="postgres://a:b@127.0.0.1:1/chat")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("yolk: The database postgres://127.0.0.1:1/chat")


@pytest.mark.parametrize(
    "arguments", [("user",), ("user", "disable"), ("user", "show", "--id", "x")]
)
async def test_a_wrong_call_is_explained(server: Server, arguments: tuple[str, ...]) -> None:
    """The status is 2, and nothing is printed but how to call it."""
    done = await run(server, *arguments)

    assert done.returncode == 2
    assert "Usage: python -m yolk user" in done.stdout + done.stderr


async def test_a_group_is_listed_shown_and_closed(server: Server, ada: User, bob: User) -> None:
    """Its members are notified, and it is in the list with the time of its end."""
    group = await make_group(ada, bob, name="Harbour watch")
    hers = await ada.connect()
    number = str(group["id"])

    listed = table(await answer(server, "group", "list", "bour WATCH", "--owner", str(ada.id)))
    shown = await answer(server, "group", "show", number)
    refused = await run(server, "group", "delete", number, stdin="n\n")
    assert set(await members(ada, group)) == {ada.id, bob.id}
    text = await answer(server, "group", "delete", number, "--yes")

    assert [cells[:4] for cells in listed] == [[number, "Harbour watch", str(ada.id), "2"]]
    assert bob.username in shown
    assert refused.returncode == 1
    assert text == "Closed the group Harbour watch.\n"
    notice = await next_notice(hers, "dissolved")
    assert (notice["from_id"], notice["options"]) == (
        ada.id,
        {"event": "dissolved", "by": "administrator"},
    )
    listed = table(await answer(server, "group", "list", "--owner", str(ada.id)))
    assert listed[0][5] != "-"
    await hers.close()


async def test_names_cannot_control_the_terminal(server: Server, ada: User) -> None:
    """Control characters and invisible ones are printed as their codes."""
    group = await make_group(ada, name="x")
    with database(server) as connection:
        connection.execute(
            "UPDATE chat_group SET name = ? WHERE id = ?", ("\x1b[2J\u202egpj\n", group["id"])
        )

    text = await answer(server, "group", "show", str(group["id"]))

    assert r"\x1b[2J\u202egpj\n" in text
    assert "\x1b" not in text
