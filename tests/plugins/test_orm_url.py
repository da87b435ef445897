from __future__ import annotations

from pathlib import Path

import pytest

from plugins.orm.url import parse_url
from yolk import StartError

ROOT = Path("/srv/app")


def test_a_sqlite_path_is_seen_from_the_application(tmp_path: Path) -> None:
    """A path is relative to the application's folder, unless it is absolute."""
    assert parse_url("sqlite://data/x.db", ROOT).credentials == {"file_path": "/srv/app/data/x.db"}
    assert parse_url(f"sqlite://{tmp_path}/x.db", ROOT).credentials == {
        "file_path": f"{tmp_path}/x.db"
    }


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_both_names_of_postgresql_are_known(scheme: str) -> None:
    """`postgres://` and `postgresql://` mean the same."""
    target = parse_url(f"{scheme}://ada:secret@db.example/chat", ROOT)

    assert target.dialect == "postgres"
    assert target.credentials == {
        "host": "db.example",
        "port": 5432,
        "user": "ada",
        "password": "secret",
        "database": "chat",
    }


def test_user_password_and_database_may_be_percent_encoded() -> None:
    """A password may contain any character, plain or percent-encoded."""
    target = parse_url("mysql://a%40b:p%2Fw:[x]@host:3307/ch%61t", ROOT)

    assert target.credentials["user"] == "a@b"
    assert target.credentials["password"] == "p/w:[x]"
    assert target.credentials["database"] == "chat"
    assert target.credentials["port"] == 3307


def test_the_host_may_be_the_folder_of_a_unix_socket() -> None:
    """Libpq's way to name a unix socket works."""
    target = parse_url("postgresql://postgres:@/chat?host=/run/pg", ROOT)

    assert target.credentials["host"] == "/run/pg"


def test_sslmode_reaches_the_driver() -> None:
    """Libpq's `sslmode` is asyncpg's `ssl`."""
    assert parse_url("postgres://h/d?sslmode=require", ROOT).credentials["ssl"] == "require"


@pytest.mark.parametrize(
    "url",
    [
        "chat.sqlite3",
        "oracle://ada:secret@host/chat",
        "sqlite://:memory:",
        "sqlite://",
        "sqlite://x.sqlite3?foreign_keys=OFF",
        "postgres://ada:secret@host:port/chat",
        "postgres://ada:secret@host",
        "mysql://ada:secret@host/chat?sslmode=require",
        "postgres://ada:secret@[host/chat",
        "postgres://h/d?statement_cache_size=many",
    ],
)
def test_a_url_that_cannot_be_used_stops_the_start(url: str) -> None:
    """One sentence names the error of the URL, without the password."""
    with pytest.raises(StartError) as refusal:
        parse_url(url, ROOT)

    assert "orm.url" in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_messages_show_where_the_database_is_but_not_who_we_are() -> None:
    """A shown URL has no user and no password."""
    target = parse_url("postgres://ada:secret@db.example/chat", ROOT)

    assert target.shown == "postgres://db.example:5432/chat"
