"""WebSockets with the interface of egg-websocket-plugin, on a faster engine than Sanic's own."""

from __future__ import annotations

import secrets

import yolk
from yolk import Plugin, StartError
from yolk.closing import ClosingStack

from .backplane.interface import Backplane
from .backplane.redis_backplane import RedisBackplane
from .backplane.single_worker import SingleWorkerBackplane
from .backplane.subscription_store import SubscriptionStore
from .collector import Collector
from .connection.pinger import Pinger
from .delivery import LocalDelivery
from .engine import Engine
from .events import Events
from .presence import Presence
from .rfc6455.frames import GOING_AWAY
from .rooms import Rooms
from .router import SocketRouter
from .sender import Sender
from .server import WebSocketServer
from .settings import WebSocketSettings
from .topics import Topics


class WebSocketPlugin(Plugin):
    """`app.ws`, and `ctx.websocket` in the chain of a socket."""

    name = "websocket"
    optional_dependencies = ("redis",)
    Settings = WebSocketSettings
    settings: WebSocketSettings

    def config_did_load(self) -> None:
        """Construct all parts, each from those before it, and put the server on the application."""
        app, settings = self.app, self.settings
        if settings.origins is None and app.env == "prod":
            raise StartError(
                "websocket: in prod, say in config/config_prod.py who may connect: websocket = "
                '{"origins": ["https://your.page"]}, or "any".'
            )
        # Without Sanic's own websocket, whose buffers and timers are not needed.
        app.http.connections.timeouts.head = settings.head_timeout

        self.engine = Engine(secrets.token_hex(8), settings, app.logger)
        events = Events(self.engine)
        topics = Topics()
        delivery = LocalDelivery(self.engine, topics)
        self.backplane: Backplane = SingleWorkerBackplane(topics, delivery, events)
        if "redis" in app.plugins:
            store = SubscriptionStore(lambda: app.redis, self.engine.worker, settings)
            self.backplane = RedisBackplane(self.engine, store, topics, delivery, events)
        rooms = Rooms(topics, delivery, self.backplane)
        presence = Presence(topics, self.backplane, settings.devices == "one")
        sender = Sender(self.engine, rooms)
        router = SocketRouter(app, self.engine, rooms)
        server: yolk.WebSocketServer = WebSocketServer(
            self.engine, self.backplane, rooms, events, presence, sender, router
        )
        self.pinger = Pinger(self.engine, settings.heartbeat)
        self.collector = Collector(settings.full_collection)
        self._started = ClosingStack()
        """Stops what was started, in reverse order."""
        app.provide("ws", server)

    async def did_load(self) -> None:
        """Begin to exchange messages with the other workers, and to ping clients."""
        if "redis" not in self.app.plugins and self.app.config.workers > 1:
            self.app.logger.warning(
                "websocket: %d workers, but the plugin redis is off: rooms and users reach only "
                "the sockets of the same worker; switch redis on in config/plugin.py",
                self.app.config.workers,
            )
        self._started.add(self.backplane.stop)
        await self.backplane.start()
        timeout = self.settings.stop_timeout
        self._started.add(self.engine.stop, GOING_AWAY, "the server is going away", timeout)
        self._started.add(self.pinger.stop)
        self.pinger.start()

    async def server_did_ready(self) -> None:
        """Freeze the objects that the garbage collector need not look at."""
        self._started.add(self.collector.stop)
        self.collector.start()

    async def before_close(self) -> None:
        """Close every socket, wait for chains and close handlers, and leave nothing in Redis."""
        await self._started.aclose()


plugin = WebSocketPlugin
