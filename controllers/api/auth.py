"""Accounts and logins over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from extend.context import Context
from services import permissions
from services.account.sessions import Login
from services.errors import (
    BadProof,
    BadRefreshToken,
    BadResetToken,
    Busy,
    LoginsBusy,
    MailUnavailable,
    NameNotAllowed,
    NameTaken,
    PasswordNotAllowed,
    ProofRequired,
    RefreshTokenReused,
    TooManyChanges,
    TooManyLogins,
    TooManyRegistrations,
    TooManyTickets,
    UserDisabled,
    WrongPassword,
)
from yolk import Controller, describe

Name = Annotated[
    str,
    msgspec.Meta(min_length=2, max_length=30, pattern=r"^[^\s\x00-\x1f\x7f]+(?![\s\S])"),
]
Password = Annotated[str, msgspec.Meta(min_length=6, max_length=128)]
Secret = Annotated[str, msgspec.Meta(max_length=256)]


class Registration(msgspec.Struct):
    """A new account."""

    username: Name
    password: Password
    nickname: Annotated[str, msgspec.Meta(max_length=30)] = ""
    altcha: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    """The solution of a challenge, where registrations need a proof of work."""


class Credentials(msgspec.Struct):
    """A username and its password."""

    username: Annotated[str, msgspec.Meta(max_length=30)]
    password: Annotated[str, msgspec.Meta(max_length=128)]


class Refresh(msgspec.Struct):
    """The refresh token of a session."""

    refresh_token: Secret


class Logout(msgspec.Struct):
    """The refresh token of a session to revoke, beside the session of the token itself."""

    refresh_token: Secret | None = None


class Forgotten(msgspec.Struct):
    """The username of somebody who forgot the password."""

    username: Annotated[str, msgspec.Meta(min_length=1, max_length=30)]


class Reset(msgspec.Struct):
    """A one-time token, and the password that it sets."""

    reset_token: Secret
    password: Password


class Ticket(msgspec.Struct):
    """A ticket that opens one socket within `expires_in` seconds."""

    ticket: str
    expires_in: int


class Challenge(msgspec.Struct):
    """A challenge of ALTCHA."""

    challenge: dict[str, Any] | None
    """`parameters` and `signature`; None where registrations need no proof of work."""


class AuthController(Controller[Context]):
    """A controller that registers users, logs them in and out."""

    section = "Login"
    section_summary = "Register, log in and out, reset a password, get a ticket for the socket."

    @permissions.allows(permissions.ANYBODY)
    @describe(
        body=Registration,
        answer=Login,
        errors=(
            *(NameTaken, NameNotAllowed, PasswordNotAllowed),
            *(TooManyRegistrations, ProofRequired, BadProof, Busy),
        ),
    )
    async def register(self) -> None:
        """Create an account and log in."""
        body = self.ctx.read(Registration)
        await self.ctx.app.proof_of_work.check(body.altcha)
        async with self.ctx.app.login_limiter.registration(body.username, self.ctx.request.ip):
            login = await self.ctx.service.account.register(
                body.username, body.password, body.nickname
            )
        self.ctx.api_success(login)

    @permissions.allows(permissions.ANYBODY)
    @describe(answer=Challenge)
    async def challenge(self) -> None:
        """Get a challenge, whose solution is the proof of work for one registration."""
        self.ctx.api_success(Challenge(self.ctx.app.proof_of_work.challenge()))

    @permissions.allows(permissions.ANYBODY)
    @describe(
        body=Credentials,
        answer=Login,
        errors=(WrongPassword, UserDisabled, TooManyLogins, LoginsBusy, Busy),
    )
    async def login(self) -> None:
        """Log in on one more device."""
        body = self.ctx.read(Credentials)
        async with self.ctx.app.login_limiter.login(body.username, self.ctx.request.ip):
            login = await self.ctx.service.account.login(body.username, body.password)
        self.ctx.api_success(login)

    @permissions.allows(permissions.ANYBODY)
    @describe(
        body=Refresh, answer=Login, errors=(BadRefreshToken, RefreshTokenReused, UserDisabled, Busy)
    )
    async def refresh(self) -> None:
        """Get new tokens for a refresh token, which they replace once they are used."""
        body = self.ctx.read(Refresh)
        self.ctx.api_success(await self.ctx.service.account.sessions.refresh(body.refresh_token))

    @permissions.allows(permissions.USERS)
    @describe(body=Logout)
    async def logout(self) -> None:
        """Log out on this device; its sockets are closed with 4505."""
        body = self.ctx.read(Logout)
        await self.ctx.service.account.logins.revoke(self.ctx.claims, body.refresh_token)
        self.ctx.api_success({})

    @permissions.allows(permissions.ANYBODY)
    @describe(body=Forgotten, errors=(MailUnavailable, TooManyChanges, Busy))
    async def forgot(self) -> None:
        """Send a mail with a token that resets the password, if there is such a user."""
        body = self.ctx.read(Forgotten)
        await self.ctx.service.account.recovery.count_anonymous()
        self.ctx.app.reset_mails.put(body.username)
        self.ctx.api_success({})

    @permissions.allows(permissions.ANYBODY)
    @describe(body=Reset, errors=(BadResetToken, PasswordNotAllowed, TooManyChanges, Busy))
    async def reset(self) -> None:
        """Set a new password with a one-time token; every login of the user ends."""
        body = self.ctx.read(Reset)
        await self.ctx.service.account.recovery.reset(body.reset_token, body.password)
        self.ctx.api_success({})

    @permissions.allows(permissions.USERS)
    @describe(answer=Ticket, errors=(TooManyTickets,))
    async def ticket(self) -> None:
        """Get a ticket for one socket: /ws?ticket=..."""
        app, user_id = self.ctx.app, self.ctx.claims["id"]
        await app.rates.take(app.config.auth.limits.ticket, "ticket", user_id, TooManyTickets)
        ticket = await self.ctx.service.account.tickets.issue(self.ctx.claims)
        seconds = self.ctx.app.config.auth.ticket_expires_in
        self.ctx.api_success(Ticket(ticket, seconds))
