"""The middleware chain and the routes of sockets: `app.ws.use` and `app.ws.route`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any, cast

from sanic import HTTPResponse, Request
from sanic.response import json

from yolk import (
    ApiError,
    Application,
    Context,
    Handler,
    Middleware,
    Route,
    StartError,
    compose,
    sanic_path,
)
from yolk.languages import choose_language
from yolk.settings import LOCALES

from .connection.handover import hand_over
from .engine import Engine
from .rfc6455 import frames, handshake
from .rooms import Rooms
from .socket import WebSocket


class SocketRouter:
    """
    The routes of sockets, and the chain of middlewares in front of their handlers.

    Args:
        app: the application that serves.
        engine: of this worker.
        rooms: of this worker.
    """

    def __init__(self, app: Application, engine: Engine, rooms: Rooms) -> None:
        origins = engine.settings.origins
        self._app = app
        self._engine = engine
        self._rooms = rooms
        self._origins = (
            {origin.lower() for origin in origins} if isinstance(origins, list) else None
        )
        """Origins of pages that may connect; None for any."""
        self._chain: list[Middleware] = []
        self._mounted: list[Route] = []

    def use(self, *middleware: Middleware) -> None:
        """
        Add middlewares to the chain of every socket.

        Routes that are mounted already do not get them, which is warned about; a middleware that
        is in the chain already is left out, with a warning.
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
        self,
        path: str,
        *middleware_then_handler: Any,
        subprotocols: Sequence[str] | None = None,
    ) -> None:
        """
        Serve sockets at *path*.

        Args:
            path: with parameters as `:id` (Egg) or `<id>` (Sanic).
            middleware_then_handler: middlewares of this route, the outermost first, then the
                handler: a controller's method, its dotted name, or any function of a context. If
                it is marked with `sends_first`, pushes wait until it has returned.
            subprotocols: the supported ones, the preferred first. The first that the client
                offers becomes `ctx.websocket.subprotocol`; if it offers none of them, that is
                None, and the handler decides. Without this argument the first offered one is
                accepted, as Egg does: browsers give up when none is. [] accepts none.

        Raises:
            StartError: there is no such handler, or a subprotocol's name is not valid.
        """
        for name in subprotocols or ():
            if not handshake.is_token(name):
                raise StartError(f"app.ws.route({path!r}): {name!r} is no name of a subprotocol.")
        *own, target = middleware_then_handler
        handler = self._app.resolve_handler(target)
        hold_pushes: bool = getattr(handler, "__sends_first__", False)
        before = (*self._chain, *own)
        path = sanic_path(path)
        # The application's middlewares are known when it serves; then one tuple is for all.
        chain: tuple[Middleware, ...] | None = None

        async def last(ctx: Any) -> None:
            await handler(ctx)
            ctx.websocket.release()
            ctx.request.forget_parsed()
            await ctx.websocket.closed()

        async def endpoint(request: Request, **params: Any) -> HTTPResponse | None:
            nonlocal chain
            if chain is None:
                chain = (*self._app_middlewares(), *before)
            return self._open(request, params, chain, last, subprotocols, hold_pushes)

        endpoint.__doc__ = handler.__doc__
        endpoint.is_websocket = True  # type: ignore[attr-defined]  # Sanic expects no response
        name = "_".join(["ws", str(len(self._mounted) + 1), *re.findall(r"\w+", path)])
        self._app.add_route(endpoint, path, methods=["GET"], name=name, unquote=True)
        self._mounted.append(Route(("GET",), path, before, handler, name))

    @property
    def routes(self) -> list[Route]:
        """The mounted routes in order, each with the whole chain of its sockets."""
        first = tuple(self._app_middlewares())
        return [route._replace(chain=(*first, *route.chain)) for route in self._mounted]

    def _app_middlewares(self) -> list[Middleware]:
        return self._app.http_middlewares() if self._engine.settings.use_app_middlewares else []

    def _open(
        self,
        request: Request,
        params: dict[str, Any],
        chain: tuple[Middleware, ...],
        last: Handler,
        subprotocols: Sequence[str] | None,
        hold_pushes: bool,
    ) -> HTTPResponse | None:
        """Answer an upgrade request: with HTTP, or by handing the connection over."""
        headers = cast(handshake.Headers, request.headers)
        refusal = handshake.check(request.method, request.version, headers, self._origins)
        if refusal is None and self._engine.stopping:
            refusal = handshake.Refusal(503, "服务暂时不可用, 请稍后重试", {"Retry-After": "1"})
        if refusal is not None:
            answer = {"msg": "fail", "data": refusal.text}
            return json(answer, refusal.status, dict(refusal.headers))
        try:
            self._engine.admit()
        except ApiError as error:
            return self._refuse(request, error)
        transport = cast(asyncio.Transport | None, request.transport)
        if transport is None or transport.is_closing():
            return None
        subprotocol = handshake.choose_subprotocol(headers, subprotocols)
        socket = WebSocket(self._engine, self._rooms, transport, subprotocol)
        if hold_pushes:
            socket.hold()
        ctx = self._app.context_class.for_websocket(self._app, request, socket, params)
        key = cast(str, handshake.read_key(headers))
        hand_over(request, key, subprotocol, socket, self._engine.settings.max_message_size)
        self._engine.register(socket, ctx)
        if self._app.config.ACCESS_LOG:
            self._engine.access_log.opened(socket, ctx)
        self._engine.spawn(self._serve(ctx, socket, chain, last))
        socket.start_reading()
        return None

    def _refuse(self, request: Request, error: ApiError) -> HTTPResponse:
        """Answer a request that is not upgraded now as every request over HTTP."""
        locale = choose_language(
            request.headers.get("accept-language"), LOCALES, str(self._app.config.locale)
        )
        answer = {
            "msg": "fail",
            "data": error.text(locale),
            "code": error.code,
            "temporary": error.temporary,
        }
        headers = {"Retry-After": str(error.retry_after)} if error.temporary else {}
        return json(answer, error.status, headers)

    async def _serve(
        self, ctx: Context, socket: WebSocket, chain: tuple[Middleware, ...], last: Handler
    ) -> None:
        """Run the chain around *last*, which returns when the socket is gone."""
        try:
            await compose(chain, ctx, last)
        except asyncio.CancelledError:
            raise
        except Exception:  # the boundary of one socket
            self._app.logger.exception("the chain of socket %s raised", socket.id)
            socket.close(frames.INTERNAL_ERROR, "internal error")
        else:
            socket.close()


def _name(middleware: Middleware) -> str:
    return getattr(middleware, "__qualname__", repr(middleware))
