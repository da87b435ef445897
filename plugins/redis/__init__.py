"""Redis: an external server at REDIS_URL, or an embedded Valkey."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from redis.exceptions import RedisError
from yolk import Plugin, StartError

from .client import SCHEMES, RedisClient, show
from .embedded import EmbeddedServer, running_socket

__all__ = ["EmbeddedServer", "RedisClient", "RedisPlugin", "RedisSettings", "plugin"]

EMBEDDED = "YOLK_EMBEDDED_REDIS"
"""The environment variable that passes the embedded server's socket to the workers."""

Seconds = Annotated[float, Meta(gt=0)]


class RedisSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The connection to Redis."""

    url: str | None = None
    """The server's URL: `redis://`, `rediss://` or `unix://`. Without it, an embedded Valkey starts
    and stops with the application."""
    timeout: Seconds = 5.0
    """How long to wait for an answer, and for a free connection, in seconds."""
    connect_timeout: Seconds = 3.0
    """How long to wait for a new connection, in seconds."""
    connections: Annotated[int, Meta(ge=1)] = 32
    """The largest number of connections of each worker; further commands wait for a free one."""
    retries: Annotated[int, Meta(ge=0)] = 5
    """How often a command is sent again after its connection broke."""
    check_interval: Annotated[int, Meta(ge=0)] = 30
    """The idle time after which a connection is checked before its next use, in seconds; 0 turns
    the check off."""


class RedisPlugin(Plugin):
    """Adds `app.redis`, a connected client, in every worker."""

    name = "redis"
    Settings = RedisSettings
    environment = {"REDIS_URL": "url"}

    settings: RedisSettings
    server: EmbeddedServer | None = None
    client: RedisClient | None = None
    private_folder: Path | None = None

    def config_will_load(self) -> None:
        url = self.settings.url
        if url is not None and url.partition("://")[0] not in SCHEMES:
            raise StartError(
                f"redis.url must begin with {', '.join(f'{scheme}://' for scheme in SCHEMES)}; "
                "correct REDIS_URL, or remove it for the embedded server."
            )

    def main_process_start(self) -> None:
        if self.settings.url is not None:
            return
        folder = self.app.data_dir / "valkey"
        if not self.app.serving:
            running = running_socket(folder)
            if running is not None:
                os.environ[EMBEDDED] = str(running)
                return
            # No server runs that could share it. One may start meanwhile: leave it its folder.
            folder = self.private_folder = Path(tempfile.mkdtemp(prefix="yolk-"))
        self.server = EmbeddedServer(folder, self.app.logger)
        # The workers are started after this, and inherit it.
        os.environ[EMBEDDED] = str(self.server.start())

    async def did_load(self) -> None:
        settings = self.settings
        try:
            url = settings.url or f"unix://{os.environ[EMBEDDED]}"
        except KeyError:
            raise StartError(
                "The embedded Valkey was not started, because there is no main process; "
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
        if self.private_folder is not None:
            shutil.rmtree(self.private_folder, ignore_errors=True)
            self.private_folder = None


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError):
        return "the URL is invalid"  # the error's text may contain the password
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__


plugin = RedisPlugin
