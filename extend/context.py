"""What `ctx` gets from the application: Egg's `app/extend/context.js`."""

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
    """One request or one socket of the chat."""

    app: Application
    claims: dict[str, Any]
    """What the token says, once `verify_token` or `authenticate` has run."""
    user: User
    """Who asks, once `load_user` or `authenticate` has run."""

    says_delivered: bool = False
    """Whether the client moves its delivered cursor itself."""

    watched: frozenset[int] = frozenset()
    """Whose coming and going the socket sees."""

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
        """Register this socket as one of *user_id*'s, and the user as online."""
        await self.app.ws.online(self.websocket, user_id, _REPLACED)

    async def offline(self) -> None:
        """Take back what `online` did: this socket goes, and no other."""
        await self.app.ws.offline(self.websocket)

    def read(self, kind: type[T], values: Mapping[str, Any] | None = None) -> T:
        """
        Read the body's parameters, or *values*, as *kind*.

        Raises:
            InvalidData: a parameter is missing or not what it should be; the text names it.
        """
        try:
            return super().read(kind, values)
        except ApiError as error:
            raise InvalidData(str(error)) from None

    @property
    def unavailable_errors(self) -> tuple[type[BaseException], ...]:
        """What is raised while the database or Redis is away."""
        return (
            *self.app.orm.unavailable_errors,
            *self.app.redis.unavailable_errors,
            ConnectionError,  # the backplane of the sockets
        )

    def fault(self, error: BaseException) -> ChatError:
        """Give what a client is told of an error that is not the client's."""
        if isinstance(error, self.unavailable_errors):
            self.logger.error("%s: database or Redis is away: %s", self.request.path, error)
            return Unavailable()
        self.logger.error("%s failed", self.request.path, exc_info=error)
        return ServerFault()

    def refuse(self, reason: Disconnected | Unavailable) -> None:
        """Tell a socket why it may not stay, in the seed's words, and close it."""
        self.websocket.send(reason.farewell())
        self.websocket.close(reason.close_code)


_REPLACED = CloseNotice(LoggedInElsewhere().farewell(), LoggedInElsewhere.close_code)
