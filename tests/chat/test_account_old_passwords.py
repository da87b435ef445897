"""Passwords that an Egg application stored."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import bcrypt
import pytest

from services.account.old_passwords import OldPasswords, Scheme
from tests.conftest import Serve
from tests.copies import copy_chat
from tests.databases import Databases
from tests.rows import database, rows
from tests.servers import ChatServer
from yolk.testing import Server

Start = Callable[..., Server]

SALT = b"$2b$04$abcdefghijklmnopqrstuu"
PASSWORD = "пароль 密码 $:x"


def md5(text: str) -> str:
    """Return the hexadecimal MD5, as Egg apps store it."""
    return hashlib.md5(text.encode()).hexdigest()


def sha256(text: str) -> str:
    """Return the hexadecimal SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("scheme", "salt", "salt_first", "own", "stored"),
    [
        ("md5", "", True, "", md5(PASSWORD)),
        ("md5", "", True, "", md5(PASSWORD).upper()),
        ("md5", "pepper", True, "", md5("pepper" + PASSWORD)),
        ("md5", "pepper", False, "", md5(PASSWORD + "pepper")),
        ("md5", "", True, "own", md5("own" + PASSWORD)),
        ("md5", "", False, "own", md5(PASSWORD + "own")),
        ("md5", "pepper", True, "own", md5("pepperown" + PASSWORD)),
        ("sha256", "", True, "", sha256(PASSWORD)),
        ("sha256", "", True, "", f"abc${sha256('abc' + PASSWORD)}"),
        ("sha256", "", True, "", f"{sha256('abc' + PASSWORD)}:abc"),
        ("sha256", "", False, "", f"abc:{sha256(PASSWORD + 'abc')}"),
        ("sha1", "", True, "", hashlib.sha1(PASSWORD.encode()).hexdigest()),
        ("sha512", "", True, "", hashlib.sha512(PASSWORD.encode()).hexdigest()),
        (
            "hmac-sha256",
            "secret",
            True,
            "",
            hmac.new(b"secret", PASSWORD.encode(), "sha256").hexdigest(),
        ),
        ("bcrypt", "", True, "", bcrypt.hashpw(PASSWORD.encode(), SALT).decode()),
        (
            "bcrypt",
            "",
            True,
            "",
            bcrypt.hashpw(PASSWORD.encode(), SALT).decode().replace("$2b$", "$2y$"),
        ),
    ],
)
def test_each_scheme_recognizes_its_passwords(
    scheme: Scheme, salt: str, salt_first: bool, own: str, stored: str
) -> None:
    """The right password matches, and no other one does."""
    old = OldPasswords(scheme, salt, salt_first=salt_first)

    assert old.matches(stored, PASSWORD, own)
    assert not old.matches(stored, PASSWORD + "x", own)
    assert not old.matches(stored, "", own)
    assert not OldPasswords("argon2", salt, salt_first=salt_first).matches(stored, PASSWORD, own)


@pytest.mark.parametrize("scheme", ["bcrypt", "md5", "sha256", "hmac-sha256", "argon2"])
@pytest.mark.parametrize("stored", ["", "$", ":", "x", "é", "$2b$10$", "a$b$c", "!", "\x00"])
def test_what_is_no_hash_matches_no_password(scheme: Scheme, stored: str) -> None:
    """An empty or broken column lets nobody in."""
    old = OldPasswords(scheme, "", salt_first=True)

    assert not any(old.matches(stored, password, "") for password in ("", "x", stored, PASSWORD))


def test_a_long_password_is_cut_by_bcrypt_as_node_does() -> None:
    """Bcrypt uses 72 bytes; a longer password does not fail."""
    stored = bcrypt.hashpw(b"x" * 72, SALT).decode()

    assert OldPasswords("bcrypt", "", salt_first=True).matches(stored, "x" * 100, "")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a chat with settings of `auth`."""
    running: list[Server] = []

    def begin(env: dict[str, str] | None = None, **auth: object) -> Server:
        root = copy_chat(tmp_path, {"config/config_local.py": f"auth = {auth!r}\n"})
        running.append(ChatServer(root, tmp_path / "data", env))
        return running[-1].start()

    yield begin
    for server in running:
        server.stop()


async def log_in(server: Server, username: str, password: str = PASSWORD) -> int:
    """Log in, and return the status."""
    body = {"username": username, "password": password}
    return (await server.ask("POST", "/auth/login", json=body)).status_code


def stored_password(server: Server) -> str:
    """Return the password of the only user as it is stored."""
    [(stored,)] = rows(server, "SELECT password FROM user")
    return str(stored)


def add(server: Server, stored: str) -> None:
    """Add a user, as the Egg app did."""
    with database(server) as connection:
        connection.execute("INSERT INTO user (username, password) VALUES ('ada', ?)", (stored,))


async def test_a_password_is_stored_with_argon2_after_the_first_login(start: Start) -> None:
    """A wrong one changes nothing, and both schemes have one answer."""
    server = start(password_scheme="sha256")
    add(server, sha256(PASSWORD))

    assert await log_in(server, "ada", "wrong") == 401
    assert stored_password(server) == sha256(PASSWORD)
    assert await log_in(server, "ada") == 200
    assert stored_password(server).startswith("$argon2id$")
    assert await log_in(server, "ada") == 200
    assert await log_in(server, "ada", sha256(PASSWORD)) == 401


async def test_a_salt_of_ones_own_is_read_from_its_column(start: Start) -> None:
    """And without `password_upgrade`, the password stays as it is."""
    server = start(
        password_scheme="md5",
        password_salt_column="salt",
        password_salt_first=False,
        password_upgrade=False,
    )
    with database(server) as connection:
        connection.execute("ALTER TABLE user ADD COLUMN salt TEXT")
    add(server, md5(PASSWORD + "own"))
    with database(server) as connection:
        connection.execute("UPDATE user SET salt = 'own'")

    assert await log_in(server, "ada") == 200
    assert await log_in(server, "ada", PASSWORD + "own") == 401
    assert stored_password(server) == md5(PASSWORD + "own")


async def test_without_a_scheme_an_old_password_is_wrong(serve: Serve) -> None:
    """A digest is never taken for a password."""
    server = serve()
    add(server, sha256(PASSWORD))

    assert await log_in(server, "ada") == 401
    assert await log_in(server, "ada", sha256(PASSWORD)) == 401


async def test_a_column_that_is_too_short_keeps_the_old_password(
    start: Start, postgres: Databases
) -> None:
    """The login succeeds, and the log says what to change."""
    url = postgres()
    server = start({"DATABASE_URL": url}, password_scheme="md5")
    ada = await server.user("ada")
    connection = await asyncpg.connect(url)
    await connection.execute(f"UPDATE \"user\" SET password = '{md5(PASSWORD)}'")
    await connection.execute('ALTER TABLE "user" ALTER COLUMN password TYPE varchar(64)')
    await connection.close()

    server.stop()
    server.start()  # statements that were prepared before do not fit any more

    assert await log_in(server, ada.username) == 200
    assert await log_in(server, ada.username) == 200
    server.wait_for_output("stays in its old scheme", 2)
