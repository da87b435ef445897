"""Limits of logins, which are checked before a password is hashed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Annotated

import msgspec

from services.account.digest import digest
from services.errors import (
    Busy,
    Limited,
    LoginsBusy,
    TooManyChanges,
    TooManyLogins,
    TooManyRegistrations,
)
from services.limits.keyed_limiter import KeyedLimiter
from services.limits.rates import Rate, RateLimiter
from services.names import username_key
from services.redis import Redis
from yolk.addresses import network_of
from yolk.concurrency import ConcurrencyLimiter

KNOWN_PREFIX = "yolk:known:"
"""Prefix of the keys of accounts and addresses that belong together."""
MAX_WAITING_UNKNOWN = 8
"""Waiting logins from one address to accounts that are not known there."""
MAX_WAITING_KNOWN = 64
"""Logins to one account from one address that is known to it, and registrations from one address,
which wait for each other."""
MAX_WAITING_CONFIRMATIONS = 8
"""Requests of one user that ask for the password, which wait for each other."""
DELAY_SECONDS = 1.0
"""Seconds after which a refused login is answered."""
MAX_DELAYED_LOGINS = 1000
"""Refused logins of a worker that are delayed; others are answered at once."""

Days = Annotated[int, msgspec.Meta(ge=0, le=3650)]


class LoginLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often one may try to log in and register; an empty text is no limit."""

    login: Rate = "10/5 minutes"
    """Failed logins to one account from one address."""
    login_address: Rate = "15/10 seconds; 60/minute"
    """Logins from one address to accounts that never logged in from there."""
    login_account: Rate = "100/hour"
    """Logins to one account from addresses from which it never logged in."""
    login_total: Rate = "300/minute"
    """Logins of all accounts from addresses from which they never logged in."""
    known_days: Days = 90
    """Days for which an address counts as known to an account after a login; 0: never."""
    register: Rate = "60/minute; 1000/day"
    """Accounts registered from one address."""
    ticket: Rate = "120/minute"
    """Tickets of one user."""
    password: Rate = "10/5 minutes"  # noqa: S105 - a rate
    """Requests of one user that ask for the password: to change it, or to delete the account."""
    recovery: Rate = "20/5 minutes"
    """Mails and one-time tokens for new passwords, from one address."""
    export: Rate = "5/day"
    """Exports of one user's data."""
    profile: Rate = "30/hour"
    """Changes of one user's profile, each of which notifies many."""


class LoginLimiter:
    """
    A limiter of logins that an attacker cannot use to keep the owner of an account out.

    An address from which an account has logged in before is known to that account. A login from
    there is counted alone: neither guesses from other addresses nor guesses at other accounts count
    against it. For all others there are limits by address, by account and for all together. At most
    one password of an address is verified at a time, and one thread that verifies passwords is left
    to known addresses, so that nobody who guesses delays others.

    Args:
        limits: the rates.
        rates: counts.
        redis: remembers addresses.
        threads: passwords that are verified at the same time.
        queue: logins from unknown addresses that wait for that.
    """

    def __init__(
        self, limits: LoginLimits, rates: RateLimiter, redis: Redis, threads: int, queue: int
    ) -> None:
        self._limits = limits
        self._rates = rates
        self._redis = redis
        self._unavailable = (*redis.unavailable_errors, ConnectionError)
        self._unknown = KeyedLimiter(1, MAX_WAITING_UNKNOWN, TooManyLogins)
        self._known = KeyedLimiter(1, MAX_WAITING_KNOWN, TooManyLogins)
        self._registrations = KeyedLimiter(1, MAX_WAITING_KNOWN, TooManyRegistrations)
        self._confirmations = KeyedLimiter(1, MAX_WAITING_CONFIRMATIONS, TooManyChanges)
        self._delayed = 0
        self._hashes = ConcurrencyLimiter(max(1, threads - 1), queue, full=Busy)

    @asynccontextmanager
    async def login(self, username: str, address: str) -> AsyncIterator[None]:
        """
        Verify a password in this block: the login has succeeded if nothing is raised in it.

        Raises:
            TooManyLogins: there were too many logins to this account, or from this address.
            LoginsBusy: there were too many logins from unknown addresses.
        """
        network = network_of(address)
        pair = f"{_account(username)}:{network}"
        async with AsyncExitStack() as turns:
            try:
                await self._admit(turns, pair, network)
            except Limited:
                await turns.aclose()
                await self._delay()
                raise
            yield
        await self._rates.clear(self._limits.login, "login", pair)
        await self._remember(pair)

    async def _admit(self, turns: AsyncExitStack, pair: str, network: str) -> None:
        """Wait for a login's turn, and count it."""
        limits, take = self._limits, self._rates.take
        if await self._is_known(pair):
            await turns.enter_async_context(self._known.turn(pair))
            await take(limits.login, "login", pair, TooManyLogins)
            return
        await turns.enter_async_context(self._unknown.turn(network))
        await turns.enter_async_context(self._hashes)
        account = pair.partition(":")[0]
        await take(limits.login, "login", pair, TooManyLogins)
        await take(limits.login_address, "login-address", network, TooManyLogins)
        await take(limits.login_account, "login-account", account, TooManyLogins)
        await take(limits.login_total, "login-total", "all", LoginsBusy)

    async def _delay(self) -> None:
        """Answer a refused login late: a client that guesses waits for the answer."""
        if self._delayed < MAX_DELAYED_LOGINS:
            self._delayed += 1
            try:
                await asyncio.sleep(DELAY_SECONDS)
            finally:
                self._delayed -= 1

    @asynccontextmanager
    async def registration(self, username: str, address: str) -> AsyncIterator[None]:
        """
        Register an account in this block: it has succeeded if nothing is raised in it.

        Raises:
            TooManyRegistrations: there were too many from this address.
        """
        network = network_of(address)
        async with self._registrations.turn(network):
            await self._rates.take(self._limits.register, "register", network, TooManyRegistrations)
            async with self._hashes:
                yield
        await self._remember(f"{_account(username)}:{network}")

    @asynccontextmanager
    async def confirmation(self, user_id: int) -> AsyncIterator[None]:
        """
        Verify the password of a user who is logged in, in this block. No login counts against it.

        Raises:
            TooManyChanges: there were too many such requests of this user.
            Busy: too many passwords wait to be hashed.
        """
        async with self._confirmations.turn(str(user_id)):
            await self._rates.take(self._limits.password, "password", user_id, TooManyChanges)
            async with self._hashes:
                yield

    @asynccontextmanager
    async def replacement(self) -> AsyncIterator[None]:
        """
        Hash a new password that a one-time token sets, in this block.

        Raises:
            Busy: too many passwords wait to be hashed.
        """
        async with self._hashes:
            yield

    async def _is_known(self, pair: str) -> bool:
        with suppress(*self._unavailable):
            return bool(await self._redis.exists(KNOWN_PREFIX + pair))
        return False

    async def _remember(self, pair: str) -> None:
        seconds = self._limits.known_days * 24 * 3600
        if seconds:
            with suppress(*self._unavailable):
                await self._redis.set(KNOWN_PREFIX + pair, b"1", ex=seconds)


def _account(username: str) -> str:
    return digest(username_key(username) or username.casefold())[:32]
