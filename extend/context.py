"""What the chat adds to `ctx`: Egg's `app/extend/context.js`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import yolk
from services.errors import (
    ChatError,
    Disconnected,
    InvalidData,
    LoggedInElsewhere,
    ServerFault,
    Unavailable,
)
from yolk import ApiError, CloseNotice

if TYPE_CHECKING:
    from extend.application import Application, WebSocket
    from extend.trees import Services
    from models import User

T = TypeVar("T")


class Context(yolk.Context):
    """The context of one request or one socket of the chat."""

    app: Application
    claims: dict[str, Any]
    """The claims of the token, set by `verify_token` or `authenticate`."""
    user: User
    """The token's user, set by `load_user` or `authenticate`."""

    says_delivered: bool = False
    """Whether the client moves its delivered cursor itself."""

    watched: frozenset[int] = frozenset()
    """Users whose presence the socket watches."""
    hidden: frozenset[int] = frozenset()
    """Those of them who do not show it to this user."""

    if TYPE_CHECKING:
        websocket: WebSocket

        @property
        def service(self) -> Services: ...

        def check_token(self, token: str | None) -> dict[str, Any]: ...

    @property
    def token(self) -> str | None:
        """The token of the request: the header `token`, `Authorization: Bearer`, or `?token=`."""
        scheme, _, bearer = (self.header.authorization or "").partition(" ")
        return (
            self.header.token
            or (bearer.strip() if scheme.lower() == "bearer" else None)
            or self.query.token
        )

    async def online(self, user_id: int) -> None:
        """Register this socket as one of *user_id*'s, who is online from now on."""
        await self.app.ws.online(self.websocket, user_id, _REPLACED)

    async def offline(self) -> None:
        """Unregister this socket, and no other: the user may have more."""
        await self.app.ws.offline(self.websocket)

    def read(self, kind: type[T], values: Mapping[str, Any] | None = None) -> T:
        """
        Convert the body's parameters, or *values*, to *kind*.

        Raises:
            InvalidData: a parameter is missing or invalid; the text names it.
        """
        try:
            return super().read(kind, values)
        except ApiError as error:
            raise InvalidData(str(error)) from None

    @property
    def unavailable_errors(self) -> tuple[type[BaseException], ...]:
        """The errors that are raised while the database or Redis is unavailable."""
        return (
            *self.app.orm.unavailable_errors,
            *self.app.redis.unavailable_errors,
            ConnectionError,  # the backplane of the sockets
        )

    def fault(self, error: BaseException) -> ChatError:
        """Log an unexpected error, and return the error that the client sees in its place."""
        if isinstance(error, self.unavailable_errors):
            self.logger.error("%s: database or Redis is unavailable: %s", self.request.path, error)
            return Unavailable()
        self.logger.error("%s failed", self.request.path, exc_info=error)
        return ServerFault()

    def disconnect(self, error: Disconnected | Unavailable) -> None:
        """Send the close notice of *error* to the socket, and close it."""
        self.websocket.send(error.close_notice())
        self.websocket.close(error.close_code)


_REPLACED = CloseNotice(LoggedInElsewhere().close_notice(), LoggedInElsewhere.close_code)
