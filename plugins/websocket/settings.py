"""The settings of the websocket plugin."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0)]
SecondsOrOff = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class WebSocketSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits and timeouts of the sockets of a worker, and how workers share them."""

    use_app_middlewares: bool = True
    """Whether the HTTP middlewares of the whole application come first in the chain."""
    origins: Literal["any"] | list[str] | None = None
    """Origins of pages that may connect, such as ["https://chat.example"]. Required in prod."""
    devices: Literal["all", "one"] = "all"
    """Whether all devices of a user stay connected, or the newest disconnects the previous one."""
    max_message_size: Count = 1024 * 1024
    """Bytes of one message from a client, over all of its fragments; more closes with 1009."""
    max_unfinished_bytes: Count = 64 * 1024 * 1024
    """Bytes of the messages whose ends have not come yet, of all sockets of a worker."""
    max_user_unfinished_bytes: Count = 8 * 1024 * 1024
    """Those of one user, or of all sockets without a user; beyond either bound the socket of the
    newest ones is closed with 4013."""
    max_queued_messages: Count = 64
    """Messages of one socket that wait for their handler; at this number reading pauses."""
    max_queued_bytes: Count = 1024 * 1024
    """Bytes of these messages; at this number, too, reading pauses."""
    write_buffer_limit: Count = 4 * 1024 * 1024
    """Bytes that a client may leave unread; a message beyond closes with 4008."""
    slow_timeout: Seconds = 2
    """Seconds for the close frame of 4008 to be sent before the connection is aborted."""
    close_timeout: Seconds = 5
    """Seconds for a client to answer a close before the connection is aborted."""
    heartbeat: SecondsOrOff = 30
    """Seconds of silence before a client is pinged, and again before it is aborted; 0: never."""
    head_timeout: Seconds = 10
    """Seconds for a new connection to send the head of its request."""
    full_collection: SecondsOrOff = 300
    """Seconds between two full garbage collections, in a quiet moment; 0: Python's own schedule."""
    stop_timeout: Seconds = 8
    """Seconds for all sockets, chains and handlers to end when the worker stops."""
    redis_prefix: str = "yolk"
    """Prefix of the keys shared by workers; use another one for each application on one Redis."""
    redis_timeout: Seconds = 3
    """Seconds for Redis to answer what a socket waits for."""
    lease: Seconds = 6
    """Seconds without a renewal after which a worker counts as dead; renewed every third."""
    max_unpublished: Count = 10_000
    """Messages that wait for Redis; messages beyond do not reach other workers."""
    max_stream: Count = 10_000
    """Batches that wait for one worker to read them."""
