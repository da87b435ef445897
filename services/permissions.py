"""
Who may do what: one declaration for each HTTP route and each frame.

The handlers carry these rules, the services check their roles, docs/permissions.md shows them,
and tests/chat/test_permissions.py tries each of them as every actor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from services.group import roles

F = TypeVar("F", bound=Callable[..., Any])


class Actor(StrEnum):
    """The users that the rules distinguish."""

    NOBODY = "nobody"
    """A client without a token."""
    STRANGER = "stranger"
    """A user who shares no conversation with the others."""
    BLOCKED = "blocked"
    """A stranger whom the other user and the owner of the group blocked."""
    FORMER = "former member"
    """A user whom an admin removed from the group."""
    MEMBER = "member"
    ADMIN = "admin"
    """An admin of the group."""
    OWNER = "owner"
    """The owner of the group."""
    ADMINISTRATOR = "administrator"
    """An administrator of the server, who is not a member of the group."""


_EVERYBODY = frozenset(Actor)
_USERS = _EVERYBODY - {Actor.NOBODY}


class Rule(msgspec.Struct, frozen=True):
    """Who may do one thing. All others are refused."""

    who: str
    """Those who may, in words."""
    allowed: frozenset[Actor]
    ignored: frozenset[Actor] = frozenset()
    """Those who get the same answer, without effect or result."""
    role: int = roles.MEMBER
    """The lowest role in the group, which the service checks."""
    subject: str = ""
    """The kind of object that the rule is about, where there are several."""

    def on(self, subject: str, who: str = "") -> Rule:
        """
        Return the rule for one kind of object.

        Args:
            subject: the kind.
            who: those who may, in words; the same as for any object where it is empty.
        """
        return msgspec.structs.replace(self, subject=subject, who=who or self.who)


def _ignoring(who: str, ignored: Iterable[Actor]) -> Rule:
    return Rule(who, _USERS - {*ignored}, frozenset(ignored))


# --- general rules

ANYBODY = Rule("anybody", _EVERYBODY)
USERS = Rule("users", _USERS)
UNBLOCKED = Rule("users whom the other did not block", _USERS - {Actor.BLOCKED})
UNBLOCKED_SILENTLY = _ignoring("users whom the other did not block", [Actor.BLOCKED])
KNOWN_SILENTLY = _ignoring(
    "users whom the other wrote to and did not block", [Actor.STRANGER, Actor.BLOCKED]
)
MEMBERS = Rule("members", frozenset({Actor.MEMBER, Actor.ADMIN, Actor.OWNER}))
MEMBERS_SILENTLY = _ignoring("members", _USERS - MEMBERS.allowed)
ADMINS = Rule("admins, owner", frozenset({Actor.ADMIN, Actor.OWNER}), role=roles.ADMIN)
OWNER = Rule("owner", frozenset({Actor.OWNER}), role=roles.OWNER)
ADMINISTRATORS = Rule("administrators", frozenset({Actor.ADMINISTRATOR}))
NOT_REMOVED = Rule("users whom no admin removed or banned", _USERS - {Actor.FORMER})
NO_ONE = Rule("no one", frozenset())
NO_ONE_SILENTLY = _ignoring("no one", _USERS)

# --- messages

SEND = (UNBLOCKED.on("to a user"), MEMBERS.on("to a group"))
TYPING = (KNOWN_SILENTLY.on("to a user"), MEMBERS.on("to a group"))
EDIT = (MEMBERS.on("own message", "author"), NO_ONE.on("another member's message"))
RECALL_OF_OTHERS = ADMINS.on("another member's message")
RECALL = (MEMBERS.on("own message", "author"), RECALL_OF_OTHERS)
PRESENCE = UNBLOCKED_SILENTLY
SYNC = MEMBERS_SILENTLY
REPORT = (MEMBERS.on("message"), USERS.on("user"), MEMBERS.on("group", "members, invited users"))

# --- groups

CHANGE_GROUP = ADMINS.on("name, avatar, notice, join, muted")
CHANGE_RULES = OWNER.on("history, invite_role, link_role")
DISSOLVE = OWNER
HAND_OVER = OWNER
SET_ROLE = OWNER
LEAVE = Rule("members except the owner", MEMBERS.allowed - {Actor.OWNER})
REMOVE = ADMINS.on("ordinary member")
REMOVE_ADMIN = OWNER.on("admin")
MUTE, MUTE_ADMIN = REMOVE, REMOVE_ADMIN
BAN, BAN_ADMIN = REMOVE, REMOVE_ADMIN
UNBAN = ADMINS
LIST_BANS = ADMINS
DECIDE_REQUESTS = ADMINS
INVITE = MEMBERS.on("", "members; or as `invite_role` says")
CREATE_LINK = ADMINS.on("", "admins, owner; or as `link_role` says")
DRAW_QR = MEMBERS
LIST_LINKS = ADMINS
REVOKE_LINK = ADMINS.on("another member's link")
REVOKE_OWN_LINK = MEMBERS.on("own link", "creator")
JOIN = (
    MEMBERS.on("closed group"),
    NOT_REMOVED.on("group that needs approval"),
    NOT_REMOVED.on("open group"),
)
ANSWER_INVITATION = (USERS.on("own invitation"), NO_ONE.on("another user's invitation"))

# --- files

READ_FILE = (
    USERS.on("own file", "uploader"),
    MEMBERS.on("file in a conversation"),
)
LINK_FILE = (
    USERS.on("own file", "uploader"),
    MEMBERS_SILENTLY.on("file in a conversation"),
)
DOWNLOAD = (*READ_FILE, ANYBODY.on("signed link"))
REMOVE_FILE = (USERS.on("own file", "uploader"), NO_ONE.on("another user's file"))
OWN_UPLOAD = (USERS.on("own upload"), NO_ONE.on("another user's upload"))

# --- accounts

OWN_LOGIN = (USERS.on("own login"), NO_ONE_SILENTLY.on("another user's login"))
DELETE_ACCOUNT = Rule("users who own no group", _USERS - {Actor.OWNER})
DISABLE = (ADMINISTRATORS.on("user"), NO_ONE.on("administrator"))


def allows(*rules: Rule) -> Callable[[F], F]:
    """
    Declare who may use a handler; with several rules it depends on the object.

    A middleware that checks a rule declares it for the handlers behind it.
    """

    def declare(function: F) -> F:
        function.__allows__ = rules  # type: ignore[attr-defined]
        return function

    return declare


def rules_of(handler: Any, chain: Iterable[Any] = ()) -> tuple[Rule, ...]:
    """
    Return the declared rules of a handler; none if nothing is declared.

    Args:
        handler: of a route or a frame.
        chain: the middlewares before it, which may have declared more.
    """
    for one in (handler, *chain):
        found: tuple[Rule, ...] = getattr(one, "__allows__", ())
        if found:
            return found
    return ()
