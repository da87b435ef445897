"""A program with the Python client, and the events it received."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from yolk_client import Client, Message, State

from yolk.testing import User

FAST = (0.01, 0.2)
"""Seconds before reconnecting: short, for the tests."""


class Device:
    """
    A client of somebody's, and everything that it was told.

    Args:
        user: whose. Without a password, its token is one of another system.
        url: where it connects to.
        file: keeps its state.
        options: of the client.
    """

    def __init__(
        self, user: User, url: str | None = None, file: Path | None = None, **options: Any
    ) -> None:
        self.user = user
        self.messages: list[Message] = []
        self.states: list[State] = []
        self.events: list[tuple[str, Any]] = []
        self._heard = asyncio.Event()
        token = None if user.password else lambda: user.server.token(id=user.id)
        self.client = Client(
            url or user.server.url, file=file, token=token, **{"backoff": FAST, **options}
        )
        self.client.on("message", self._note_message)
        self.client.on("state", self._note_state)
        for event in ("gap", "gone", "synced", "receipt", "system", "typing", "presence"):
            self.client.on(event, self._note(event))

    async def start(self) -> Client:
        """Log in if there is a password, connect, and wait until the client has caught up."""
        if self.user.password:
            await self.client.login(self.user.username, self.user.password)
        await self.client.start()
        await self.until_synced()
        return self.client

    def texts(self, conv: str | None = None) -> list[str]:
        """Return the texts of the received messages, in order."""
        return [one.data for one in self.messages if conv is None or one.conv == conv]

    def told(self, event: str) -> list[Any]:
        """Return the values of an event."""
        return [value for name, value in self.events if name == event]

    async def until(self, true: Callable[[], Any], seconds: float = 30) -> None:
        """Wait until a condition on its events is true."""
        try:
            async with asyncio.timeout(seconds):
                while not true():
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            raise AssertionError(
                f"in vain; last messages {self.messages[-3:]}, states {self.states[-5:]}"
            ) from None

    async def until_it_has(self, count: int) -> None:
        """Wait until that many messages were received."""
        await self.until(lambda: len(self.messages) >= count, 60)

    async def until_synced(self) -> None:
        """Wait until the client has caught up."""
        await self.until(lambda: self.told("synced"))

    def _note_message(self, message: Message) -> None:
        self.messages.append(message)
        self._heard.set()

    def _note_state(self, state: State) -> None:
        self.states.append(state)
        self._heard.set()

    def _note(self, event: str) -> Callable[[Any], None]:
        def note(value: Any) -> None:
            self.events.append((event, value))
            self._heard.set()

        return note
