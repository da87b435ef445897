"""Direct access to the database and the Redis of a running chat."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from redis import Redis

from yolk.testing import Server, User


@contextmanager
def database(server: Server) -> Iterator[sqlite3.Connection]:
    """Open the SQLite database of a running chat."""
    with closing(sqlite3.connect(server.data / "yolk.sqlite3", timeout=10)) as connection:
        yield connection
        connection.commit()


def rows(server: Server, query: str, *values: Any) -> list[Any]:
    """Return the rows that *query* finds in the database."""
    with database(server) as connection:
        return connection.execute(query, values).fetchall()


def add_user(server: Server, name: str) -> User:
    """Add a user without a password, with a token that names no session, as an Egg app does."""
    username = f"{name}-{secrets.token_hex(4)}"
    with database(server) as connection:
        added = connection.execute(
            "INSERT INTO user (username, password) VALUES (?, '')", (username,)
        )
    user_id = added.lastrowid or 0
    return User(server, user_id, username, "", server.token(id=user_id), "")


def make_old(server: Server, conv: str) -> None:
    """Make the messages of a conversation a day older."""
    with database(server) as connection:
        connection.execute(
            "UPDATE message SET create_time = create_time - 86400000 WHERE conv = ?", (conv,)
        )


def disable(server: Server, user: User) -> None:
    """Disable a user, as an administrator's program does."""
    with database(server) as connection:
        connection.execute("UPDATE user SET status = 0 WHERE id = ?", (user.id,))


def add_administrator(server: Server, name: str) -> User:
    """Add a user who is an administrator of the server."""
    user = add_user(server, name)
    with database(server) as connection:
        connection.execute(
            "INSERT INTO user_role (user_id, role, create_time) VALUES (?, 'administrator', 0)",
            (user.id,),
        )
    return user


def valkey_socket(server: Server) -> str:
    """Return the path of the embedded Valkey's socket of a running chat."""
    line = next(line for line in server.output.splitlines() if "valkey.sock" in line)
    return line.split(" on ")[-1].strip()


def redis(server: Server) -> Redis:
    """Connect to the embedded Valkey of a running chat."""
    return Redis(unix_socket_path=valkey_socket(server))


def is_online(server: Server, user: User) -> bool:
    """Return whether the key `online_<id>` says that *user* is online."""
    with closing(redis(server)) as connection:
        return bool(connection.exists(f"online_{user.id}"))
