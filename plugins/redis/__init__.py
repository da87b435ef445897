"""Redis: one of your own at REDIS_URL, else a Valkey that starts and stops with the application."""

from __future__ import annotations

import os
from typing import Annotated

import msgspec
from msgspec import Meta

from redis.exceptions import RedisError
from yolk import Plugin, StartError

from .client import SCHEMES, RedisClient, show
from .embedded import EmbeddedServer

__all__ = ["EmbeddedServer", "RedisClient", "RedisPlugin", "RedisSettings", "plugin"]

EMBEDDED = "YOLK_EMBEDDED_REDIS"
"""The environment variable that tells the workers the socket of the embedded server."""

Seconds = Annotated[float, Meta(gt=0)]


class RedisSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may be set about Redis."""

    url: str | None = None
    """`redis://`, `rediss://` or `unix://`; without it, an embedded Valkey."""
    timeout: Seconds = 5.0
    """Seconds to wait for an answer, and for a free connection."""
    connect_timeout: Seconds = 3.0
    """Seconds to wait for a connection."""
    connections: Annotated[int, Meta(ge=1)] = 32
    """How many connections each worker opens at most; whoever needs one more waits."""
    retries: Annotated[int, Meta(ge=0)] = 5
    """How often a command is sent again when the connection broke."""
    check_interval: Annotated[int, Meta(ge=0)] = 30
    """Seconds after which a connection that was idle is tried before it is used; 0 is never."""


class RedisPlugin(Plugin):
    """Puts `app.redis` on the application: a client that is connected, in every worker."""

    name = "redis"
    Settings = RedisSettings
    environment = {"REDIS_URL": "url"}

    settings: RedisSettings
    server: EmbeddedServer | None = None
    client: RedisClient | None = None

    def config_will_load(self) -> None:
        url = self.settings.url
        if url is not None and url.partition("://")[0] not in SCHEMES:
            raise StartError(
                f"redis.url must begin with {', '.join(f'{scheme}://' for scheme in SCHEMES)}; "
                "correct REDIS_URL, or remove it for the embedded server."
            )

    def main_process_start(self) -> None:
        if self.settings.url is None:
            self.server = EmbeddedServer(self.app.data_dir / "valkey", self.app.logger)
            # The workers are started after this, and find their way by it.
            os.environ[EMBEDDED] = str(self.server.start())

    async def did_load(self) -> None:
        settings = self.settings
        try:
            url = settings.url or f"unix://{os.environ[EMBEDDED]}"
        except KeyError:
            raise StartError(
                "The embedded Valkey was not started, because there was no main process to do it; "
                "serve with `python app.py` or the sanic command, or set REDIS_URL."
            ) from None
        try:
            self.client = RedisClient.open(
                url,
                socket_timeout=settings.timeout,
                socket_connect_timeout=settings.connect_timeout,
                max_connections=settings.connections,
                health_check_interval=settings.check_interval,
                retries=settings.retries,
            )
            await self.client.ping()
        except (RedisError, OSError, ValueError) as error:
            await self.before_close()
            place = show(settings.url) if settings.url else "the embedded Valkey"
            raise StartError(
                f"Redis does not answer at {place} ({_reason(error)}); start it, correct "
                "REDIS_URL, or remove REDIS_URL for the embedded server."
            ) from error
        self.app.provide("redis", self.client)

    async def before_close(self) -> None:
        if self.client is not None:
            client, self.client = self.client, None
            await client.aclose()

    def main_process_stop(self) -> None:
        if self.server is not None:
            self.server.stop()
            self.server = None
            os.environ.pop(EMBEDDED, None)


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError):
        return "the address cannot be read"  # its text may hold the password
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__


plugin = RedisPlugin
