"""Interfaces of what plugins put on `app` and `ctx`. Applications are typed against these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

from yolk.compose import Middleware

Listener = Callable[..., Awaitable[None] | None]


class Label(NamedTuple):
    """
    The position of a message to a socket in a numbered stream.

    Clients do not see it. It is reported to the socket's listeners to "arrived" once the message
    is proved to have arrived.
    """

    stream: str
    seq: int


class CloseNotice(NamedTuple):
    """What a socket is sent when another socket of its user takes its place."""

    data: str | bytes
    """The last message."""
    code: int
    """The close code."""
    reason: str = ""
    """The close reason."""


class Room(Protocol):
    """The rooms of one socket."""

    async def join(self, rooms: str | Iterable[str], handler: Listener | None = None) -> None:
        """
        Join *rooms*; when this returns, every worker knows it.

        Args:
            rooms: one name or several.
            handler: called with `{"room": ..., "message": ...}` for each message, in place of the
                default, which sends the message to the socket.
        """

    async def leave(self, rooms: str | Iterable[str]) -> None:
        """Leave *rooms*; leaving a room that was not joined is no error."""

    def send_to(self, room: str, data: str | bytes, *, to_self: bool = True) -> None:
        """Send *data* to every socket in *room*, on every worker; with or without this one."""

    def send_json_to(self, room: str, data: Any, *, to_self: bool = True) -> None:
        """Send *data* as JSON to every socket in *room*, as `send_to` does."""


@runtime_checkable
class WebSocket(Protocol):
    """One open socket: `ctx.websocket`."""

    user_id: int | None
    subprotocol: str | None
    """The one that was negotiated in the handshake."""

    @property
    def id(self) -> str:
        """Its name, unique among all workers."""

    @property
    def open(self) -> bool:
        """Whether the closing handshake has not begun."""

    @property
    def room(self) -> Room:
        """The rooms of this socket."""

    def on(self, event: str, listener: Listener) -> Self:
        """
        Add a listener to an event of this socket.

        Args:
            event: "message" (the text or bytes), "close" (code and reason), "error" (an
                exception with `code` and `reason`: the client broke the protocol), or "arrived"
                (the list of `Label` of messages that are proved to have arrived).
            listener: a plain function or a coroutine function.
        """

    def send(self, data: str | bytes) -> bool:
        """Send a message, text or binary by its type; return false when the socket is closed."""

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begin the closing handshake (RFC 6455, section 7.1.2)."""

    def closed(self) -> Awaitable[None]:
        """Return an awaitable that is done when the connection is gone."""


class WebSocketServer(Protocol):
    """All sockets of this worker, and sending to those of the others: `app.ws`."""

    @property
    def clients(self) -> Collection[Any]:
        """The contexts of all open sockets of this worker."""

    @property
    def users(self) -> Mapping[int, Collection[Any]]:
        """User id to that user's sockets on this worker."""

    @property
    def addresses(self) -> Mapping[str, int]:
        """Address, of IPv6 the network, to the number of open sockets of this worker from there."""

    @property
    def queues(self) -> Mapping[str, Callable[[], float]]:
        """
        Functions that return how full the queues of this worker are, from 0 to 1.

        `workers` is the queue of messages to other workers, `sockets` the share of sockets whose
        clients leave much unread.
        """

    def shed_load(self, admit: Callable[[], None], is_busy: Callable[[], bool]) -> None:
        """
        Do less while this worker has too much to do.

        Args:
            admit: called before each handshake; what `ApiError` it raises is answered over HTTP.
            is_busy: whether droppable messages are left out on all sockets of this worker.
        """

    def use(self, *middleware: Middleware) -> None:
        """Add middlewares to the chain of every socket."""

    def route(
        self, path: str, *middleware_then_handler: Any, subprotocols: Sequence[str] | None = None
    ) -> None:
        """
        Serve sockets at *path*.

        Args:
            path: with parameters as `:id` or `<id>`.
            middleware_then_handler: middlewares of this route, then the controller's method; see
                `sends_first`.
            subprotocols: the supported ones, the preferred first (RFC 6455, section 1.9). Without
                them the first that the client offers is accepted, as Egg does; [] accepts none.
        """

    def send_to(self, room: str, data: str | bytes, skip: Any = None) -> None:
        """Send *data* to every socket in *room*, on every worker, except *skip*."""

    def send_json_to(self, room: str, data: Any, skip: Any = None) -> None:
        """Send *data* as JSON to every socket in *room*, on every worker, except *skip*."""

    def on(self, event: str, listener: Listener) -> None:
        """
        Add a listener to an event of all sockets.

        Args:
            event: "online" or "offline" (with a user's id: the first socket across all workers
                connected, the last one disconnected), or "position_lost" (messages may have been
                missed).
            listener: a plain or a coroutine function.
        """

    def subscribe(self, room: str, handler: Listener) -> None:
        """
        Call *handler* on this worker with each message to *room*, from whichever worker.

        Args:
            room: its name. The worker is in it until it stops.
            handler: called with `{"room": ..., "message": ...}`, once for each message; a plain or
                a coroutine function.
        """

    async def online(self, socket: Any, user_id: int, replaced: CloseNotice | None = None) -> bool:
        """Register a socket under a user; return false when it closed meanwhile."""

    async def offline(self, socket: Any) -> None:
        """Unregister a socket, and no other, from its user."""

    async def is_online(self, user_ids: Collection[int]) -> set[int]:
        """Return those of these users that have a socket on any worker."""

    def send_to_user(
        self,
        user_id: int,
        data: str | bytes,
        skip: Any = None,
        label: Label | None = None,
        *,
        droppable: bool = False,
    ) -> None:
        """
        Send *data* to all sockets of a user, on every worker.

        Args:
            user_id: the user.
            data: text or binary, by its type.
            skip: a socket of this worker that does not get it.
            label: passed to each socket's listeners to "arrived" once *data* has arrived; its
                stream has at most 64 KiB.
            droppable: whether it is left out, and counted as dropped, where other messages have
                to go first: on a socket that has a backlog, and on the way to other workers
                while many messages wait.
        """

    def send_to_users(
        self,
        user_ids: Iterable[int],
        data: str | bytes,
        skip: Any = None,
        label: Label | None = None,
        *,
        droppable: bool = False,
    ) -> None:
        """
        Send *data* to all sockets of many users, as `send_to_user` does to those of one.

        It is sent once to each worker where some of them have sockets. A set of *user_ids* is taken
        as it is; duplicates get the message once.
        """

    def kick(
        self,
        user_id: int,
        code: int,
        reason: str = "",
        *,
        data: str | bytes | None = None,
        **only: str | int | None,
    ) -> None:
        """
        Close those of a user's sockets that have the attributes *only*, on every worker.

        Args:
            user_id: the user.
            code: the close code.
            reason: the close reason.
            data: a last message to them.
            only: attributes that a socket must have, such as `session="..."`, or None for one
                that it must not have; without any, all of the user's sockets are closed.

        Raises:
            ValueError: the code must not be sent.
        """

    def send_to_all(self, data: str | bytes) -> None:
        """Send *data* to every socket of this worker."""
