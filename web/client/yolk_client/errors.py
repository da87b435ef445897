"""The errors of the client."""

from __future__ import annotations

TOO_BIG = 1009
"""The code of a message that is larger than the server accepts; also the close code."""


class YolkError(Exception):
    """
    The server refused a request, or could not be reached.

    Args:
        text: a text for people.
        code: see "Errors" in docs/protocol.md; 0 if there was no answer.
        status: the HTTP status, or 0.
        temporary: the same request may work later.
        retry_after: the seconds to wait, if the server says so; else 0.
    """

    def __init__(
        self,
        text: str,
        *,
        code: int = 0,
        status: int = 0,
        temporary: bool = False,
        retry_after: float = 0,
    ) -> None:
        super().__init__(text)
        self.code = code
        self.status = status
        self.temporary = temporary
        self.retry_after = retry_after


class Lost(YolkError):
    """There was no answer: the request may or may not have been carried out."""

    def __init__(self, text: str = "the connection was lost", *, retry_after: float = 0) -> None:
        super().__init__(text, temporary=True, retry_after=retry_after)


class SessionOver(YolkError):
    """The login has ended: log in again."""
