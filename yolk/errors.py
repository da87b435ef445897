"""The framework's errors.

YolkError
├── StartError      the application does not start; one sentence is printed
└── ApiError        one request fails; the client receives a code and a text
    └── Refusal     ... because a hook's handler refused it
"""

from __future__ import annotations

from collections.abc import Mapping

# The codes of the framework's own errors: never renumbered, never reused.
UNREADABLE = 1001
INVALID = 1002
TOO_LARGE = 4170
LATE = 4171
SERVER_FAULT = 5000
STOPPING = 5003


class YolkError(Exception):
    """Base of all errors of the framework."""


class StartError(YolkError, SystemExit):
    """
    The application cannot start. The text is one sentence: what is wrong, where, and the remedy.

    It is also a `SystemExit`: uncaught, Python prints the sentence on stderr without a traceback
    and exits with status 1.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.code = f"yolk: {message}"

    def __str__(self) -> str:
        return str(self.args[0])


class ApiError(YolkError):
    """
    One request fails, and the client receives the error.

    Args:
        code: for programs. It is part of the wire contract: never renumbered, never reused.
        message: the text for people.
        status: the HTTP status, for a request over HTTP.
        temporary: whether the same request may succeed later.
    """

    code: int
    """The code for programs."""
    status: int = 400
    """The HTTP status."""
    temporary: bool = False
    """Whether the same request may succeed later."""
    retry_after: int = 1
    """Seconds after which a temporary error may be gone; sent as `Retry-After`."""

    def __init__(
        self, code: int, message: str, *, status: int = 400, temporary: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.temporary = temporary

    def text(self, locale: str) -> str:  # noqa: ARG002 - for subclasses with several languages
        """
        Return the text for people.

        Args:
            locale: the language: a value of the setting `locale`.
        """
        return str(self)

    @classmethod
    def texts(cls) -> Mapping[str, str]:
        """Return the texts for people by language, for the OpenAPI document."""
        return {}


class Refusal(ApiError):
    """
    A hook's handler refuses.

    Args:
        code: one of the codes that the application reserves for plugins; 0 is the first of them.
        message: the text for people; by default the application's own.
        temporary: whether the same request may succeed later; true where a handler failed.
    """

    def __init__(self, code: int = 0, message: str = "", *, temporary: bool = False) -> None:
        super().__init__(code, message, temporary=temporary)
