"""`ctx.websocket`: one client's socket, as handlers see it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from .backplane.payload import Message
from .connection.connection import LARGE_FRAME_BYTES, READS_TOO_SLOWLY, Connection
from .connection.inbox import Listener
from .engine import Engine
from .rfc6455 import frames
from .room import Room

if TYPE_CHECKING:
    from .rooms import Rooms


class HeldPushes:
    """The pushes that wait until the first frame was sent."""

    __slots__ = ("messages", "size")

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.size = 0
        """Their bytes."""


class WebSocket(Connection):
    """
    One client's socket.

    `Inbox` describes how messages reach their listeners. Other attributes may be set freely:
    `ctx.websocket.chat_user_id = 1`.

    Args:
        engine: of this worker.
        rooms: of this worker.
        transport: of the connection, which is open.
        subprotocol: the one that was negotiated in the handshake.
    """

    # __dict__ is created when an attribute is set; until then it costs one pointer.
    __slots__ = (
        *("__dict__", "_errors", "_rooms", "held"),
        *("rank", "subprotocol", "topics", "user_id"),
    )

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
        self.rank = 0
        """The number of its user's sockets on all workers when it was registered."""
        self.topics: set[str] | None = None
        self.held: HeldPushes | None = None
        self._errors: list[Listener] | None = None
        """The listeners to "error"."""
        """The pushes that are held, if they are."""

    @property
    def room(self) -> Room:
        """The rooms of this socket."""
        return Room(self._rooms, self)

    def on(self, event: str, listener: Listener) -> Self:
        """
        Add a listener, a plain or a coroutine function.

        Args:
            event: "message"; "close"; "error": the client broke the protocol, and "close" follows;
                or "arrived": the client answered a ping of the heartbeat, which proves that what
                was sent before the ping has arrived.
            listener: called with the text or bytes of a message; with the code and the reason of
                the close frame that came first, or 1006 if there was none; with a `ProtocolError`
                (`code`, `reason`); or with the list of labels that have arrived. A socket with a
                listener to "arrived" is pinged while labels are unconfirmed, not only after
                silence; of more than 1,000 unconfirmed labels the oldest are forgotten.

        Raises:
            ValueError: there is no such event.
        """
        if event == "message":
            self._add_message_listener(listener)
        elif event == "close":
            self._add_close_listener(listener)
        elif event == "arrived":
            self._add_arrived_listener(listener)
        elif event == "error":
            if self._errors is None:
                self._errors = []
            self._errors.append(listener)
        else:
            raise ValueError(
                'A websocket has the events "message", "close", "error" and "arrived", '
                f"not {event!r}."
            )
        return self

    def send(self, data: str | bytes) -> bool:
        """
        Send a message, text or binary by its type.

        Returns:
            False when the socket is closing or closed. True does not mean that it has arrived.
        """
        frame = frames.encode(data)
        if len(frame) > LARGE_FRAME_BYTES:
            self.note_answer(len(frame))
        return self.write(frame)

    def push(self, message: Message) -> None:
        """
        Write a message to a topic or to all, or hold it until `release`.

        A droppable one is left out while the peer has not taken everything that was written.
        """
        if self.held is not None:
            self._hold(self.held, message)
        elif message.droppable and self.has_backlog:
            self._engine.counters.dropped += 1
        elif self.write(message.frame) and message.label is not None:
            self.add_label(message.label)

    def hold(self) -> None:
        """Hold pushes from now on; what is sent to this socket alone goes first."""
        self.held = HeldPushes()

    def release(self) -> None:
        """Write the pushes that were held."""
        held, self.held = self.held, None
        if held is not None:
            for message in held.messages:
                self.push(message)

    def _hold(self, held: HeldPushes, message: Message) -> None:
        if not self.open:
            return
        held.size += len(message.frame)
        if held.size > self._engine.settings.write_buffer_limit:
            self._engine.counters.slow += 1
            self.close(READS_TOO_SLOWLY, "reads too slowly")
        elif message.droppable:
            self._engine.counters.dropped += 1
        else:
            held.messages.append(message)

    def close(self, code: int = frames.NORMAL, reason: str = "") -> None:
        """
        Begin the closing handshake (RFC 6455, section 7.1.2), unless it has begun.

        Args:
            code: a close code that may be sent (section 7.4).
            reason: for people and logs; truncated to 123 bytes of UTF-8.

        Raises:
            ValueError: the code must not be sent.
        """
        frames.check_code(code)
        if self.open:
            self.flush()
            self._begin_close(code, reason)

    def _user(self) -> int | None:
        return self.user_id

    def _peer_failed(self, code: int, reason: str) -> None:
        for listener in self._errors or ():
            error = frames.ProtocolError(code, reason)
            self._engine.call(listener, f"an error listener of socket {self.id}", error)

    def _disconnected(self) -> None:
        self.held = self._errors = None
        self._engine.unregister(self)
        self._rooms.remove(self)
