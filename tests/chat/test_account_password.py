"""Changing a password, and setting a new one with a one-time token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from services.account.reset_tokens import issue_reset
from tests.conftest import Serve
from tests.copies import copy_chat
from tests.databases import Databases, open_orm
from tests.rows import add_user, database, disable, rows
from tests.servers import ChatServer
from yolk.testing import Server, User

OLD, NEW = "correct horse", "battery staple"


async def outcome(server: Server, path: str, token: str | None = None, **body: str) -> object:
    """Post, and return the status and the error code of the answer."""
    answer = await server.ask("POST", path, token=token, json=body)
    return answer.status_code, answer.json().get("code")


async def log_in(server: Server, username: str, password: str) -> object:
    """Log in, and return the status and the error code of the answer."""
    return await outcome(server, "/auth/login", username=username, password=password)


async def test_a_changed_password_ends_the_other_logins_on_every_worker(
    serve: Serve, postgres: Databases
) -> None:
    """At once, and this login goes on; tokens that belong to no login end, too."""
    server = serve(WORKERS="3", DATABASE_URL=postgres())
    grace = await server.user("grace")
    here = await grace.connect()
    others = []
    for _ in range(6):
        other = await server.post("/auth/login", username=grace.username, password=OLD)
        others.append((other, await server.connect(f"/ws?token={other['token']}")))
    no_login = server.token(id=grace.id)
    program = await server.connect(f"/ws?token={no_login}")
    for socket in [program, *(socket for _, socket in others)]:
        await socket.wait_for(type="connected")
    await asyncio.sleep(1.1)  # the token of no login is from an earlier second

    changed = await grace.post("/account/password", old_password=OLD, new_password=NEW)

    assert changed == {"ended": 6, "login": None}
    for other, socket in others:
        code, _ = await asyncio.wait_for(socket.closed(), 30)
        assert (socket.passed[-1], code) == ({"msg": "fail", "data": "你已退出登录"}, 4505)
        for _ in range(4):  # whichever worker answers
            assert await outcome(server, "/chat/presence", other["token"]) == (401, 3005)
        assert await outcome(server, "/auth/refresh", refresh_token=other["refresh_token"]) == (
            401,
            3012,
        )
    assert (await program.closed())[0] == 4505
    again = await server.connect(f"/ws?token={no_login}")
    assert (await again.closed())[0] == 4505
    assert await here.ping()
    await grace.get("/users", q="a")
    await server.post("/auth/refresh", refresh_token=grace.refresh_token)
    assert await log_in(server, grace.username, OLD) == (401, 3010)
    assert await log_in(server, grace.username, NEW) == (200, None)


async def test_a_token_of_no_login_gets_new_ones(server: Server) -> None:
    """An Egg application's token changes the password, too, and ends with it."""
    grace = await server.user("grace")
    token = server.token(id=grace.id)
    answer = await server.post("/account/password", token=token, old_password=OLD, new_password=NEW)

    assert answer["ended"] == 1
    await server.get("/users", token=answer["login"]["token"], q="a")
    refused = await server.connect(f"/ws?token={token}")
    assert (await refused.closed())[0] == 4505


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("wrong", NEW, (400, 3103)),
        ("", NEW, (400, 3103)),
        (OLD, "short", (400, 1002)),
        (OLD, "x" * 129, (400, 1002)),
        (OLD, "zero\u200bwidth", (400, 3102)),
    ],
)
async def test_a_refused_change_ends_nothing(
    server: Server, old: str, new: str, expected: object
) -> None:
    """The current password is asked for, with an error of its own that is no 401."""
    grace = await server.user("grace")
    other = await server.post("/auth/login", username=grace.username, password=OLD)

    found = await outcome(
        server, "/account/password", grace.token, old_password=old, new_password=new
    )

    assert found == expected
    await server.get("/users", token=other["token"], q="a")
    assert await log_in(server, grace.username, OLD) == (200, None)


