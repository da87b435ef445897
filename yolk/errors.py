"""Everything that can go wrong, and who is told.

YolkError
├── StartError      the start stops; the person at the terminal reads one sentence
└── ApiError        one request fails; the client reads a code and a text
    └── Refusal     ... because a plugin says no
"""

from __future__ import annotations

from collections.abc import Mapping


class YolkError(Exception):
    """Base of all errors of the framework."""


class StartError(YolkError, SystemExit):
    """
    Stop the start with one sentence that says what, where, and what to do.

    It is a `SystemExit` too: uncaught, Python prints the sentence on stderr, without a
    traceback, and leaves with status 1, whoever called the factory.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.code = f"yolk: {message}"

    def __str__(self) -> str:
        return str(self.args[0])


class ApiError(YolkError):
    """
    Refuse one request with an answer that a client may see.

    Args:
        code: for programs; part of the wire contract, never renumbered, never reused.
        message: for people.
        status: HTTP status, when the request came over HTTP.
        temporary: true when the same request may succeed later.
    """

    code: int
    status: int = 400
    temporary: bool = False

    def __init__(
        self, code: int, message: str, *, status: int = 400, temporary: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.temporary = temporary

    def text(self, locale: str) -> str:  # noqa: ARG002 - for those who speak more than one
        """
        Say what people read.

        Args:
            locale: the language, as the setting `locale` has it.
        """
        return str(self)

    @classmethod
    def texts(cls) -> Mapping[str, str]:
        """Give what people may read, by language, for those who document it."""
        return {}


class Refusal(ApiError):
    """
    Say no, in a handler of a hook.

    Args:
        code: one of those that the application keeps for this; 0 takes its first.
        message: for people; by default what the application says.
        temporary: true when the same may be said yes to later. So it is where a handler failed.
    """

    def __init__(self, code: int = 0, message: str = "", *, temporary: bool = False) -> None:
        super().__init__(code, message, temporary=temporary)
