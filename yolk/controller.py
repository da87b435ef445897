"""The base classes of controllers and services."""

from __future__ import annotations

from typing import Any, ClassVar, Generic

from typing_extensions import TypeVar

from yolk.context import Context

C = TypeVar("C", bound=Context, default=Context)


class Controller(Generic[C]):
    """
    A class whose methods handle requests. It is instantiated for each request or socket.

    `Controller[Context]`, with the application's own `Context`, types `self.ctx`.
    """

    section: ClassVar[str] = ""
    """The heading of its addresses in /docs; by default its name. Controllers may share one."""
    section_summary: ClassVar[str] = ""
    """What people can do with these addresses; by default the class's docstring."""

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
    """A part of the application's logic, called as `ctx.service.<name>`. It sends no responses."""
