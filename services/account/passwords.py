"""Hashing passwords with argon2 (RFC 9106) in a few threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.account.old_passwords import OldPasswords
from services.errors import Busy, PasswordNotAllowed
from services.names import normalize_password
from yolk.concurrency import ConcurrencyLimiter

T = TypeVar("T")
P = ParamSpec("P")

PREFIX = "$argon2"


class Passwords:
    """
    A hasher that hashes and verifies passwords in threads of its own.

    Args:
        threads: passwords hashed at the same time; each takes 64 MiB.
        queue: passwords that may wait for a thread.
        old: verifies what another application stored.
    """

    def __init__(self, threads: int, queue: int, old: OldPasswords) -> None:
        self._hasher = PasswordHasher()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._limiter = ConcurrencyLimiter(threads, queue, full=Busy)
        self._old = old
        # Verified against when there is no such user, so that the answer takes as long.
        self._hash_of_no_one = (
            "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$"
            "YWxtb3N0IGNlcnRhaW5seSBub2JvZHkncyBwYXNzd28"
        )

    @property
    def fill(self) -> float:
        """The part of the queue for a thread that is taken, from 0 (none) to 1 (all)."""
        return self._limiter.fill

    async def hash(self, password: str) -> str:
        """
        Return the hash of a password, to be stored.

        Args:
            password: as it was typed, or one that `verify` accepted.

        Raises:
            Busy: too many passwords wait.
        """
        return await self._run(self._hasher.hash, _forms(password)[0])

    async def verify(self, stored: str | None, password: str, salt: str = "") -> bool:
        """
        Return whether *password* is the one that was stored.

        Args:
            stored: what `hash` returned or another application stored, or None if there is no such
                user.
            password: what the user typed.
            salt: the user's own, for what another application stored.

        Raises:
            Busy: too many passwords wait.
        """
        forms = _forms(password)
        right = await self._run(self._matches, stored or self._hash_of_no_one, forms, salt)
        return right and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Return whether a hash that was verified should be replaced by a new one."""
        return not stored.startswith(PREFIX) or self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Stop the threads; passwords that wait are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, stored: str, forms: Sequence[str], salt: str) -> bool:
        if not stored.startswith(PREFIX):
            if any(self._old.matches(stored, form, salt) for form in forms):
                return True
            stored = self._hash_of_no_one  # takes as long as for any other user
        return any(self._is_hash(stored, form) for form in forms)

    def _is_hash(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[P, T], *args: P.args, **_: P.kwargs) -> T:
        async with self._limiter:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *args)


def _forms(password: str) -> list[str]:
    """Return a password normalised, and as it was typed: earlier versions did not normalise."""
    try:
        normalised = normalize_password(password)
    except PasswordNotAllowed:
        return [password]
    return list(dict.fromkeys((normalised, password)))
