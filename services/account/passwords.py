"""Passwords are hashed with argon2 (RFC 9106), away from the loop and never too many at a time."""

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
    Hashes and checks passwords on a few threads of its own.

    Args:
        threads: how many at a time; each takes 64 MiB.
        queue: how many wait for a thread; the next one is refused.
    """

    def __init__(self, threads: int, queue: int) -> None:
        self._hasher = PasswordHasher()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._limiter = ConcurrencyLimiter(threads, queue, full=Busy)
        # Checked against when there is no such user, so that the answer takes as long.
        self._nobody = (
            "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$"
            "YWxtb3N0IGNlcnRhaW5seSBub2JvZHkncyBwYXNzd28"
        )

    async def hash(self, password: str) -> str:
        """
        Give what is stored in place of *password*.

        Raises:
            Busy: too many are waiting.
        """
        return await self._run(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """
        Tell whether *password* is the one that was stored.

        Args:
            stored: what `hash` gave, or None where there is no such user.
            password: what somebody typed.

        Raises:
            Busy: too many are waiting.
        """
        right = await self._run(self._matches, stored or self._nobody, password)
        return right and stored is not None

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
        async with self._limiter:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
