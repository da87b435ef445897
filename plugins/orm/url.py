"""Database URLs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from yolk import StartError

Dialect = Literal["sqlite", "postgres", "mysql"]

REMEDY = "set DATABASE_URL to sqlite://path, postgres://user:password@host/database or mysql://..."
DIALECTS: dict[str, Dialect] = {
    "sqlite": "sqlite",
    "postgres": "postgres",
    "postgresql": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
}
DEFAULT_PORTS = {"postgres": 5432, "mysql": 3306}

Option = tuple[str, Callable[[str], Any]]
OPTIONS: dict[Dialect, dict[str, Option]] = {
    "postgres": {
        "host": ("host", str),  # the folder of a unix socket
        "port": ("port", int),
        "sslmode": ("ssl", str),
        "ssl": ("ssl", str),
        "application_name": ("application_name", str),
        "schema": ("schema", str),
        "statement_cache_size": ("statement_cache_size", int),  # 0 behind PgBouncer
    },
    "mysql": {
        "unix_socket": ("unix_socket", str),
        "charset": ("charset", str),
    },
}
"""The options of a URL: for each, the driver's name and the type."""


@dataclass(frozen=True)
class Target:
    """The address of a database."""

    dialect: Dialect
    credentials: dict[str, Any]
    """The arguments of Tortoise's client."""
    shown: str
    """The URL without user and password, for messages."""


def sqlite_target(path: Path) -> Target:
    """Return the target of the SQLite database at *path*."""
    return Target("sqlite", {"file_path": str(path)}, f"sqlite://{path}")


def parse_url(url: str, root: Path) -> Target:
    """
    Parse a database URL.

    Args:
        url: `sqlite://<path>`, or `postgres://`, `postgresql://` or `mysql://` with user, password,
            host, port and database. User, password and database may be percent-encoded.
        root: the folder that a relative path of SQLite starts from.

    Raises:
        StartError: the URL is invalid. The text never contains the password.
    """
    scheme, colon, rest = url.partition("://")
    dialect = DIALECTS.get(scheme.lower())
    if not colon or dialect is None:
        named = f"the unknown scheme {scheme}" if colon else "no scheme"
        raise StartError(f"orm.url has {named}; {REMEDY}.")
    if dialect == "sqlite":
        return _sqlite(rest, root)
    try:
        # The user's part may contain brackets, which urlsplit would take for an IPv6 address.
        user, _, place = rest.rpartition("@")
        parts = urlsplit(f"{scheme}://{place}")
        port = parts.port or DEFAULT_PORTS[dialect]
    except ValueError:
        raise StartError(f"orm.url has no readable host and port; {REMEDY}.") from None
    name, _, password = user.partition(":")
    database = unquote(parts.path.lstrip("/"))
    credentials: dict[str, Any] = {
        "host": unquote(parts.hostname) if parts.hostname else None,
        "port": port,
        "user": unquote(name) or None,
        "password": unquote(password) or None,
        "database": database or None,
        **_options(dialect, parts),
    }
    if not database:
        raise StartError(f"orm.url names no database; {REMEDY}.")
    if dialect == "mysql":
        # asyncmy does not accept None for these.
        credentials["host"] = credentials["host"] or "localhost"
        credentials["user"] = credentials["user"] or "root"
        credentials["password"] = credentials["password"] or ""
        # As on PostgreSQL: a statement sees what is committed, and a query for a missing row locks
        # nothing (the gap lock of the default level makes two inserts wait for each other).
        credentials["init_command"] = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
    host = credentials["host"] or "localhost"
    return Target(dialect, credentials, f"{scheme}://{host}:{credentials['port']}/{database}")


def _sqlite(path: str, root: Path) -> Target:
    if not path or ":memory:" in path:
        raise StartError(
            "orm.url names no file, so every worker would have a database of its own; use "
            "sqlite://path, or unset DATABASE_URL for the database in the data folder."
        )
    if "?" in path:
        raise StartError("orm.url: SQLite has no options; remove everything after the `?`.")
    return sqlite_target(root / path)


def _options(dialect: Dialect, parts: SplitResult) -> dict[str, Any]:
    known = OPTIONS[dialect]
    options: dict[str, Any] = {}
    for name, text in parse_qsl(parts.query):
        if name not in known:
            raise StartError(
                f"orm.url has the unknown option {name}; the options are {', '.join(known)}."
            )
        key, kind = known[name]
        try:
            options[key] = kind(text)
        except ValueError:
            raise StartError(f"orm.url: the option {name} must be a number.") from None
    return options
