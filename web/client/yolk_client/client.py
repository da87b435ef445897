"""The client: its login, its connection, and what it receives and sends."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self, overload

from yolk_client.backoff import Backoff
from yolk_client.connection import Connection
from yolk_client.conversations import conv_to
from yolk_client.errors import YolkError
from yolk_client.http import Http, Token
from yolk_client.listeners import Listeners
from yolk_client.mailbox import Mailbox
from yolk_client.receipts import Receipts
from yolk_client.store import Store
from yolk_client.types import ChatType, FileInfo, Message, OutboxEntry, Page, Person, State
from yolk_client.upload import Progress, Upload, open_content

log = logging.getLogger("yolk_client")


class Client:
    """
    A connection of one user.

    It reconnects by itself, resumes where it was, delivers each message once and in order, and
    sends each message once.

    Args:
        url: the address of the server, such as "https://chat.example.com".
        file: stores the cursors and the outbox, so that the next start of the program resumes
            where this one stopped. Without one: begin with new messages.
        token: returns a token of another system (an Egg application) in place of a login.
        acknowledge: send `delivered` for messages that were delivered to the listeners.
        max_missed: if more messages of one conversation were missed, a `gap` is emitted instead;
            None: never.
        backoff: the shortest and the longest wait before reconnecting, in seconds.

    Raises:
        FileInUse: another program uses the file.
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
        self._backoff = Backoff(*backoff)
        self._max_missed = max_missed
        self._store = Store(file)
        self._http = Http(url.rstrip("/"), token)
        self._connection = Connection(
            url.rstrip("/"), self._http, self._backoff, self._on_state, self._on_push
        )
        self._listeners = Listeners()
        self._receipts = Receipts(self._connection, acknowledge=acknowledge)
        self._mailbox: Mailbox | None = None
        self._stopped = asyncio.Event()

    # --- login

    @property
    def me(self) -> Person | None:
        """The logged-in user."""
        return self._http.me

    @property
    def state(self) -> State:
        """The state of the connection."""
        return self._connection.state

    async def register(self, username: str, password: str) -> Person:
        """Create an account, and log in."""
        return await self._authenticate("register", username, password)

    async def login(self, username: str, password: str) -> Person:
        """Log in."""
        return await self._authenticate("login", username, password)

    async def logout(self) -> None:
        """Log out: delete the login and the outbox at once, then end the login on the server."""
        for entry in self.outbox():
            self.discard(entry.cid)
        await self.stop()
        try:
            await self._http.log_out()
        except YolkError as error:
            log.info("the logout did not reach the server: %s", error)
        self._listeners.emit("session", None)

    async def _authenticate(self, how: str, username: str, password: str) -> Person:
        await self.stop()
        me = await self._http.authenticate(how, username, password)
        self._listeners.emit("session", me)
        return me

    # --- the connection

    async def start(self) -> None:
        """Connect, and stay connected. Returns at once; the event `state` reports the rest."""
        if self._mailbox is None:
            me = await self._http.identify()
            self._mailbox = Mailbox(
                me.id,
                store=self._store,
                connection=self._connection,
                listeners=self._listeners,
                receipts=self._receipts,
                backoff=self._backoff,
                max_missed=self._max_missed,
            )
        await self.connect()

    async def connect(self) -> None:
        """Connect now, whatever the state: "try now", or reconnect after being refused."""
        self._stopped.clear()
        await self._connection.connect()

    async def stop(self) -> None:
        """Close the socket, and do not reconnect. The login is kept."""
        await self._connection.close()
        if self._mailbox is not None:
            await self._mailbox.close()
        self._mailbox = None
        self._receipts.drop_delivered()
        self._stopped.set()

    async def run(self) -> None:
        """
        Start, and wait until `stop()` is called.

        Raises:
            YolkError: the server refused the connection for good; `code` is the reason.
        """
        await self.start()
        await self._stopped.wait()
        if self.state.name == "refused":
            raise YolkError(self.state.text, code=self.state.code)

    async def close(self) -> None:
        """Stop, and close everything: this client cannot be used again."""
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

    # --- events

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
        Register a listener. Returns a function that removes it.

        A listener may be a coroutine function. Those of `message` are called for one message at a
        time: the next message waits for them. What such a listener sends is stored in one step
        with the message, and sent when the listener has finished; so each message is answered
        once, whenever the program dies. A listener that fails is logged, and affects no other.

        Args:
            event: `message` (of one conversation in the order of `seq`, each once; with events
                and own messages), `state`, `session`, `gap`, `gone`, `synced`, `outbox`, or a
                push of docs/protocol.md: `receipt`, `typing`, `presence`, `system`.
            listener: called with a `Message`, a `State`, a `Person` or None; for others, a dict.
        """
        return self._listeners.add(event, listener)

    # --- messages

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

        The event `message` follows when it is stored.

        Args:
            to_id: a user, or a group.
            data: the text; of a file the `url` of its `FileInfo`.
            chat_type: "single", or "group".
            type: such as "image"; see docs/protocol.md.
            options: such as `{"reply_to": message.id}`.
        """
        me, mailbox = self._started()
        entry = OutboxEntry(
            cid=secrets.token_hex(16),
            conv=conv_to(chat_type, me.id, to_id),
            from_id=me.id,
            to_id=to_id,
            chat_type=chat_type,
            type=type,
            data=data,
            options=dict(options) if options else None,
            create_time=int(time.time() * 1000),
        )
        mailbox.send(entry)
        return entry

    def reply(self, message: Message, data: str, **more: Any) -> OutboxEntry:
        """Send into the conversation of *message*; *more* are arguments of `send`."""
        if message.chat_type == "group":
            return self.send(message.to_id, data, chat_type="group", **more)
        me, _ = self._started()
        peer = message.to_id if message.from_id == me.id else message.from_id
        return self.send(peer, data, **more)

    def outbox(self, conv: str | None = None) -> list[OutboxEntry]:
        """Return the messages that wait or failed, in order."""
        return self._mailbox.outbox.entries(conv) if self._mailbox else []

    def retry(self, cid: str) -> None:
        """Send a failed message again."""
        self._started()[1].outbox.retry(cid)

    def discard(self, cid: str) -> None:
        """Drop a message that waits or failed."""
        self._started()[1].outbox.discard(cid)

    async def settle(self) -> None:
        """Wait until the outbox has been sent: every message is stored, or failed."""
        await self._started()[1].outbox.settle()

    def read(self, conv: str, seq: int) -> None:
        """Mark everything up to *seq* as read, now or when there is a connection."""
        self._receipts.read(conv, seq)

    async def request(self, kind: str, data: Mapping[str, Any] | None = None) -> Any:
        """
        Send a request of the protocol over the socket, and return the data of its answer.

        Raises:
            YolkError: the server refused it, or there is no connection (`temporary`).
        """
        return await self._connection.request(kind, data or {})

    async def call(
        self, method: str, path: str, parameters: Mapping[str, Any] | None = None
    ) -> Any:
        """
        Send an HTTP request, such as `call("GET", "/users", {"q": "ada"})`.

        Raises:
            YolkError: the server refused it, or did not answer (`temporary`).
        """
        return await self._http.call(method, path, parameters)

    async def history(
        self, conv: str, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> Page:
        """Return a page of a conversation: before or after a seq; without either, the newest."""
        given = {"conv": conv, "before": before, "after": after, "limit": limit}
        parameters = {name: value for name, value in given.items() if value is not None}
        page = await self.call("GET", "/chat/history", parameters)
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
        Upload a file in pieces. It resumes after a lost connection.

        Args:
            file: a path, the content, or an open file.
            name: the name of the file; by default its own.
            folder: a folder that the server allows.
            on_progress: called with the bytes that the server has, and the size.

        Raises:
            YolkError: the server refused it, or was unavailable for long.
        """
        content, own_name, is_ours = open_content(file)
        try:
            upload = Upload(
                self._http, content, name or own_name, folder, on_progress, self._backoff
            )
            return await upload.run()
        finally:
            if is_ours:
                content.close()

    async def link(
        self, file_id: str, variant: Literal["content", "thumbnail", "download"] = "content"
    ) -> str:
        """Return an address below the server's that opens a file without a token, for a while."""
        links = (await self.call("POST", "/files/links", {"ids": [file_id]}))["links"]
        if file_id not in links:
            raise YolkError("file not found", code=2060, status=404)
        found = links[file_id]["thumbnail" if variant == "thumbnail" else "url"]
        if found is None:
            raise YolkError("the file has no thumbnail", code=2060, status=404)
        return f"{found}&download=1" if variant == "download" else str(found)

    # --- what the connection reports

    def _on_state(self, state: State) -> None:
        if state.name == "online":
            if self._mailbox is not None:
                self._mailbox.resume()
            self._receipts.resume()
        self._listeners.emit("state", state)
        if state.name == "refused":
            self._stopped.set()

    def _on_push(self, kind: str, data: Any) -> None:
        if kind in ("receipt", "typing", "presence", "system"):
            self._listeners.emit(kind, data)
        elif self._mailbox is not None:
            self._mailbox.receive(kind, data)

    def _started(self) -> tuple[Person, Mailbox]:
        if self.me is None or self._mailbox is None:
            raise RuntimeError("the client is not started: await client.start()")
        return self.me, self._mailbox
