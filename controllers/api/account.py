"""One's own account over HTTP: profile, password and logins."""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated, Any, Literal

import msgspec
from sanic import HTTPResponse
from sanic.response import ResponseStream

from extend.context import Context
from services import permissions
from services.account.logins import Device
from services.account.profile import Profile
from services.account.recovery import PasswordChanged
from services.errors import (
    Busy,
    ExportRunning,
    NameNotAllowed,
    NoFile,
    OwnsGroups,
    PasswordNotAllowed,
    TooManyChanges,
    TypeRefused,
    WrongOldPassword,
)
from yolk import Controller, describe

JSON_LINES = "application/jsonl; charset=utf-8"
CHUNK_BYTES = 64 * 1024
"""Bytes that a client has to take before more are written."""


class ProfileChanges(msgspec.Struct):
    """What changes of a profile; what is missing stays as it is."""

    nickname: Annotated[str, msgspec.Meta(max_length=60)] | None = None
    """The display name, at most 30 characters after it is normalised; empty for the username."""
    avatar: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    """`/files/<id>` of a picture that the user uploaded, or empty for none."""


class NewPassword(msgspec.Struct):
    """The current password and the new one."""

    old_password: Annotated[str, msgspec.Meta(max_length=128)]
    new_password: Annotated[str, msgspec.Meta(min_length=6, max_length=128)]


class Deletion(msgspec.Struct):
    """The password, which confirms the deletion, and what becomes of the messages."""

    password: Annotated[str, msgspec.Meta(max_length=128)]
    messages: Literal["keep", "erase"] = "keep"
    """Whether others keep the user's messages, or all of them are recalled."""


class EndedLogin(msgspec.Struct):
    """The login to end."""

    id: Annotated[str, msgspec.Meta(max_length=36)]


class Ended(msgspec.Struct):
    """How many logins were ended."""

    ended: int


class AccountController(Controller[Context]):
    """A controller of the account of whoever asks."""

    section = "Your account"
    section_summary = "Your profile, your password, your devices, export and deletion."

    @permissions.allows(permissions.USERS)
    @describe(answer=Profile)
    async def show(self) -> None:
        """Show one's own profile."""
        self.ctx.api_success(await self.ctx.service.account.profile.show(self.ctx.user.id))

    @permissions.allows(permissions.USERS)
    @describe(
        body=ProfileChanges,
        answer=Profile,
        errors=(NameNotAllowed, NoFile, TypeRefused, TooManyChanges),
    )
    async def change(self) -> None:
        """Change the display name or the avatar; those who see them are notified."""
        body = self.ctx.read(ProfileChanges)
        self.ctx.api_success(
            await self.ctx.service.account.profile.change(
                self.ctx.user.id, body.nickname, body.avatar
            )
        )

    @permissions.allows(permissions.USERS)
    @describe(
        body=NewPassword,
        answer=PasswordChanged,
        errors=(WrongOldPassword, PasswordNotAllowed, TooManyChanges, Busy),
    )
    async def password(self) -> None:
        """Change the password; all other logins end."""
        body = self.ctx.read(NewPassword)
        self.ctx.api_success(
            await self.ctx.service.account.recovery.change(
                self.ctx.claims, body.old_password, body.new_password
            )
        )

    @permissions.allows(permissions.USERS)
    @describe(answer=list[Device])
    async def logins(self) -> None:
        """List one's own logins, the one used last first."""
        self.ctx.api_success(await self.ctx.service.account.logins.list(self.ctx.claims))

    @permissions.allows(*permissions.OWN_LOGIN)
    @describe(body=EndedLogin, answer=Ended)
    async def end_login(self) -> None:
        """End one login; its sockets are closed with 4505."""
        body = self.ctx.read(EndedLogin)
        ended = await self.ctx.service.account.logins.end(self.ctx.user.id, body.id)
        self.ctx.api_success(Ended(ended))

    @permissions.allows(permissions.USERS)
    @describe(answer=Ended)
    async def end_other_logins(self) -> None:
        """End all logins but this one."""
        ended = await self.ctx.service.account.logins.end_all(
            self.ctx.user.id, keep=self.ctx.claims
        )
        self.ctx.api_success(Ended(ended))

    @permissions.allows(permissions.USERS)
    @describe(answer=bytes, errors=(ExportRunning, TooManyChanges))
    async def export(self) -> None:
        """Export one's own data as a file of JSON lines; the last one has the record `end`."""
        user_id = self.ctx.user.id
        headers = {
            "Content-Disposition": f'attachment; filename="account-{user_id}.jsonl"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        if self.ctx.request.method == "HEAD":
            self.ctx.body = HTTPResponse(headers=headers, content_type=JSON_LINES)
            return
        pages = await self.ctx.service.account.export.start(user_id)

        async def send(response: Any) -> None:
            async with aclosing(pages):
                async for page in pages:
                    for place in range(0, len(page), CHUNK_BYTES):
                        await response.write(page[place : place + CHUNK_BYTES])

        self.ctx.body = ResponseStream(send, headers=headers, content_type=JSON_LINES)

    @permissions.allows(permissions.DELETE_ACCOUNT)
    @describe(
        body=Deletion,
        errors=(WrongOldPassword, OwnsGroups, TooManyChanges, Busy),
    )
    async def delete(self) -> None:
        """Delete the account; its sockets are closed with 4500."""
        body = self.ctx.read(Deletion)
        await self.ctx.service.account.deletion.delete_own(
            self.ctx.user.id, body.password, erase=body.messages == "erase"
        )
        self.ctx.api_success({})
