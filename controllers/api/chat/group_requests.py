"""Bodies and queries of requests about groups, and the short answers."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from services.fields import Id
from services.group.forms import Nickname, Text

YEAR_SECONDS = 365 * 24 * 3600
WEEK_SECONDS = 7 * 24 * 3600
LinkToken = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
"""The token of an invitation link."""


class GroupPath(msgspec.Struct):
    """The group in the path."""

    id: Id


class Page(msgspec.Struct):
    """A page of a list by user id."""

    after: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 100


class Users(msgspec.Struct):
    """Some users."""

    users: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=200)]


class OneUser(msgspec.Struct):
    """One user."""

    user_id: Id


class Join(msgspec.Struct):
    """A request to join."""

    text: Text = ""


class OneGroup(msgspec.Struct):
    """One group."""

    group_id: Id


class NewLink(msgspec.Struct):
    """An invitation link to create."""

    expires_in: Annotated[int, msgspec.Meta(ge=60, le=YEAR_SECONDS)] = WEEK_SECONDS
    """How long it is valid, in seconds."""
    max_uses: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    """How many users may join with it; 0 for any number."""


class QrAddress(msgspec.Struct):
    """The address of a page, with the token of an invitation link."""

    address: Annotated[str, msgspec.Meta(max_length=300, pattern=r"\Ahttps?://[!-~]+\Z")]


class OneLink(msgspec.Struct):
    """One invitation link."""

    id: Id


class JoinByLink(msgspec.Struct):
    """A request to join with an invitation link."""

    link_token: LinkToken
    text: Text = ""


class PreviewByLink(msgspec.Struct):
    """A question about the group of an invitation link."""

    link_token: LinkToken


class SetRole(msgspec.Struct):
    """A member's role: 0 ordinary member, 1 administrator."""

    user_id: Id
    role: Annotated[int, msgspec.Meta(ge=0, le=1)]


class Mute(msgspec.Struct):
    """A member to mute, and for how long; 0 seconds unmutes them."""

    user_id: Id
    seconds: Annotated[int, msgspec.Meta(ge=0, le=YEAR_SECONDS)]


class OwnNickname(msgspec.Struct):
    """A nickname in the group."""

    nickname: Nickname


# --- answers


class QrCode(msgspec.Struct):
    """A QR code."""

    svg: str
    """An image, black on white."""


class Removed(msgspec.Struct):
    """The members that were removed."""

    removed: list[int]


class NewOwner(msgspec.Struct):
    """The owner of the group."""

    owner_id: int


class Muted(msgspec.Struct):
    """A muted member, and until when, in milliseconds since 1970; 0 for an unmuted one."""

    user_id: int
    muted_until: int


class JoinResult(msgspec.Struct):
    """Whether you are a member now, or an administrator has to accept the request."""

    state: Literal["joined", "requested"]


class Accepted(msgspec.Struct):
    """The users that joined."""

    joined: list[int]


class Refused(msgspec.Struct):
    """The users whose requests were refused."""

    refused: list[int]


class JoinedByLink(msgspec.Struct):
    """The group of an invitation link, and whether you are a member of it now."""

    group_id: int
    conv: str
    state: Literal["joined", "requested"]


class Banned(msgspec.Struct):
    """The users that were banned."""

    banned: list[int]


class Unbanned(msgspec.Struct):
    """The users that are no longer banned."""

    unbanned: list[int]
