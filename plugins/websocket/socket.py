"""`ctx.websocket`: one client's socket, as handlers see it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from .connection.connection import Connection
from .connection.inbox import Listener
from .engine import Engine
from .rfc6455 import frames
from .room import Room

if TYPE_CHECKING:
    from .rooms import Rooms


class WebSocket(Connection):
    """
    One client's socket.

    How messages come to their listeners stands in `Inbox`.

    Other attributes may be set freely: `ctx.websocket.chat_user_id = 1`.
    """

    # __dict__ is made when somebody sets an attribute; until then it costs one pointer.
    __slots__ = ("__dict__", "_rooms", "subprotocol", "topics", "user_id")

    def __init__(
        self,
        engine: Engine,
        rooms: Rooms,
        transport: asyncio.Transport,
        subprotocol: str | None = None,
    ) -> None:
        super().__init__(engine, transport)
        self._rooms = rooms
        self.subprotocol = subprotocol
        """The one that was negotiated in the handshake."""
        self.user_id: int | None = None
        self.topics: set[str] | None = None

    @property
    def room(self) -> Room:
        """The rooms of this socket."""
        return Room(self._rooms, self)

    def on(self, event: str, listener: Listener) -> Self:
        """
        Add a listener, a plain or a coroutine function.

        Args:
            event: "message", "close", or "arrived": the client answered a ping of the heartbeat,
                which proves that what was sent before the ping has arrived.
            listener: gets the text or bytes of a message; or the code and the reason of the
                close: the peer's, ours where we closed first, 1006 where there was none; or the
                list of labels that have arrived. A socket with this listener is pinged while
                labels are unconfirmed, and not only when it was silent; beyond 1,000 unconfirmed
                labels the oldest are forgotten.

        Raises:
            ValueError: there is no such event.
        """
        if event == "message":
            self._add_message_listener(listener)
        elif event == "close":
            self._add_close_listener(listener)
        elif event == "arrived":
            self._add_arrived_listener(listener)
        else:
            raise ValueError(
                f'A websocket has the events "message", "close" and "arrived", not {event!r}.'
            )
        return self

    def send(self, data: str | bytes) -> bool:
        """
        Send a message, text or binary by its type.

        Returns:
            False when the socket is closed. True says that it is on its way, not that it came.
        """
        return self.write(frames.encode(data))

    def close(self, code: int = frames.NORMAL, reason: str = "") -> None:
        """
        Begin the closing handshake (RFC 6455, section 7.1.2); nothing where it has begun.

        Args:
            code: a close code that may be sent (section 7.4).
            reason: for people and logs; cut to 123 bytes of UTF-8.

        Raises:
            ValueError: the code must not be sent.
        """
        frames.check_code(code)
        if self.open:
            self.flush()
            self._begin_close(code, reason)

    def _disconnected(self) -> None:
        self._engine.unregister(self)
        self._rooms.remove(self)
