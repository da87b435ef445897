"""What can go wrong."""

from __future__ import annotations

TOO_BIG = 1009
"""The code of a message that is larger than the server takes: as that of the close."""


class YolkError(Exception):
    """
    The server said no, or could not be reached.

    Args:
        text: for people.
        code: see "Errors" in docs/protocol.md; 0 where there was no answer.
        status: of HTTP, or 0.
        temporary: the same may work later.
        retry_after: seconds that the server wants one to wait; 0 where it does not say.
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
    """There was no answer: nobody knows whether the request was carried out."""

    def __init__(self, text: str = "the connection is lost") -> None:
        super().__init__(text, temporary=True)


class SessionOver(YolkError):
    """The login is over: only a new one helps."""
