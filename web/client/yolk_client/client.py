"""The client: who one is, what one hears, and what one says."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self, overload

from yolk_client.connection import Connection
from yolk_client.errors import YolkError
from yolk_client.http import Http, Token
from yolk_client.inbox import Inbox
from yolk_client.listeners import Listeners
from yolk_client.outbox import Outbox
from yolk_client.store import Store
from yolk_client.types import ChatType, FileInfo, Message, OutboxEntry, Page, Person, State
from yolk_client.upload import Progress, Upload, opened

log = logging.getLogger("yolk_client")


class Client:
    """
    One user's device.

    It comes back by itself, resumes where it was, hands out each message once and in order, and
    sends each message once.

    Args:
        url: where the server is, such as "https://chat.example.com".
        file: keeps up to where one has everything, and what waits to be sent, so that the next
            start of the program goes on where this one stopped. Without one: begin with now.
        token: gives a token of another system (an Egg application's) in place of a login here.
        acknowledge: say `delivered` for what was handed out.
        max_missed: after so many missed messages of one conversation there is a `gap` instead;
            None: never.
        backoff: the shortest and the longest wait before coming back, in seconds.

    Raises:
        FileInUse: another program has the file.
    """

    def __init__(
        self,
        url: str,
        *,
        file: str | Path | None = None,
        token: Token | None = None,
        acknowledge: bool = True,
        max_missed: int | None = 500,
        backoff: tuple[float, float] = (0.5, 15.0),
    ) -> None:
        self._store = Store(file)
        self._http = Http(url.rstrip("/"), token)
        self._connection = Connection(
            url.rstrip("/"), self._http, backoff, self._note_state, self._note_push
        )
        self._acknowledge = acknowledge
        self._max_missed = max_missed
        self._backoff = backoff
        self._listeners = Listeners()
        self._inbox: Inbox | None = None
        self._outbox: Outbox | None = None
        self._handing_out: asyncio.Task[None] | None = None
        self._reading: dict[str, int] = {}
        self._over = asyncio.Event()

    # --- who one is

    @property
    def me(self) -> Person | None:
        """Who is logged in."""
        return self._http.me

    @property
    def state(self) -> State:
        """How the connection is."""
        return self._connection.state

    async def register(self, username: str, password: str) -> Person:
        """Make an account, and log in."""
        return await self._enter("register", username, password)

    async def login(self, username: str, password: str) -> Person:
        """Log in."""
        return await self._enter("login", username, password)

    async def logout(self) -> None:
        """End the login here at once, with what waits in the outbox, and on the server."""
        for entry in self.outbox():
            self.discard(entry.cid)
        await self.stop()
        try:
            await self._http.leave()
        except YolkError as error:
            log.info("the server was not told of the logout: %s", error)
        self._listeners.emit("session", None)

    async def _enter(self, how: str, username: str, password: str) -> Person:
        await self.stop()
        me = await self._http.enter(how, username, password)
        self._listeners.emit("session", me)
        return me

    # --- the connection

    async def start(self) -> None:
        """Connect, and stay connected. It returns at once; the event `state` tells the rest."""
        if self._handing_out is None:
            me = await self._http.come()
            self._outbox = self._make_outbox(me.id)
            self._inbox = self._make_inbox(me.id)
            self._handing_out = asyncio.create_task(self._inbox.run())
        await self.connect()

    async def connect(self) -> None:
        """Connect now, whatever the state: "try now", or "come back" after being refused."""
        self._over.clear()
        await self._connection.connect()

    async def stop(self) -> None:
        """Close the socket and stay closed; the login stays."""
        await self._connection.close()
        if self._handing_out is not None:
            self._handing_out.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._handing_out
        if self._outbox is not None:
            await self._outbox.close()
        self._inbox = self._outbox = self._handing_out = None
        self._over.set()

    async def run(self) -> None:
        """
        Start, and stay until `stop()` is called.

        Raises:
            YolkError: the server does not want us back; `code` says why.
        """
        await self.start()
        await self._over.wait()
        if self.state.name == "refused":
            raise YolkError(self.state.text, code=self.state.code)

    async def close(self) -> None:
        """Stop, and let go of everything: this client is used no more."""
        await self.stop()
        await self._http.close()
        self._store.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # --- what one hears

    @overload
    def on(
        self, event: Literal["message"], listener: Callable[[Message], object]
    ) -> Callable[[], None]: ...

    @overload
    def on(
        self, event: Literal["state"], listener: Callable[[State], object]
    ) -> Callable[[], None]: ...

    @overload
    def on(
        self, event: Literal["session"], listener: Callable[[Person | None], object]
    ) -> Callable[[], None]: ...

    @overload
    def on(
        self, event: str, listener: Callable[[dict[str, Any]], object]
    ) -> Callable[[], None]: ...

    def on(self, event: str, listener: Callable[[Any], object]) -> Callable[[], None]:
        """
        Hear of an event; what this gives ends it.

        A listener may be a coroutine function. Those of `message` come one message after the
        other: the next one waits for them. What such a listener sends is kept in one step with
        the message, and goes out when it has ended; so each message is answered once, whenever
        the program dies. One that fails is logged, and disturbs nobody.

        Args:
            event: `message` (of one conversation in the order of `seq`, each once; entries and
                one's own too), `state`, `session`, `gap`, `gone`, `synced`, `outbox`, or a push
                of docs/protocol.md: `receipt`, `typing`, `presence`, `system`.
            listener: called with a `Message`, a `State`, a `Person` or None; of others, a dict.
        """
        return self._listeners.add(event, listener)

    # --- what one says

    def send(
        self,
        to_id: int,
        data: str,
        *,
        chat_type: ChatType = "single",
        type: str = "text",
        options: Mapping[str, Any] | None = None,
    ) -> OutboxEntry:
        """
        Queue a message. It is sent once, now or when there is a connection.

        The event `message` tells when it is stored.

        Args:
            to_id: a user, or a group.
            data: the text, or what belongs to the type: of a file the `url` of its `FileInfo`.
            chat_type: "single", or "group".
            type: such as "image"; see docs/protocol.md.
            options: such as `{"reply_to": message.id}`.
        """
        me, outbox = self._started()
        entry = OutboxEntry(
            cid=secrets.token_hex(16),
            conv=conv_of_users(me.id, to_id) if chat_type == "single" else f"g:{to_id}",
            from_id=me.id,
            to_id=to_id,
            chat_type=chat_type,
            type=type,
            data=data,
            options=dict(options) if options else None,
            create_time=int(time.time() * 1000),
        )
        turn = self._listeners.turn()
        if turn is None:
            outbox.add(entry)
        else:
            turn.written.append(entry)
            outbox.hold(entry)
        return entry

    def reply(self, message: Message, data: str, **more: Any) -> OutboxEntry:
        """Send into the conversation of *message*; *more* is as for `send`."""
        if message.chat_type == "group":
            return self.send(message.to_id, data, chat_type="group", **more)
        me, _ = self._started()
        peer = message.to_id if message.from_id == me.id else message.from_id
        return self.send(peer, data, **more)

    def outbox(self, conv: str | None = None) -> list[OutboxEntry]:
        """Give what waits or failed, in the order in which it was written."""
        return self._outbox.entries(conv) if self._outbox else []

    def retry(self, cid: str) -> None:
        """Send a message that failed once more."""
        self._started()[1].retry(cid)

    def discard(self, cid: str) -> None:
        """Give up a message that waits or failed."""
        self._started()[1].discard(cid)

    async def settle(self) -> None:
        """Wait until nothing waits to be sent: all is stored, or failed."""
        await self._started()[1].settle()

    def read(self, conv: str, seq: int) -> None:
        """Say that everything up to *seq* was read, now or when there is a connection."""
        if seq > self._reading.get(conv, 0):
            self._reading[conv] = seq
            self._listeners.spawn(self._tell_read(conv, seq))

    async def request(self, kind: str, data: Mapping[str, Any] | None = None) -> Any:
        """
        Send a request of the protocol over the socket, and give the data of its answer.

        Raises:
            YolkError: the server said no, or there is no connection (`temporary`).
        """
        return await self._connection.request(kind, data or {})

    async def call(
        self, method: str, path: str, parameters: Mapping[str, Any] | None = None
    ) -> Any:
        """
        Ask an HTTP address, such as `call("GET", "/users", {"q": "ada"})`.

        Raises:
            YolkError: the server said no, or did not answer (`temporary`).
        """
        return await self._http.call(method, path, parameters)

    async def history(
        self, conv: str, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> Page:
        """Give a page of a conversation: before or after a seq; neither: the newest."""
        given = {"conv": conv, "before": before, "after": after, "limit": limit}
        asked = {name: value for name, value in given.items() if value is not None}
        page = await self.call("GET", "/chat/history", asked)
        return Page([Message.of(one) for one in page["messages"]], page["more"])

    # --- files

    async def upload(
        self,
        file: str | Path | bytes | BinaryIO,
        *,
        name: str | None = None,
        folder: str = "",
        on_progress: Progress | None = None,
    ) -> FileInfo:
        """
        Upload a file, piece by piece and on from where it was if the connection is lost meanwhile.

        Args:
            file: a path, the content, or an open file.
            name: what it is to be called; by default as it is.
            folder: a folder that the server allows.
            on_progress: told of the bytes that the server has, and of all.

        Raises:
            YolkError: the server does not want it, or is away for long.
        """
        content, own_name, is_ours = opened(file)
        try:
            called = name or own_name
            return await Upload(
                self._http, content, called, folder, on_progress, self._backoff
            ).run()
        finally:
            if is_ours:
                content.close()

    async def link(
        self, file_id: str, variant: Literal["content", "thumbnail", "download"] = "content"
    ) -> str:
        """Give an address of a file that needs no token, seen from the server's; for a while."""
        links = (await self.call("POST", "/files/links", {"ids": [file_id]}))["links"]
        if file_id not in links:
            raise YolkError("there is no such file", code=2060, status=404)
        found = links[file_id]["thumbnail" if variant == "thumbnail" else "url"]
        if found is None:
            raise YolkError("it has no thumbnail", code=2060, status=404)
        return f"{found}&download=1" if variant == "download" else str(found)

    # --- inside

    def _started(self) -> tuple[Person, Outbox]:
        if self.me is None or self._outbox is None:
            raise RuntimeError("the client is not started: await client.start()")
        return self.me, self._outbox

    def _make_outbox(self, user_id: int) -> Outbox:
        return Outbox(
            user_id,
            self._store,
            self._backoff,
            request=self._connection.request,
            stored=self._note_stored,
            changed=lambda conv: self._listeners.emit("outbox", {"conv": conv}),
        )

    def _make_inbox(self, user_id: int) -> Inbox:
        return Inbox(
            user_id,
            self._store,
            request=self._connection.request,
            hand_out=self._listeners.hand_out,
            sent=lambda written: self._outbox.release(written) if self._outbox else None,
            emit=self._listeners.emit,
            delivered=self._tell_delivered if self._acknowledge else None,
            max_missed=self._max_missed,
        )

    def _note_state(self, state: State) -> None:
        if state.name == "online":
            if self._inbox is not None:
                self._inbox.catch_up()
            if self._outbox is not None:
                self._outbox.resume()
            for conv, seq in self._reading.items():
                self._listeners.spawn(self._tell_read(conv, seq))
        self._listeners.emit("state", state)
        if state.name == "refused":
            self._over.set()

    def _note_push(self, kind: str, data: Any) -> None:
        if self._inbox is not None and kind == "message":
            self._inbox.push(Message.of(data))
        elif self._inbox is not None and kind == "sync":
            self._inbox.catch_up()
        elif kind in ("receipt", "typing", "presence", "system"):
            self._listeners.emit(kind, data)

    def _note_stored(self, entry: OutboxEntry, answer: Any) -> None:
        if self._inbox is None:
            return
        if answer["dup"] or answer.get("changed"):  # let the server say what is stored
            self._inbox.heard(answer["conv"], answer["seq"])
            return
        self._inbox.push(
            Message(
                id=answer["id"],
                conv=answer["conv"],
                seq=answer["seq"],
                cid=entry.cid,
                from_id=entry.from_id,
                to_id=entry.to_id,
                chat_type=entry.chat_type,
                type=entry.type,
                data=entry.data,
                options=entry.options,
                create_time=answer["create_time"],
            )
        )

    def _tell_delivered(self, conv: str, seq: int) -> None:
        self._connection.tell("delivered", {"conv": conv, "seq": seq})

    async def _tell_read(self, conv: str, seq: int) -> None:
        try:
            await self._connection.request("read", {"conv": conv, "seq": seq})
        except YolkError as error:
            if error.temporary:
                return  # the next connection says it again
        if self._reading.get(conv) == seq:
            del self._reading[conv]


def conv_of_users(first: int, second: int) -> str:
    """Name the conversation of two users."""
    return f"s:{min(first, second)}:{max(first, second)}"


def peer_of(conv: str, me: int) -> int | None:
    """Give the user at the other end of `s:<low>:<high>`, or None."""
    kind, *ids = conv.split(":")
    if kind != "s" or len(ids) != 2:
        return None
    low, high = int(ids[0]), int(ids[1])
    return high if low == me else low
