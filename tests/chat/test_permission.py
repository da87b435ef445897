"""The rules of who may write and who may recall, without a database."""

from __future__ import annotations

import pytest

from services.errors import (
    AllMuted,
    AwaitingReply,
    Blocked,
    Muted,
    NoGroup,
    NoMessage,
    NotPermitted,
    StrangersRefused,
)
from services.group.roles import ADMIN, MEMBER, OWNER
from services.message.permission import (
    ONESELF,
    GroupMembership,
    Relation,
    recall_refusal,
    refusal_by_group,
    refusal_by_user,
)

NOW = 1_000


def relation(strangers: str, *, sent: bool = False, answered: bool = False) -> Relation:
    """Return the relation to a recipient who did not block the sender."""
    return Relation(False, strangers, sent, answered)


def member(role: int = MEMBER, *, all_muted: bool = False, muted_until: int = 0) -> GroupMembership:
    """Return a membership."""
    return GroupMembership(1, all_muted, role, muted_until)


@pytest.mark.parametrize(
    ("to", "refusal"),
    [
        (ONESELF, None),
        (relation("freely"), None),
        (relation("freely", sent=True), None),
        (relation("one"), None),
        (relation("one", sent=True), AwaitingReply),
        (relation("one", sent=True, answered=True), None),
        (relation("nothing"), StrangersRefused),
        (relation("nothing", sent=True), StrangersRefused),
        (relation("nothing", answered=True), None),
        (Relation(True, "freely", sent=True, answered=True), Blocked),
    ],
)
def test_a_user_decides_who_may_write(to: Relation, refusal: type | None) -> None:
    """A blocked user may not write, and a stranger as the recipient decided."""
    assert type(refusal_by_user(to)) is (refusal or type(None))


def test_an_accepted_message_may_be_edited_by_a_stranger() -> None:
    """The rule for strangers is for new messages; a block refuses edits too."""
    assert refusal_by_user(relation("one", sent=True), accepted=True) is None
    assert refusal_by_user(relation("nothing", sent=True), accepted=True) is None
    blocked = Relation(True, "freely", sent=True, answered=True)
    assert isinstance(refusal_by_user(blocked, accepted=True), Blocked)


@pytest.mark.parametrize(
    ("membership", "refusal"),
    [
        (None, NoGroup),
        (member(), None),
        (member(muted_until=NOW), None),
        (member(muted_until=NOW + 1), Muted),
        (member(ADMIN, muted_until=NOW + 1), Muted),
        (member(all_muted=True), AllMuted),
        (member(ADMIN, all_muted=True), None),
        (member(OWNER, all_muted=True), None),
    ],
)
def test_a_group_decides_who_may_write(
    membership: GroupMembership | None, refusal: type | None
) -> None:
    """Members may write, unless they or all members are muted."""
    assert type(refusal_by_group(membership, NOW)) is (refusal or type(None))


@pytest.mark.parametrize(
    ("role", "author_role", "refusal"),
    [
        (MEMBER, MEMBER, NotPermitted),
        (ADMIN, MEMBER, None),
        (ADMIN, ADMIN, None),
        (ADMIN, OWNER, NotPermitted),
        (OWNER, ADMIN, None),
    ],
)
def test_a_role_decides_who_may_recall(role: int, author_role: int, refusal: type | None) -> None:
    """Admins recall messages of all members except the owner."""
    found = recall_refusal(role, author_role, is_author=False, is_group=True)

    assert type(found) is (refusal or type(None))


def test_authors_may_recall() -> None:
    """Their own messages, and in a conversation of two users no others."""
    assert recall_refusal(MEMBER, MEMBER, is_author=True, is_group=True) is None
    assert recall_refusal(MEMBER, MEMBER, is_author=True, is_group=False) is None
    other = recall_refusal(MEMBER, MEMBER, is_author=False, is_group=False)
    assert isinstance(other, NoMessage)