async def test_guesses_of_the_current_password_are_limited(server: Server) -> None:
    """A stolen token is good for ten guesses in five minutes."""
    grace = await server.user("grace")
    guesses = [
        await outcome(server, "/account/password", grace.token, old_password="x", new_password=NEW)
        for _ in range(11)
    ]

    assert guesses == [(400, 3103)] * 10 + [(429, 4100)]


async def test_guesses_of_all_kinds_count_together_and_lock_nobody_out(server: Server) -> None:
    """Even the right password is refused then; the user still logs in, and others are free."""
    grace, other = await server.user("grace"), await server.user("other")
    change = {"old_password": "x", "new_password": NEW}
    guesses = await asyncio.gather(
        *[outcome(server, "/account/delete", grace.token, password="x") for _ in range(5)],
        *[outcome(server, "/account/password", grace.token, **change) for _ in range(3)],
    )
    for _ in range(2):
        guesses.append(await outcome(server, "/account/delete", grace.token, password="x"))
    right = {"old_password": OLD, "new_password": NEW}

    assert guesses == [(400, 3103)] * 10
    assert await outcome(server, "/account/password", grace.token, **right) == (429, 4100)
    assert await outcome(server, "/account/delete", grace.token, password=OLD) == (429, 4100)
    assert await log_in(server, grace.username, OLD) == (200, None)
    assert await outcome(server, "/account/password", other.token, **right) == (200, None)


async def test_somebody_without_a_password_cannot_set_one(server: Server) -> None:
    """An empty password of an existing table is nobody's."""
    ada = add_user(server, "ada")

    for old in ("", "x"):
        assert await outcome(
            server, "/account/password", ada.token, old_password=old, new_password=NEW
        ) == (400, 3103)


async def test_logins_while_the_password_changes_end(server: Server) -> None:
    """A login with the old password that is under way fails, or ends with the others."""
    grace = await server.user("grace")

    logins = [
        asyncio.create_task(
            server.ask("POST", "/auth/login", json={"username": grace.username, "password": OLD})
        )
        for _ in range(12)
    ]
    await grace.post("/account/password", old_password=OLD, new_password=NEW)

    for answer in await asyncio.gather(*logins):
        if answer.status_code == 200:
            token = answer.json()["data"]["token"]
            assert await outcome(server, "/chat/presence", token) == (401, 3005)
        else:
            assert answer.json()["code"] == 3010


# --- one-time tokens


async def reset_token(server: Server, user: User, expires_in: int = 60) -> str:
    """Issue a token, as an administrator's command does, beside the running server."""
    url = f"sqlite://{server.data}/yolk.sqlite3"
    async with open_orm(server.data, url) as host:
        return await issue_reset(host.orm, user.id, expires_in)


async def test_a_one_time_token_sets_a_password_once(server: Server) -> None:
    """Every login ends; of parallel requests one succeeds; only a hash of the token is stored."""
    grace = await server.user("grace")
    socket = await grace.connect()
    token = await reset_token(server, grace)
    [(stored,)] = rows(server, "SELECT hash FROM password_reset WHERE user_id = ?", grace.id)
    assert token not in stored

    outcomes = await asyncio.gather(
        *(outcome(server, "/auth/reset", reset_token=token, password=NEW) for _ in range(4))
    )

    assert sorted(map(str, outcomes)) == ["(200, None)"] + ["(400, 3104)"] * 3
    assert (await socket.closed())[0] == 4505
    assert await outcome(server, "/chat/presence", grace.token) == (401, 3005)
    assert await log_in(server, grace.username, OLD) == (401, 3010)
    assert await log_in(server, grace.username, NEW) == (200, None)


