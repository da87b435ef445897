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
"""What may stand after the question mark, and what the driver calls it."""


@dataclass(frozen=True)
class Target:
    """Where the database is."""

    dialect: Dialect
    credentials: dict[str, Any]
    """What Tortoise's client takes."""
    shown: str
    """How messages speak of it: without user and password."""


def sqlite_target(path: Path) -> Target:
    """Give the target for the SQLite database at *path*."""
    return Target("sqlite", {"file_path": str(path)}, f"sqlite://{path}")


def parse_url(url: str, root: Path) -> Target:
    """
    Read a database URL.

    Args:
        url: `sqlite://<path>`, or `postgres://`, `postgresql://` or `mysql://` with user, password,
            host, port and database. User, password and database may be percent-encoded.
        root: the folder that a relative path of SQLite starts from.

    Raises:
        StartError: it cannot be read. The message never holds the password.
    """
    scheme, colon, rest = url.partition("://")
    dialect = DIALECTS.get(scheme.lower())
    if not colon or dialect is None:
        named = f"the scheme {scheme}" if colon else "no scheme"
        raise StartError(f"orm.url has {named}, which no database is known by; {REMEDY}.")
    if dialect == "sqlite":
        return _sqlite(rest, root)
    try:
        # Only the user's part may hold brackets, which urlsplit would take for an IPv6 address.
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
        # asyncmy takes no None for these.
        credentials["host"] = credentials["host"] or "localhost"
        credentials["user"] = credentials["user"] or "root"
        credentials["password"] = credentials["password"] or ""
        # As on PostgreSQL: a statement sees what is committed, and a row that is looked for and
        # not there is not locked (the gap lock of the default lets two inserts wait for each
        # other).
        credentials["init_command"] = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
    host = credentials["host"] or "localhost"
    return Target(dialect, credentials, f"{scheme}://{host}:{credentials['port']}/{database}")


def _sqlite(path: str, root: Path) -> Target:
    if not path or ":memory:" in path:
        raise StartError(
            "orm.url names no file; every worker would have a database of its own, so say "
            "sqlite://path, or leave DATABASE_URL away for the one in the data folder."
        )
    if "?" in path:
        raise StartError("orm.url: SQLite takes no options; remove what stands after the `?`.")
    return sqlite_target(root / path)


def _options(dialect: Dialect, parts: SplitResult) -> dict[str, Any]:
    known = OPTIONS[dialect]
    options: dict[str, Any] = {}
    for name, text in parse_qsl(parts.query):
        if name not in known:
            raise StartError(
                f"orm.url has the option {name}, which is not known; there is {', '.join(known)}."
            )
        key, kind = known[name]
        try:
            options[key] = kind(text)
        except ValueError:
            raise StartError(f"orm.url: the option {name} must be a number.") from None
    return options
