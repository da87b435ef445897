"""Connections to Redis that propagate cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import hiredis

from redis import exceptions
from redis.asyncio import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection

_PACKED = frozenset({str, bytes, int})


class Bounded(AbstractConnection):
    """
    A mixin for redis-py's connections that applies `socket_timeout` with `asyncio.timeout`.

    redis-py uses `asyncio.wait_for`, which up to Python 3.11 may swallow a cancellation
    (https://github.com/python/cpython/issues/86296): the cancelled caller would go on and wait for
    ever. It also creates a task for every command.
    """

    def __init__(self, *, socket_timeout: float | None = None, **options: Any) -> None:
        super().__init__(socket_timeout=None, **options)
        self._patience = socket_timeout

    def pack_command(self, *args: Any) -> list[bytes]:
        """Encode a command in C, as redis-py does for its synchronous connections only."""
        # Only texts, bytes and integers: redis-py refuses others, such as True, with a reason. It
        # also splits a name of two words, such as `CONFIG GET`.
        if " " not in str(args[0]) and _PACKED.issuperset(map(type, args)):
            return [hiredis.pack_command(args)]
        return super().pack_command(*args)

    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        async with self._bounded("writing to"):
            await super().send_packed_command(command, check_health)

    async def read_response(
        self, disable_decoding: bool = False, timeout: float | None = None, **options: Any
    ) -> Any:
        if timeout is not None:  # the caller's own timeout
            return await super().read_response(disable_decoding, timeout, **options)
        async with self._bounded("reading from"):
            return await super().read_response(disable_decoding, **options)

    @asynccontextmanager
    async def _bounded(self, doing: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience):
                yield
        except TimeoutError:
            # An interrupted read or write has closed the connection already.
            raise exceptions.TimeoutError(f"Timeout {doing} {self._host_error()}") from None


class BoundedConnection(Bounded, Connection):
    """Over TCP."""


class BoundedSSLConnection(Bounded, SSLConnection):
    """Over TLS."""


class BoundedUnixConnection(Bounded, UnixDomainSocketConnection):
    """Over a socket in the file system."""


BOUNDED: dict[type[AbstractConnection], type[AbstractConnection]] = {
    Connection: BoundedConnection,
    SSLConnection: BoundedSSLConnection,
    UnixDomainSocketConnection: BoundedUnixConnection,
}
