"""Tokens that reset passwords, by mail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from services.errors import Busy, MailUnavailable
from yolk.concurrency import cancel_task

MAX_WAITING = 100
"""Mails that wait to be sent."""
SEND_SECONDS = 30.0
"""How long one mail may take."""


class Mailer(Protocol):
    """`app.mailer`, which a plugin may provide."""

    async def send(self, to: str, subject: str, text: str) -> None:
        """Send a mail; any exception means that it was not sent."""


class ResetMails:
    """
    A queue of usernames whose users asked for a new password, and the task that sends the mails.

    A request is answered at once: neither the answer nor its time says whether there is such a
    user.

    Args:
        mailer: sends mails; None if no plugin provides it.
        find: returns the address and the text for a username, or None for no mail.
        subject: of the mails.
        logger: for mails that could not be sent, without addresses.
    """

    def __init__(
        self,
        mailer: Mailer | None,
        find: Callable[[str], Awaitable[tuple[str, str] | None]],
        subject: str,
        logger: logging.Logger,
    ) -> None:
        self._mailer = mailer
        self._find = find
        self._subject = subject
        self._logger = logger
        self._waiting: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING)
        self._task: asyncio.Task[None] | None = None

    def put(self, username: str) -> None:
        """
        Send a mail to a user, if there is one.

        Raises:
            MailUnavailable: nothing sends mails here.
            Busy: too many mails wait.
        """
        if self._mailer is None:
            raise MailUnavailable
        try:
            self._waiting.put_nowait(username)
        except asyncio.QueueFull:
            raise Busy from None
        if self._task is None:
            self._task = asyncio.create_task(self._run(self._mailer))

    async def close(self) -> None:
        """Stop; mails that wait are not sent."""
        await cancel_task(self._task)

    async def _run(self, mailer: Mailer) -> None:
        while True:
            username = await self._waiting.get()
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    found = await self._find(username)
                    if found is not None:
                        await mailer.send(found[0], self._subject, found[1])
            except Exception as error:  # noqa: BLE001 - the boundary of one mail
                self._logger.error(
                    "a mail with a reset token could not be sent: %s", type(error).__name__
                )
