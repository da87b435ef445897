"""Hashing passwords with argon2 (RFC 9106) in a few threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.errors import Busy
from yolk.concurrency import ConcurrencyLimiter

T = TypeVar("T")


class Passwords:
    """
    A hasher that hashes and verifies passwords in threads of its own.

    Args:
        threads: passwords hashed at the same time; each takes 64 MiB.
        queue: passwords that may wait for a thread.
    """

    def __init__(self, threads: int, queue: int) -> None:
        self._hasher = PasswordHasher()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._limiter = ConcurrencyLimiter(threads, queue, full=Busy)
        # Verified against when there is no such user, so that the answer takes as long.
        self._hash_of_no_one = (
            "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$"
            "YWxtb3N0IGNlcnRhaW5seSBub2JvZHkncyBwYXNzd28"
        )

    async def hash(self, password: str) -> str:
        """
        Return the hash of *password*, to be stored.

        Raises:
            Busy: too many passwords wait.
        """
        return await self._run(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """
        Return whether *password* is the one that was stored.

        Args:
            stored: what `hash` returned, or None if there is no such user.
            password: what the user typed.

        Raises:
            Busy: too many passwords wait.
        """
        right = await self._run(self._matches, stored or self._hash_of_no_one, password)
        return right and stored is not None

    def close(self) -> None:
        """Stop the threads; passwords that wait are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
        async with self._limiter:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
