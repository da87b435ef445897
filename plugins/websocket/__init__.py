"""WebSockets with the shape of egg-websocket-plugin, on a faster engine than Sanic's own."""

from __future__ import annotations

import secrets
from typing import Annotated, Literal

import msgspec

from yolk import Plugin, StartError

from .backplane import Alone, Backplane
from .collector import Collector
from .engine import Engine, Limits
from .frames import GOING_AWAY
from .head import HeadProtocol
from .heartbeat import Heartbeat
from .lease import RedisBackplane, Terms
from .server import WebSocketServer
from .store import Store

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Pause = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class WebSocketSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a worker's sockets may do."""

    use_app_middlewares: bool = True
    """Whether the HTTP middlewares of the whole application come first in the chain."""
    origins: Literal["any"] | list[str] | None = None
    """Who may connect from a page, such as ["https://chat.example"]. Must be said in prod."""
    devices: Literal["all", "one"] = "all"
    """Whether every device of a user stays, or the newest logs the one before it out."""
    max_message_size: Count = 1024 * 1024
    """Bytes of one message from a client; more closes with 1009."""
    max_queued_messages: Count = 64
    """Messages of one socket that wait for their handler; then the client has to wait."""
    max_queued_bytes: Count = 1024 * 1024
    """Bytes of messages of one socket that wait for their handler; the same."""
    write_buffer_limit: Count = 4 * 1024 * 1024
    """Bytes that a client may leave unread; a message beyond closes with 4008."""
    slow_timeout: Seconds = 2
    """Seconds for the close frame of 4008 to get through before the connection is aborted."""
    close_timeout: Seconds = 5
    """Seconds for a client to answer a close before the connection is aborted."""
    heartbeat: Pause = 30
    """Seconds of silence before a client is pinged, and again before it is given up; 0: never."""
    head_timeout: Seconds = 10
    """Seconds for a new connection to bring the head of its request."""
    full_collection: Pause = 300
    """Seconds between two searches for cyclic garbage, in a quiet moment; 0: as Python does it."""
    stop_timeout: Seconds = 8
    """Seconds for all sockets, chains and handlers to end when the worker stops."""
    redis_prefix: str = "yolk"
    """What the keys between workers begin with: another for each application on one Redis."""
    redis_timeout: Seconds = 3
    """Seconds for Redis to answer what a socket waits for."""
    lease: Seconds = 6
    """Seconds after its last sign of life that a worker counts as dead; renewed in a third."""
    max_unpublished: Count = 10_000
    """Messages that wait for Redis; what comes beyond does not reach other workers."""
    max_stream: Count = 10_000
    """Batches that wait for one worker to read them."""


class WebSocketPlugin(Plugin):
    """`app.ws`, and `ctx.websocket` in the chain of a socket."""

    name = "websocket"
    optional_dependencies = ("redis",)
    Settings = WebSocketSettings
    settings: WebSocketSettings
    backplane: Backplane | None = None

    def config_did_load(self) -> None:
        """Put the server on the application."""
        settings = self.settings
        if settings.origins is None and self.app.env == "prod":
            raise StartError(
                "websocket: in prod, say in config/config_prod.py who may connect: websocket = "
                '{"origins": ["https://your.page"]}, or "any".'
            )
        origins = settings.origins
        # Without Sanic's own websocket, whose buffers and timers are not needed.
        self.app.http_protocol = HeadProtocol
        limits = Limits(
            max_message_size=settings.max_message_size,
            max_queued_messages=settings.max_queued_messages,
            max_queued_bytes=settings.max_queued_bytes,
            write_buffer_limit=settings.write_buffer_limit,
            close_timeout=settings.close_timeout,
            slow_timeout=settings.slow_timeout,
        )
        self.engine = Engine(limits, self.app.logger)
        self.server = WebSocketServer(
            self.app,
            self.engine,
            use_app_middlewares=settings.use_app_middlewares,
            origins={origin.lower() for origin in origins} if isinstance(origins, list) else None,
            one_device=settings.devices == "one",
        )
        self.heartbeat = Heartbeat(self.engine, settings.heartbeat)
        self.collector = Collector(settings.full_collection)
        self.app.provide("ws", self.server)

    async def did_load(self) -> None:
        """Bind to this worker's loop, and begin to hear the other workers."""
        self.engine.start(secrets.token_hex(8))
        self.backplane = self._connect()
        self.server.rooms.backplane = self.backplane
        await self.backplane.start()
        self.heartbeat.start()

    async def server_did_ready(self) -> None:
        """Take what is there now for what stays."""
        self.collector.start()

    def _connect(self) -> Backplane:
        rooms, events, worker = self.server.rooms, self.server.events, self.engine.worker
        if "redis" in self.app.plugins:
            settings = self.settings
            store = Store(self.app.redis, settings.redis_prefix, worker, settings.redis_timeout)
            terms = Terms(
                lease=settings.lease,
                one_device=settings.devices == "one",
                max_unpublished=settings.max_unpublished,
                max_stream=settings.max_stream,
                counters=self.engine.counters,
            )
            return RedisBackplane(store, rooms, events, terms, self.app.logger)
        if self.app.config.workers > 1:
            self.app.logger.warning(
                "websocket: %d workers, but the plugin redis is off: rooms and users reach only "
                "the sockets of the same worker; switch redis on in config/plugin.py",
                self.app.config.workers,
            )
        return Alone(worker, rooms.topics, rooms.deliver, events)

    async def before_close(self) -> None:
        """Tell every client, wait for chains and close handlers, and leave nothing in Redis."""
        self.collector.stop()
        if self.backplane is None:
            return  # the start failed before there was anything
        self.heartbeat.stop()
        await self.engine.stop(GOING_AWAY, "the server is going away", self.settings.stop_timeout)
        await self.backplane.stop()


plugin = WebSocketPlugin
