"""Usernames, nicknames and passwords: one normalisation on every database."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from services.errors import NameNotAllowed, PasswordNotAllowed
from services.names import normalize_display_name, normalize_password, normalize_username
from tests.conftest import Serve
from tests.databases import Databases
from tests.rows import database, rows
from yolk.testing import Server

PASSWORD = "correct horse"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Ada", "Ada"),
        ("Ａｄａ", "Ada"),
        ("e\u0301lise", "élise"),
        ("小明", "小明"),
        ("ひらカタ漢字ab", "ひらカタ漢字ab"),
        ("김철수kim", "김철수kim"),
        ("ада", "ада"),
        ("מלח", "מלח"),
        ("grace_%x@1", "grace_%x@1"),
    ],
)
def test_a_username_is_composed_and_narrowed(typed: str, stored: str) -> None:
    """Letters of one script, or of scripts that are written together, are allowed."""
    assert normalize_username(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "ada\n",
        "a b",
        "a\u3000b",
        "x",
        "x" * 31,
        "\u200b\u200b",
        "a\u202eb",
        "a\u2066b",
        "a\u00adb",
        "a\x00b",
        "a\u200db",
        "\u0430da",
        "аdmin",
        "α_ada",
        "a\u05d0",
        "ﬁx",
        "①②",
        "\u3164\u3164",
        "\u2800\u2800",
        "👍👍",
        "a" + "\u0301\u0302\u0303\u0304\u0305\u0306",
        "\ud800a",
        "\u0301ada",
        "\u093eab",
        "ali\u0307",
    ],
)
def test_a_username_that_misleads_is_refused(typed: str) -> None:
    """Invisible, control and direction characters, symbols, and letters of two scripts."""
    with pytest.raises(NameNotAllowed):
        normalize_username(typed)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("\u3000Ada\u00a0L", "Ada L"),
        ("e\u0301lise", "élise"),
        ("", ""),
        (" \u3000", ""),
        ("❤️", "❤️"),
        ("👨‍👩‍👧 小明 👍🏽", "👨‍👩‍👧 小明 👍🏽"),
        ("🏳️‍🌈1️⃣", "🏳️‍🌈1️⃣"),
    ],
)
def test_a_nickname_has_single_spaces_and_may_have_emoji(typed: str, shown: str) -> None:
    """Spaces are trimmed; what is inside an emoji stays."""
    assert normalize_display_name(typed) == shown


@pytest.mark.parametrize(
    "typed",
    [
        "\u200b",
        "a\u200db",
        "a\ufe0f",
        "👍\u200d",
        "a\u202eb",
        "Ada\n",
        "a\tb",
        "a\x00",
        "\u2800",
        "\u3164",
        "x" * 31,
        "ﷺ" * 2,
        "Z\u0301\u0301\u0301\u0301\u0301",
    ],
)
def test_a_nickname_that_shows_nothing_or_misleads_is_refused(typed: str) -> None:
    """Invisible, control and direction characters, and piles of marks."""
    with pytest.raises(NameNotAllowed):
        normalize_display_name(typed)


def test_a_password_does_not_depend_on_the_keyboard() -> None:
    """It is composed and has one kind of space; control characters are refused."""
    assert normalize_password("e\u0301\u00a0x") == "é x"
    for typed in ("a\nb", "a\u200bb", "a\x00b", ""):
        with pytest.raises(PasswordNotAllowed):
            normalize_password(typed)


async def outcome(server: Server, **body: str) -> tuple[int, int | None]:
    """Register, and return the status and the error code."""
    answer = await server.ask("POST", "/auth/register", json={"password": PASSWORD, **body})
    return answer.status_code, answer.json().get("code")


async def check_names(server: Server) -> None:
    """Check what counts as one username, at registration and at login."""
    name = f"Zoé{secrets.token_hex(3)}"
    decomposed, wide = name.replace("é", "e\u0301"), name.replace("Z", "Ｚ")
    assert await outcome(server, username=decomposed, nickname=" Zo  é ") == (200, None)

    for same in (name, name.lower(), name.upper(), wide, decomposed.lower()):
        assert await outcome(server, username=same) == (400, 3011)
        login = await server.post("/auth/login", username=same, password=PASSWORD)
        assert (login["username"], login["nickname"]) == (name, "Zo é")


async def test_names_that_differ_in_case_or_width_are_one(server: Server) -> None:
    """On SQLite, which compares exactly."""
    await check_names(server)


async def test_names_are_the_same_on_postgres(serve: Serve, postgres: Databases) -> None:
    """On PostgreSQL, which compares exactly, and refuses U+0000."""
    server = serve(DATABASE_URL=postgres())
    await check_names(server)
    answer = await server.ask(
        "POST", "/auth/login", json={"username": "a\x00b", "password": PASSWORD}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, 1002)


async def test_names_are_the_same_on_mariadb(serve: Serve, mariadb: Databases) -> None:
    """On MariaDB, which ignores case."""
    await check_names(serve(DATABASE_URL=mariadb()))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"username": "ada\n"}, 1002),
        ({"username": "\u200b\u200b"}, 3101),
        ({"username": "a\u202eb"}, 3101),
        ({"username": "\u0430da"}, 3101),
        ({"username": "fine-name", "nickname": "a\u202eb"}, 3101),
        ({"username": "fine-name", "nickname": "Ada\n"}, 3101),
        ({"username": "fine-name", "password": "a\u202ebcdef"}, 3102),
    ],
)
async def test_such_names_cannot_be_registered(
    server: Server, body: dict[str, str], code: int
) -> None:
    """Each refusal has a code."""
    assert await outcome(server, **body) == (400, code)


async def test_a_password_that_is_typed_in_another_form_is_right(server: Server) -> None:
    """Composed or not, with whichever space."""
    name = f"eva-{secrets.token_hex(4)}"
    await server.post("/auth/register", username=name, password="cafe\u0301 noir")

    await server.post("/auth/login", username=name, password="café\u00a0noir")


async def test_a_password_of_before_the_normalisation_is_right(server: Server) -> None:
    """A hash of what was typed still opens the account."""
    one, two = await server.user("one", "cafe noir"), await server.user("two")
    with database(server) as connection:
        connection.execute(
            "UPDATE user SET password = ? WHERE id = ?",
            (await argon2_of("❤️" * 4), two.id),
        )

    await server.post("/auth/login", username=one.username, password="cafe noir")
    await server.post("/auth/login", username=two.username, password="❤️" * 4)


async def argon2_of(password: str) -> str:
    """Return the hash of a password as earlier versions stored it."""
    return PasswordHasher().hash(password)


async def test_users_of_an_existing_table_keep_their_usernames(
    serve: Serve, tmp_path: Path
) -> None:
    """Exactly theirs comes first; one that two share gets no second user, and no one is renamed."""
    server = serve()
    hashed = await argon2_of(PASSWORD)
    names = ["Bob", "bob", "has blanks", "Ünal"]
    with database(server) as connection:
        for name in names:
            connection.execute(
                "INSERT INTO user (username, password) VALUES (?, ?)", (name, hashed)
            )
    server.stop()
    server.start()

    async def login(name: str) -> str:
        return str((await server.post("/auth/login", username=name, password=PASSWORD))["username"])

    assert [await login(name) for name in names] == names
    server.wait_for_output("Serving on ")
    assert await login("BOB") == "Bob"
    assert await login("ünal") == "Ünal"
    assert await outcome(server, username="BOB") == (400, 3011)
    assert await outcome(server, username="ÜNAL") == (400, 3011)
    assert rows(server, "SELECT user_id, name FROM user_account ORDER BY user_id") == [
        (1, "bob"),
        (2, None),
        (3, None),
        (4, "ünal"),
    ]
