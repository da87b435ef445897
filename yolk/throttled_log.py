"""Log lines about what strangers can cause as often as they like: one a minute, with a count."""

from __future__ import annotations

import asyncio
from contextvars import Context

from sanic.log import logger

SECONDS = 60.0
EMPTY = Context()
"""Of callbacks: the caller's context would keep a request alive."""


class ThrottledLog:
    """
    A log of one kind of event.

    Args:
        what: names the kind, such as "broken requests were refused".
    """

    def __init__(self, what: str) -> None:
        self.count = 0
        """How often it happened on this worker."""
        self._what = what
        self._logged = 0
        self._details = ""
        self._timer: asyncio.TimerHandle | None = None

    def note(self, details: str) -> None:
        """
        Count an event. The first one is logged at once, the next ones once a minute.

        Args:
            details: about this event; only those of the latest one are logged.
        """
        self.count += 1
        self._details = details
        if self._timer is None:
            self._log()

    def _log(self) -> None:
        if self.count == self._logged:
            self._timer = None
            return
        new, self._logged = self.count - self._logged, self.count
        logger.warning("%d %s; the latest: %s", new, self._what, self._details)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(SECONDS, self._log, context=EMPTY)
