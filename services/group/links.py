"""Invitation links: everybody who has the token can join a group."""

from __future__ import annotations

import asyncio
import io
import secrets
from typing import Literal

import segno
from tortoise.backends.base.client import BaseDBAsyncClient

from models import Group, InvitationLink, Member, User
from models.columns import milliseconds
from services import Service, permissions
from services.account.digest import digest
from services.errors import (
    BadLink,
    Excluded,
    NoGroup,
    NotPermitted,
    TooManyInvites,
    TooManyLinks,
)
from services.group.candidates import request_approval
from services.group.change import changing, member_of
from services.group.forms import LinkPreview, Links, LinkView, NewLinkView
from services.group.roles import ADMIN
from services.wire import group_conv

MAX_LINKS = 50
"""Invitation links of one group that have not expired."""
TOKEN_BYTES = 24
"""Random bytes of a token."""


class LinksService(Service):
    """
    Creates, lists and revokes invitation links, and lets users join with them.

    A link has the permissions of its creator: it works as long as the creator is a member whose
    role may create links, and one by an ordinary member does not replace an admin's approval.
    """

    async def create(self, user_id: int, group_id: int, seconds: int, max_uses: int) -> NewLinkView:
        """
        Create a link.

        Args:
            user_id: the member who asks.
            group_id: the group.
            seconds: how long the link is valid.
            max_uses: how many users may join with it; 0 for any number.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user may not create links.
            TooManyLinks: the group has `MAX_LINKS` already.
            TooManyInvites: the user made too many links and invitations.
        """
        await member_of(group_conv(group_id), user_id)
        app = self.ctx.app
        await app.rates.take(
            app.config.chat.limits.invitation, "invitation", user_id, TooManyInvites
        )
        token, now = secrets.token_urlsafe(TOKEN_BYTES), milliseconds()
        async with changing(self.ctx, group_id, user_id) as change:
            await change.require_member(user_id, change.group.link_role)
            links = InvitationLink.filter(group_id=group_id).using_db(change.connection)
            await links.filter(expire_time__lte=now).delete()
            if await links.count() >= MAX_LINKS:
                raise TooManyLinks
            link = await InvitationLink.create(
                hash=digest(token),
                group_id=group_id,
                creator_id=user_id,
                max_uses=max_uses,
                expire_time=now + seconds * 1000,
                create_time=now,
                using_db=change.connection,
            )
        view = _view(link)
        return NewLinkView(
            **{name: getattr(view, name) for name in view.__struct_fields__}, link_token=token
        )

    async def qr(self, user_id: int, group_id: int, address: str) -> str:
        """
        Return the QR code of an address as an SVG image.

        Args:
            user_id: the member who asks.
            group_id: the group.
            address: of a page, with the token of a link.

        Raises:
            NoGroup: the group does not exist, or the user is not a member.
        """
        await member_of(group_conv(group_id), user_id)
        return await asyncio.to_thread(_draw, address)  # takes some 20 ms

    async def list(self, user_id: int, group_id: int) -> Links:
        """
        Return the links of a group that have not expired, the newest first.

        Args:
            user_id: the member who asks.
            group_id: the group.

        Raises:
            NoGroup: it does not exist, or the user is not a member.
            NotPermitted: the user is not an admin.
        """
        await member_of(group_conv(group_id), user_id, permissions.LIST_LINKS.role)
        valid = InvitationLink.filter(group_id=group_id, expire_time__gt=milliseconds())
        return Links([_view(link) for link in await valid.order_by("-id").limit(MAX_LINKS)])

    async def revoke(self, user_id: int, group_id: int, link_id: int) -> None:
        """
        Revoke a link. Admins may revoke all links, others their own.

        Args:
            user_id: the member who asks.
            group_id: the group.
            link_id: the link.

        Raises:
            NoGroup: the group does not exist, or the user is not a member.
            NotPermitted: the user is no admin, and has no such link.
            BadLink: the group has no such link.
        """
        async with changing(self.ctx, group_id, user_id) as change:
            member = await change.require_member(user_id)
            links = InvitationLink.filter(id=link_id, group_id=group_id)
            link = await links.using_db(change.connection).first()
            is_own = link is not None and link.creator_id == user_id
            if member.role < permissions.REVOKE_LINK.role and not is_own:
                raise NotPermitted
            if link is None:
                raise BadLink
            await link.delete(using_db=change.connection)

    async def preview(self, user_id: int, token: str) -> LinkPreview:
        """
        Return what everybody who has a link may know about the group.

        Args:
            user_id: the user who asks.
            token: the token of the link.

        Raises:
            BadLink: there is no valid link with this token.
        """
        link = await _valid(digest(token))
        group = await Group.get_or_none(id=link.group_id, dissolve_time=None)
        if group is None:
            raise BadLink
        creator = await _creator(link, group)
        member = await Member.get_or_none(conv=group_conv(group.id), user_id=user_id)
        return LinkPreview(
            name=group.name,
            avatar=group.avatar,
            member_count=group.member_count,
            approval=bool(group.approval and creator.role < ADMIN),
            group_id=None if member is None else group.id,
        )

    async def join(
        self, user_id: int, token: str, text: str
    ) -> tuple[int, Literal["joined", "requested"]]:
        """
        Join a group with a link, or ask for approval.

        Members, and users whose request is pending, use nothing up.

        Args:
            user_id: the new member.
            token: the token of the link.
            text: the words for the admin who decides.

        Returns:
            the group's id, and what became of it.

        Raises:
            BadLink: there is no valid link with this token.
            Excluded: the user was removed or banned.
            GroupFull: the group is full.
            RequestsFull: too many requests wait for approval.
        """
        found = await _valid(digest(token))
        try:
            async with changing(self.ctx, found.group_id) as change:
                connection, group = change.connection, change.group
                link = await _valid(found.hash, connection)
                creator = await _creator(link, group, connection)
                if user_id in await change.members([user_id]):
                    return group.id, "joined"
                if await change.excluded([user_id]):
                    raise Excluded
                has_to_wait = group.approval and creator.role < ADMIN
                if has_to_wait:
                    used = await request_approval(change, [user_id], creator.user_id, text)
                else:
                    limit = self.ctx.app.config.chat.group_members
                    await change.welcome([user_id], limit, user_id)
                    used = [user_id]
                if used:
                    link.uses += 1
                    await link.save(using_db=connection, update_fields=["uses"])
        except NoGroup:
            raise BadLink from None
        return group.id, "requested" if has_to_wait else "joined"


