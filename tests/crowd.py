"""A running chat on any database, with more users than a test can need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from models import User
from tests.databases import open_orm
from yolk.testing import Server

SIZE = 20_000


class Crowd:
    """
    A running chat, used over HTTP by users who have done nothing yet.

    Args:
        server: with a database that `add_crowd` has filled.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._http = httpx.Client(base_url=server.url, trust_env=False, timeout=30)
        self._strangers = iter(range(1, SIZE + 1))

    def stranger(self) -> tuple[int, str]:
        """Return the ID and a token of a user who has done nothing yet."""
        user_id = next(self._strangers, None)
        if user_id is None:
            raise RuntimeError("everybody has done something: make the crowd larger")
        return user_id, self._server.token(id=user_id)

    def ask(self, token: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a POST, or a GET without a body; return the data, or the code of the refusal."""
        method = "GET" if body is None else "POST"
        answer = self._http.request(method, path, headers={"token": token}, json=body).json()
        return answer["data"] if answer["msg"] == "ok" else answer["code"]

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


async def add_crowd(folder: Path, url: str) -> None:
    """Fill the user table of an empty database."""
    async with open_orm(folder, url):
        ids = range(1, SIZE + 1)
        await User.bulk_create([User(id=one, username=f"user{one}", password="") for one in ids])
