"""Who may keep a socket open: the rule, and what is read for it on every database."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from uuid_utils.compat import uuid7

from models import Account, Session, User
from services.account.sql import find_session_users, find_standings
from services.account.standing import socket_refusal
from services.errors import Disconnected, LoggedOut, NoSuchUser, UserDisabled
from tests.databases import open_orm

SID = "01a207b0-6c1e-7f02-9d3b-6f0c2b1d4e55"


@pytest.mark.parametrize(
    ("claims", "user", "session_user", "expected"),
    [
        ({}, (1, 0), None, None),
        ({"sid": SID}, (1, 0), 7, None),
        ({"sid": SID}, (1, 5000), 7, None),
        ({"iat": 6}, (1, 5000), None, None),
        ({"iat": 5}, (1, 5000), None, LoggedOut),
        ({"iat": 1_600_000_000_001}, (1, 1_600_000_000_000), None, None),
        ({"iat": 1_600_000_000_000}, (1, 1_600_000_000_000), None, LoggedOut),
        ({}, (1, 5000), None, LoggedOut),
        ({"sid": SID}, (1, 0), None, LoggedOut),
        ({"sid": SID}, (1, 0), 8, LoggedOut),
        ({}, (0, 0), None, UserDisabled),
        ({"sid": SID}, None, 7, NoSuchUser),
    ],
)
def test_the_rule(
    claims: dict[str, object],
    user: tuple[int, int] | None,
    session_user: int | None,
    expected: type[Disconnected] | None,
) -> None:
    """The user exists and is not disabled; the session is theirs and was not ended."""
    standing = user and SimpleNamespace(status=user[0], tokens_after=user[1])

    refusal = socket_refusal({"id": 7, **claims}, standing, session_user)

    assert type(refusal) is (expected or type(None))


async def test_the_facts_are_read_for_many_users_at_once(tmp_path: Path, database_url: str) -> None:
    """Users who do not exist, deleted accounts and ended sessions are left out; any id may ask."""
    async with open_orm(tmp_path, database_url) as host:
        users = [await User.create(username=f"user{number}", password="") for number in range(4)]
        ada, bob, carol, dave = [user.id for user in users]
        await User.filter(id=bob).update(status=0)
        await Account.create(user_id=carol, tokens_after=5)
        await Account.create(user_id=dave, delete_time=1)
        ids = [str(uuid7()) for _ in range(3)]
        for at, session_id in enumerate(ids[:2]):
            await Session.create(
                id=session_id,
                user_id=ada,
                refresh_hash=session_id,
                expire_time=1,
                revoke_time=at or None,
            )

        standings = await find_standings(host.orm, [ada, bob, carol, dave, 2**31, 2**63 - 1])
        sessions = await find_session_users(host.orm, ids)

        assert standings == {ada: (1, 0), bob: (0, 0), carol: (1, 5)}
        assert sessions == {ids[0]: ada}
        assert await find_standings(host.orm, []) == {}
        assert await find_session_users(host.orm, []) == {}