async def _valid(hashed: str, connection: BaseDBAsyncClient | None = None) -> InvitationLink:
    """Return the link with this hash, unless it has expired or was used up."""
    link = await InvitationLink.get_or_none(hash=hashed, using_db=connection)
    if (
        link is None
        or link.expire_time <= milliseconds()
        or (link.max_uses and link.uses >= link.max_uses)
    ):
        raise BadLink
    return link


async def _creator(
    link: InvitationLink, group: Group, connection: BaseDBAsyncClient | None = None
) -> Member:
    """Return the creator of a link, who must still exist and be permitted to create one."""
    creator = await Member.get_or_none(
        conv=group_conv(group.id), user_id=link.creator_id, using_db=connection
    )
    if creator is None or creator.role < group.link_role:
        raise BadLink
    if not await User.filter(id=link.creator_id, status=1).using_db(connection).exists():
        raise BadLink
    return creator


def _draw(text: str) -> str:
    image = io.BytesIO()
    # Without the styles and the size in pixels that segno adds: the page decides on its size.
    segno.make_qr(text, error="m").save(
        image, "svg", xmldecl=False, nl=False, omitsize=True, light="#fff", svgclass=None
    )
    return image.getvalue().decode()


def _view(link: InvitationLink) -> LinkView:
    return LinkView(
        id=link.id,
        creator_id=link.creator_id,
        uses=link.uses,
        max_uses=link.max_uses,
        expire_time=link.expire_time,
        create_time=link.create_time,
    )
