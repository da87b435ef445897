"""What controllers and services start from."""

from __future__ import annotations

from typing import Any, Generic

from typing_extensions import TypeVar

from yolk.context import Context

C = TypeVar("C", bound=Context, default=Context)


class Controller(Generic[C]):
    """
    Answers requests: its methods are what routes name. One is made for each request or socket.

    `Controller[Context]`, with the application's own `Context`, tells an editor what `ctx` has.
    """

    def __init__(self, ctx: C) -> None:
        self.ctx = ctx

    @property
    def app(self) -> Any:
        """The application."""
        return self.ctx.app

    @property
    def service(self) -> Any:
        """The application's services, bound to this request."""
        return self.ctx.service


class Service(Controller[C]):
    """The rules of the application, called as `ctx.service.<name>`. It answers nobody itself."""
