"""Finding users by parts of their names and by pinyin."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from models import Account, Privacy, UserSearchKey
from models import User as UserRow
from services.account.find_users import find_users_by_text
from services.account.search_keys import MAX_KEY_LENGTH, search_keys, store_changed_keys
from services.account.sql import find_by_key
from services.account.username_keys import store_missing_keys
from services.database import Database
from tests.databases import database_url, open_orm
from tests.rows import rows
from yolk.testing import Server, User

__all__ = ["database_url"]

NAMES = {
    1: ("小李", "李雷"),
    2: ("lilei", None),
    3: ("Han_MeiMei", "韩梅梅 Meimei"),
    4: ("tim", "曾国 Tim"),
    5: ("lvbu", "吕布"),
    6: ("strasse", "Ｆｕｌｌ Straße"),
    7: ("x" * 30, "y" * 30),
    8: ("emoji", "🦊 fox"),
    9: ("leif", "Émile"),
}


async def fill(orm: Database, names: dict[int, tuple[str, str | None]]) -> None:
    """Store users as another application does, and their keys."""
    for number, (username, nickname) in names.items():
        await UserRow.create(id=number, username=username, nickname=nickname, password="")
    await store_missing_keys(orm)
    await store_changed_keys(orm)


async def ids(orm: Database, text: str, limit: int = 9) -> list[int]:
    """Return the ids of the users that a search finds."""
    return [row["id"] for row in await find_users_by_text(orm, 99, text, limit)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("李雷", 1), ("雷", 1), ("小", 1), ("lilei", 1), ("ll", 1), ("lil", 1), ("LEI", 1)),
        *(("hmm", 3), ("梅", 3), ("meimei", 3), ("n_m", 3), ("zeng", 4), ("CGT", 4), ("ceng", 4)),
        *(("lv", 5), ("lyu", 5), ("full s", 6), ("STRASSE", 6), ("traß", 6), ("🦊", 8), ("fox", 8)),
        *(("émile", 9), ("ÉM", 9)),
    ],
)
def test_a_key_begins_with_each_part_of_a_name(text: str, number: int) -> None:
    """In any case and width, and for Chinese names in pinyin and its initials."""
    username, nickname = NAMES[number]
    wanted = text.casefold()

    assert any(key.startswith(wanted) for key in search_keys(username, nickname or ""))


def test_the_number_of_keys_is_bounded() -> None:
    """Whatever names an existing table has."""
    keys = search_keys("长" * 255, "乐" * 255)

    assert len(keys) < 2000
    assert max(map(len, keys)) <= MAX_KEY_LENGTH


async def test_every_database_finds_the_same_users(tmp_path: Path, database_url: str) -> None:
    """Exact usernames first, then beginnings, then parts; each user once."""
    async with open_orm(tmp_path, database_url) as host:
        orm = host.orm
        await fill(orm, NAMES)

        assert await ids(orm, "李雷") == [1]
        assert await ids(orm, "ll") == [1, 6]
        assert await ids(orm, "lei") == [9, 1, 2]
        assert await ids(orm, "lilei") == [2, 1]
        assert await ids(orm, "MEI") == [3]
        assert await ids(orm, " han_") == [3]
        assert await ids(orm, "tim") == [4]
        assert await ids(orm, "zengguo") == await ids(orm, "cg") == [4]
        assert await ids(orm, "lyub") == await ids(orm, "lv") == [5]
        assert await ids(orm, "ｆｕｌｌ　STRASSE") == [6]
        assert await ids(orm, "xx") == await ids(orm, "y" * 30) == [7]
        assert await ids(orm, "xx", 1) == [7]
        assert await ids(orm, "🦊") == [8]
        assert await ids(orm, "Émile") == [9]
        assert await ids(orm, "e", 2) == [8, 6]
        for nobody in ("%", "_%", "雷李", "x" * 31, "x" * 99, " ", "'"):
            assert await ids(orm, nobody) == [], nobody


async def test_names_that_another_application_changes_are_found(
    tmp_path: Path, database_url: str
) -> None:
    """A new user at once by the username; new names after the next round, and old ones no more."""
    async with open_orm(tmp_path, database_url) as host:
        orm = host.orm
        await fill(orm, {1: ("ada", "Countess"), 2: ("bob", "")})
        await Privacy.create(user_id=2, presence="nobody")
        await UserRow.create(id=3, username="carol", password="")
        assert await ids(orm, "car") == [3]
        assert await ids(orm, "arol") == []

        await UserRow.filter(id=1).update(nickname="Lovelace")
        assert await ids(orm, "countess") == []
        before = await UserSearchKey.filter(user_id=2).values_list("id", flat=True)
        await store_missing_keys(orm)
        await store_changed_keys(orm)

        assert await ids(orm, "love") == [1]
        assert await ids(orm, "arol") == [3]
        assert await ids(orm, "ob") == [2]
        assert await UserSearchKey.filter(user_id=2).values_list("id", flat=True) == before
        assert not await Account.filter(searched_names=None)


async def test_a_search_reads_a_range_of_the_index(
    tmp_path: Path, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It does not read the table, on any page."""
    async with open_orm(tmp_path, database_url) as host:
        numbers = range(1, 1001)
        users = [UserRow(id=number, username=f"u{number}", password="") for number in numbers]
        await UserRow.bulk_create(users, batch_size=500)
        keys = [
            UserSearchKey(user_id=number, term=f"{number % 50:02}{number}", place=number % 3)
            for number in numbers
        ]
        await UserSearchKey.bulk_create(keys, batch_size=500)
        connection, dialect = host.orm.connection, host.orm.dialect
        if dialect == "postgres":
            await connection.execute_script('ANALYZE user_search_key; ANALYZE "user"')
        for after in (("", 0), ("07107", 107)):
            asked = (host.orm, 1, "07", 2, after, 5)
            caplog.clear()
            with caplog.at_level("DEBUG", "tortoise.db_client"):
                found = await find_by_key(*asked, is_username=False)
            query, values = cast("tuple[str, list[object]]", caplog.records[-1].args)
            explain = "EXPLAIN QUERY PLAN" if dialect == "sqlite" else "EXPLAIN"
            plan = str(await connection.execute_query_dict(f"{explain} {query}", values))

            assert found == sorted(found)
            assert all(one.term.startswith("07") and one.term > after[0] for one in found)
            wanted = {
                "sqlite": "SEARCH k USING INDEX",
                "postgres": "user_search_place",
                "mysql": "range",
            }
            assert wanted[dialect] in plan, plan
            for costly in ("TEMP B-TREE", "filesort", "MULTI-INDEX", "Seq Scan on user_search_key"):
                assert costly not in plan, plan


async def test_a_user_is_found_from_the_first_moment(server: Server, ada: User) -> None:
    """After the registration, after each change of the profile, and not after the deletion."""
    grace = await server.user("grace")
    part = grace.username[2:]

    async def found(text: str) -> list[int]:
        return [one["id"] for one in await ada.get("/users", q=text)]

    assert await found(part) == [grace.id]
    await grace.post("/account/profile", nickname=f"韩梅{part}")
    assert await found(f"梅{part}") == await found(f"HM{part}") == [grace.id]
    await grace.post("/account/profile", nickname="")
    assert await found(f"hm{part}") == []
    await grace.post("/account/delete", password=grace.password)
    assert await found(part) == []
    assert not rows(server, "SELECT 1 FROM user_search_key WHERE user_id = ?", grace.id)