async def test_tokens_that_do_not_count(serve: Serve) -> None:
    """An expired one, a replaced one, one from before a change of the password, a wrong one."""
    server = serve()  # all tests share an address, whose requests are counted
    grace = await server.user("grace")
    expired = await reset_token(server, grace, expires_in=-1)
    assert await outcome(server, "/auth/reset", reset_token=expired, password=NEW) == (400, 3104)
    replaced = await reset_token(server, grace)
    newest = await reset_token(server, grace)
    assert await outcome(server, "/auth/reset", reset_token=replaced, password=NEW) == (400, 3104)
    assert await outcome(server, "/auth/reset", reset_token=newest, password="short") == (400, 1002)
    await grace.post("/account/password", old_password=OLD, new_password=OLD)
    for token in (newest, "", "x", "é"):
        assert await outcome(server, "/auth/reset", reset_token=token, password=NEW) == (400, 3104)
    assert await log_in(server, grace.username, OLD) == (200, None)
    outcomes = [
        await outcome(server, "/auth/reset", reset_token="x", password=NEW) for _ in range(20)
    ]
    assert outcomes[-1] == (429, 4100)


# --- by mail


MAILER = """
import json
from pathlib import Path
from yolk import Plugin

class Mailer:
    def __init__(self, path): self.path = path
    async def send(self, to, subject, text):
        if to.startswith("broken"): raise OSError("no such host " + to)
        with self.path.open("a") as file: file.write(json.dumps([to, subject, text]) + "\\n")

class MailPlugin(Plugin):
    name = "mail"
    async def will_load(self): pass
    async def config_did_load(self): pass
    def config_will_load(self): self.app.provide("mailer", Mailer(Path(self.app.config.data) / "m"))

plugin = MailPlugin
"""


@pytest.fixture(scope="module")
def mailing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a chat with a plugin that writes mails to a file, and a column with addresses."""
    folder = tmp_path_factory.mktemp("mailing")
    settings = {"email_column": "email", "reset_url": "https://chat.example/r?t={token}"}
    root = copy_chat(folder, {"config/config_local.py": f"auth = {settings!r}\nlocale = 'en'\n"})
    (root / "plugins" / "mail").mkdir()
    (root / "plugins" / "mail" / "__init__.py").write_text(MAILER)
    with (root / "config" / "plugin.py").open("a") as file:
        file.write('mail = {"path": "plugins/mail"}\n')
    server = ChatServer(root, folder / "data").start()
    with database(server) as connection:
        connection.execute("ALTER TABLE user ADD COLUMN email TEXT")
    yield server
    server.stop()


def mails(server: Server) -> list[list[str]]:
    """Return address, subject and text of all mails that were sent."""
    path = server.data / "m"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def test_a_mail_has_a_link_with_a_token(mailing: Server) -> None:
    """The answer does not say whether there is such a user; a second mail comes later only."""
    grace, dan = await mailing.user("grace"), await mailing.user("dan")
    broken, silent = await mailing.user("broken"), await mailing.user("silent")
    disable(mailing, dan)
    with database(mailing) as connection:
        connection.execute(
            "UPDATE user SET email = username || '@chat.example' WHERE id <> ?", (silent.id,)
        )
    known = [user.username for user in (dan, broken, silent, grace)]

    for username in ["nobody", *known, grace.username.upper(), "nobody"]:
        answer = await mailing.ask("POST", "/auth/forgot", json={"username": username})
        assert (answer.status_code, answer.json()) == (200, {"msg": "ok", "data": {}})

    async with asyncio.timeout(10):
        while not mails(mailing):
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    [(to, subject, text)] = mails(mailing)
    assert (to, subject) == (f"{grace.username}@chat.example", "Reset your password")
    token = text.partition("https://chat.example/r?t=")[2].split()[0]
    assert "could not be sent: OSError" in mailing.output
    assert token not in mailing.output
    assert broken.username + "@" not in mailing.output
    assert await outcome(mailing, "/auth/reset", reset_token=token, password=NEW) == (200, None)
    assert await log_in(mailing, grace.username, NEW) == (200, None)


async def test_without_mails_the_feature_is_off(server: Server) -> None:
    """Whether or not there is such a user."""
    grace = await server.user("grace")

    for username in (grace.username, "nobody"):
        assert await outcome(server, "/auth/forgot", username=username) == (404, 3105)
