"""A program with the Python client, and what it heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from yolk_client import Client, Message, State

from yolk.testing import User

FAST = (0.01, 0.2)
"""Seconds before coming back: a test has no fifteen of them."""


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
        """Log in where there is a password, connect, and wait until it knows what there is."""
        if self.user.password:
            await self.client.login(self.user.username, self.user.password)
        await self.client.start()
        await self.until_synced()
        return self.client

    def texts(self, conv: str | None = None) -> list[str]:
        """Give the texts of the messages that came, in the order in which they came."""
        return [one.data for one in self.messages if conv is None or one.conv == conv]

    def told(self, event: str) -> list[Any]:
        """Give what was told of an event."""
        return [value for name, value in self.events if name == event]

    async def until(self, true: Callable[[], Any], seconds: float = 30) -> None:
        """Wait until something that it hears of is so."""
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
        """Wait until so many messages came."""
        await self.until(lambda: len(self.messages) >= count, 60)

    async def until_synced(self) -> None:
        """Wait until it knows what there is."""
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
