"""`app.ws`: the chain and the routes of sockets, and the way to every socket of every worker."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

from sanic import HTTPResponse, Request
from sanic.response import json

from yolk import Application, Context, Handler, Middleware, Route, StartError, compose, sanic_path

from . import frames, upgrade
from .backplane import Events
from .engine import Engine
from .handover import hand_over
from .presence import Farewell, Presence
from .rooms import Rooms
from .sending import Sending
from .socket import WebSocket
from .topics import Topics

EVENTS = ("online", "offline", "position_lost")


class WebSocketServer(Sending):
    """
    All sockets of this worker.

    Porters may set attributes of their own, as Egg apps do with `app.ws.chat_user`.

    Args:
        app: the application that serves.
        engine: of this worker.
        use_app_middlewares: whether the HTTP middlewares of the whole application come first.
        origins: who may connect from a page; None for anybody.
        one_device: whether a user's newest socket logs the one before it out.
    """

    def __init__(
        self,
        app: Application,
        engine: Engine,
        *,
        use_app_middlewares: bool,
        origins: Collection[str] | None,
        one_device: bool,
    ) -> None:
        super().__init__(engine, Rooms(engine, Topics()))
        self.clients: set[Context] = engine.clients
        self.counters = engine.counters
        self.presence = Presence(self.rooms, one_device)
        self.events = Events(self._emit)
        engine.rooms = self.rooms
        self._app = app
        self._use_app_middlewares = use_app_middlewares
        self._origins = origins
        self._chain: list[Middleware] = []
        self._mounted: list[Route] = []
        self._listeners: dict[str, list[Callable[..., Any]]] = {event: [] for event in EVENTS}

    @property
    def users(self) -> Mapping[int, Collection[WebSocket]]:
        """User id to that user's sockets on this worker."""
        return self.rooms.topics.users

    def on(self, event: str, listener: Callable[..., Any]) -> None:
        """
        Listen to what happens to all sockets, with a plain or a coroutine function.

        Args:
            event: "online" or "offline" (with the user's id), when a user's first socket across
                all workers came or the last went, on the worker where that happened; or
                "position_lost", when messages to this worker's sockets may have been missed.
            listener: called in this worker.

        Raises:
            ValueError: there is no such event.
        """
        if event not in self._listeners:
            raise ValueError(f"app.ws has the events {', '.join(EVENTS)}, not {event!r}.")
        self._listeners[event].append(listener)

    def _emit(self, event: str, *arguments: Any) -> None:
        for listener in self._listeners[event]:
            self._engine.call(listener, f"a listener of app.ws to {event}", *arguments)

    # --- who is online

    async def online(
        self, socket: WebSocket, user_id: int, replaced: Farewell | None = None
    ) -> bool:
        """Register *socket* under a user: see `Presence.online`."""
        return await self.presence.online(socket, user_id, replaced)

    async def offline(self, socket: WebSocket) -> None:
        """Take *socket*, and no other, from its user: see `Presence.offline`."""
        await self.presence.offline(socket)

    async def is_online(self, user_ids: Collection[int]) -> set[int]:
        """Tell which of *user_ids* have a socket on any worker: see `Presence.is_online`."""
        return await self.presence.is_online(user_ids)

    # --- routes

    def use(self, *middleware: Middleware) -> None:
        """
        Add links to the chain that every socket goes through.

        Routes that are there already do not get them, which is warned about; what is in the
        chain already is left out, with a warning.
        """
        for link in middleware:
            if link in self._chain:
                self._app.logger.warning("app.ws.use: %s is in the chain already", _name(link))
                continue
            if self._mounted:
                self._app.logger.warning(
                    "app.ws.use: %s comes after a route, which does not get it", _name(link)
                )
            self._chain.append(link)

    def route(
        self, path: str, *middleware_then_handler: Any, subprotocols: Sequence[str] = ()
    ) -> None:
        """
        Serve sockets at *path*.

        Args:
            path: with parameters as `:id` (Egg) or `<id>` (Sanic).
            middleware_then_handler: middlewares of this route, the outermost first, then the
                handler: a controller's method, its dotted name, or any function of a context.
            subprotocols: what is spoken here, the best first. The first that the client offers
                becomes `ctx.websocket.subprotocol`; where it offers none of them, that is None,
                and the handler decides.

        Raises:
            StartError: there is no such handler, or a subprotocol's name is none.
        """
        for name in subprotocols:
            if not upgrade.is_token(name):
                raise StartError(f"app.ws.route({path!r}): {name!r} is no name of a subprotocol.")
        *own, target = middleware_then_handler
        handler = self._app.resolve_handler(target)
        before = (*self._chain, *own)
        path = sanic_path(path)
        # The application's middlewares are known when it serves; then one tuple is for all.
        chain: tuple[Middleware, ...] | None = None

        async def last(ctx: Any) -> None:
            await handler(ctx)
            ctx.request.forget_parsed()
            await ctx.websocket.gone()

        async def endpoint(request: Request, **params: Any) -> HTTPResponse | None:
            nonlocal chain
            if chain is None:
                chain = (*self._app_middlewares(), *before)
            return self._open(request, params, chain, last, subprotocols)

        endpoint.__doc__ = handler.__doc__
        endpoint.is_websocket = True  # type: ignore[attr-defined]  # Sanic expects no response
        name = "_".join(["ws", str(len(self._mounted) + 1), *re.findall(r"\w+", path)])
        self._app.add_route(endpoint, path, methods=["GET"], name=name)
        self._mounted.append(Route(("GET",), path, before, handler, name))

    @property
    def routes(self) -> list[Route]:
        """What was mounted, in that order, with the chain that a socket goes through."""
        first = tuple(self._app_middlewares())
        return [route._replace(chain=(*first, *route.chain)) for route in self._mounted]

    def _app_middlewares(self) -> list[Middleware]:
        return self._app.http_middlewares() if self._use_app_middlewares else []

    def _open(
        self,
        request: Request,
        params: dict[str, Any],
        chain: tuple[Middleware, ...],
        last: Handler,
        subprotocols: Sequence[str],
    ) -> HTTPResponse | None:
        """Answer an upgrade request: with HTTP, or by handing the connection over."""
        headers = cast(upgrade.Headers, request.headers)
        refusal = upgrade.check(request.method, request.version, headers, self._origins)
        if refusal is None and self._engine.stopping:
            refusal = upgrade.Refusal(503, "服务暂时不可用, 请稍后重试", {"Retry-After": "1"})
        if refusal is not None:
            answer = {"msg": "fail", "data": refusal.text}
            return json(answer, refusal.status, dict(refusal.headers))
        subprotocol = upgrade.choose_subprotocol(headers, subprotocols) if subprotocols else None
        socket = WebSocket(self._engine, subprotocol)
        # Cast: what the framework promises of a socket, under a stricter type.
        ctx = self._app.context_class.for_websocket(self._app, request, cast(Any, socket), params)
        key = cast(str, upgrade.read_key(headers))
        if hand_over(request, key, subprotocol, socket, self._engine.limits.max_message_size):
            self._engine.joined(socket, ctx)
            if self._app.config.ACCESS_LOG:
                self._engine.access_log.opened(socket, ctx)
            self._engine.spawn(self._serve(ctx, socket, chain, last))
            socket.start_reading()
        return None

    async def _serve(
        self, ctx: Context, socket: WebSocket, chain: tuple[Middleware, ...], last: Handler
    ) -> None:
        """Run the chain around *last*, which stays until the socket is gone."""
        try:
            await compose(chain, ctx, last)
        except asyncio.CancelledError:
            raise
        except Exception:  # the boundary of one socket
            self._app.logger.exception("the chain of socket %s raised", socket.id)
            socket.close(frames.OUR_FAULT, "internal error")
        else:
            socket.close()


def _name(middleware: Middleware) -> str:
    return getattr(middleware, "__qualname__", repr(middleware))
