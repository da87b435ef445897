"""What is asked about groups over HTTP, and the short answers."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from services.fields import Id
from services.group.forms import Nickname, Text

YEAR = 365 * 24 * 3600


class Which(msgspec.Struct):
    """The group in the address."""

    id: Id


class Page(msgspec.Struct):
    """Which piece of a list by user id."""

    after: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 100


class People(msgspec.Struct):
    """Some people."""

    users: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=200)]


class Somebody(msgspec.Struct):
    """One person."""

    user_id: Id


class Join(msgspec.Struct):
    """What somebody who wants to come in says."""

    text: Text = ""


class SetRole(msgspec.Struct):
    """Who is to be an administrator (1), or an ordinary member again (0)."""

    user_id: Id
    role: Annotated[int, msgspec.Meta(ge=0, le=1)]


class Mute(msgspec.Struct):
    """Who is not to write, and for how long."""

    user_id: Id
    seconds: Annotated[int, msgspec.Meta(ge=0, le=YEAR)]


class Call(msgspec.Struct):
    """One's own name in the group."""

    nickname: Nickname


# --- answers


class Removed(msgspec.Struct):
    """Who was put out."""

    removed: list[int]


class NewOwner(msgspec.Struct):
    """Who owns the group now."""

    owner_id: int


class Muted(msgspec.Struct):
    """Who may not write, and until when, in milliseconds since 1970; 0 when they may."""

    user_id: int
    muted_until: int


class Coming(msgspec.Struct):
    """Whether one is in the group now, or waits for an administrator."""

    state: Literal["joined", "requested"]


class Accepted(msgspec.Struct):
    """Who came in."""

    joined: list[int]


class Refused(msgspec.Struct):
    """Who was sent away."""

    refused: list[int]
