"""`app.ws`: the interface of the plugin for applications."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from yolk import Route

from .backplane.interface import Backplane
from .engine import Engine
from .events import Events
from .presence import Presence
from .rooms import Rooms
from .router import SocketRouter
from .sender import Sender
from .socket import WebSocket


class WebSocketServer:
    """
    All sockets of this worker, and sending to those of the others.

    Its methods are those of the parts. Ported code may set attributes of its own, as Egg apps do
    with `app.ws.chat_user`.
    """

    def __init__(
        self,
        engine: Engine,
        backplane: Backplane,
        rooms: Rooms,
        events: Events,
        presence: Presence,
        sender: Sender,
        router: SocketRouter,
    ) -> None:
        self.clients: Collection[Any] = engine.contexts.values()
        """The contexts of the open sockets of this worker."""
        self.users: Mapping[int, Collection[WebSocket]] = rooms.topics.users
        """User id to that user's sockets on this worker."""
        self.addresses: Mapping[str, int] = engine.addresses
        """Address, of IPv6 the network, to the number of open sockets of this worker from there."""
        self.counters = engine.counters
        self.rooms = rooms
        self._engine = engine
        self._backplane = backplane
        self._router = router

        self.use = router.use
        self.route = router.route
        self.on = events.on
        self.subscribe = rooms.subscribe

        self.online = presence.online
        self.offline = presence.offline
        self.is_online = presence.is_online

        self.send_to = sender.send_to
        self.send_json_to = sender.send_json_to
        self.send_to_user = sender.send_to_user
        self.send_to_users = sender.send_to_users
        self.send_to_all = sender.send_to_all
        self.kick = sender.kick

    def shed_load(self, admit: Callable[[], None], is_busy: Callable[[], bool]) -> None:
        """
        Do less while this worker has too much to do.

        Args:
            admit: called before each handshake; what `ApiError` it raises is answered over HTTP.
            is_busy: whether droppable messages are left out on all sockets of this worker.
        """
        self._engine.admit, self._engine.is_busy = admit, is_busy

    @property
    def queues(self) -> Mapping[str, Callable[[], float]]:
        """
        Functions that return how full the queues of this worker are, from 0 to 1.

        `workers` is the queue of messages to other workers, `sockets` the share of sockets whose
        clients leave much unread.
        """
        return {"workers": self._backplane.fill, "sockets": self._engine.backlog}

    @property
    def routes(self) -> list[Route]:
        """The mounted routes in order, each with the whole chain of its sockets."""
        return self._router.routes
