"""`app.http`: Egg's `router.get(path, ...middleware, handler)` as ordinary Sanic routes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sanic import HTTPResponse
from sanic import Request as SanicRequest
from sanic.response import ResponseStream, empty

from yolk.body import Body, Stopping
from yolk.compose import Handler, Middleware, compose
from yolk.early_body import EARLY_BYTES, after_rest, read_early, refuse_the_rest
from yolk.errors import ApiError
from yolk.handlers import resolve_handler
from yolk.http_protocol import Connections
from yolk.request import Request

if TYPE_CHECKING:
    from yolk.application import Application

F = TypeVar("F", bound=Callable[..., Any])
BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose bodies are read."""
EGG_PARAMETER = re.compile(r":(\w+)")


class Route(NamedTuple):
    """A mounted route."""

    methods: tuple[str, ...]
    """The HTTP methods, in capitals."""
    path: str
    """The path in Sanic's syntax."""
    chain: tuple[Middleware, ...]
    """The middlewares, including those of the whole application, the outermost first."""
    handler: Handler
    """The handler, called with the context."""
    name: str
    """The name in Sanic's router, without the application's name."""


def sends_first(handler: F) -> F:
    """
    Mark a handler of WebSockets: what it sends comes before everything else.

    What is sent to the socket's rooms, to its user and to all sockets waits until the handler has
    returned. What is sent to this socket alone does not wait.
    """
    handler.__sends_first__ = True  # type: ignore[attr-defined]
    return handler


class HttpRouter:
    """The router of HTTP requests: it mounts handlers behind middlewares."""

    def __init__(self, app: Application) -> None:
        self.routes: list[Route] = []
        """The mounted routes, in the order of mounting."""
        self._app = app
        self._stopping = False
        self._in_flight = 0
        self._bodies: set[Body] = set()
        """The bodies that are being read."""
        self._idle = asyncio.Event()
        self._body_limits: list[tuple[str, int]] = []
        self.connections = Connections()
        """What the connections of this worker share."""

    def limit_bodies(self, prefix: str, limit: int) -> None:
        """
        Limit the bodies of all routes that are mounted from now on below *prefix*.

        Args:
            prefix: the beginning of a path, such as "/auth/".
            limit: bytes, in place of `REQUEST_MAX_SIZE`. Routes with `stream=True` have no limit.
        """
        self._body_limits.append((prefix, limit))

    def get(self, path: str, *middleware_then_handler: Any) -> None:
        """Mount a handler for GET *path*; the arguments before it are middlewares."""
        self.mount(("GET",), path, *middleware_then_handler)

    def post(self, path: str, *middleware_then_handler: Any, stream: bool = False) -> None:
        """Mount a handler for POST *path*."""
        self.mount(("POST",), path, *middleware_then_handler, stream=stream)

    def put(self, path: str, *middleware_then_handler: Any, stream: bool = False) -> None:
        """Mount a handler for PUT *path*."""
        self.mount(("PUT",), path, *middleware_then_handler, stream=stream)

    def patch(self, path: str, *middleware_then_handler: Any, stream: bool = False) -> None:
        """Mount a handler for PATCH *path*."""
        self.mount(("PATCH",), path, *middleware_then_handler, stream=stream)

    def delete(self, path: str, *middleware_then_handler: Any) -> None:
        """Mount a handler for DELETE *path*."""
        self.mount(("DELETE",), path, *middleware_then_handler)

    def mount(
        self,
        methods: Sequence[str],
        path: str,
        *middleware_then_handler: Any,
        stream: bool = False,
    ) -> None:
        """
        Mount a handler for *methods* at *path*.

        Args:
            methods: HTTP methods, in capitals.
            path: the path, with parameters as `:id` (Egg) or `<id>`, `<id:int>` (Sanic).
            middleware_then_handler: the middlewares of this route, the outermost first, then the
                handler: a controller's method, its dotted name, or any `async def f(ctx)`.
            stream: whether the handler reads the body as a stream from `ctx.stream`. The body may
                then be of any length, and `ctx.request.body` is empty.

        Raises:
            StartError: there is no such handler.
        """
        *middlewares, target = middleware_then_handler
        handler = resolve_handler(self._app, target)
        stack: list[Middleware] = [*self._app.http_middlewares(), *middlewares]
        app = self._app
        timeouts = self.connections.timeouts
        limit = next((size for start, size in self._body_limits if path.startswith(start)), None)

        async def endpoint(request: SanicRequest, **params: Any) -> Any:
            ctx = app.context_class(app, Request(request), params, req=request)
            body = Body(request)
            has_body = body.unread and bool(BODY_METHODS.intersection(methods))
            chain, last = stack, handler
            self._in_flight += 1
            if has_body:
                self._bodies.add(body)
            try:
                if self._stopping:
                    raise Stopping
                if stream:
                    ctx.stream = body
                elif has_body:
                    most = app.config.REQUEST_MAX_SIZE if limit is None else limit
                    data = body.take_received(min(most, EARLY_BYTES))
                    if data is not None:
                        request.body = data
                        ctx.request.parse_body(request)
                    elif rest := await read_early(ctx, body, request, most, timeouts.body):
                        last = after_rest(rest, handler)
                returned = await compose(chain, ctx, last)
            except ApiError as error:
                ctx.fail(error)
                returned = None
            finally:
                self._in_flight -= 1
                self._bodies.discard(body)
                if self._in_flight == 0:
                    self._idle.set()
            if isinstance(returned, (HTTPResponse, ResponseStream)):
                ctx.body = returned
            response = ctx.response()
            # Of a request that has no use for a body, such as GET, a short one is ignored.
            if body.unread and (has_body or body.take_received(EARLY_BYTES) is None):
                return await refuse_the_rest(request, body, response)
            return response

        endpoint.__doc__ = handler.__doc__
        path = sanic_path(path)
        name = "_".join([*methods, *re.findall(r"\w+", path), str(len(self.routes) + 1)]).lower()
        # A stream to Sanic in any case: the body is read here, after who sends it is known.
        app.add_route(endpoint, path, methods=list(methods), name=name, unquote=True, stream=True)
        self.routes.append(Route(tuple(methods), path, tuple(stack), handler, name))

    async def stop(self, timeout: float) -> None:
        """
        Refuse new requests with a temporary error, and wait for the requests in flight.

        Args:
            timeout: how long to wait for them, in seconds.
        """
        self._stopping = True
        self._idle.clear()
        for body in self._bodies:
            body.stop()
        if self._in_flight:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), timeout)


def sanic_path(path: str) -> str:
    """Return a path in Sanic's syntax: Egg's `/foo/:id` becomes `/foo/<id>`."""
    return path if "<" in path else EGG_PARAMETER.sub(r"<\1>", path)


def answer_head_and_options(app: Application) -> None:
    """
    Mount HEAD beside every GET, and OPTIONS for every path.

    sanic-ext would do the same, but after the start: Sanic then rebuilds its routers for each of
    these routes, which is half of a worker's starting time. Routes bound to a host are left to
    sanic-ext.
    """
    for group in [*app.router.groups.values()]:
        if any(route.requirements for route in group):
            continue
        name = group[0].name.partition(".")[2]
        common: dict[str, Any] = {
            "uri": group.uri,
            "unquote": group.unquote,
            "strict_slashes": group.strict,
        }
        get = next((route for route in group if "GET" in route.methods), None)
        if get and "HEAD" not in group.methods:
            app.add_route(get.handler, methods=["HEAD"], name=f"{name}_head", **common)
        if "OPTIONS" not in group.methods:
            allowed = ",".join(sorted({*group.methods, "OPTIONS"}))
            app.add_route(_allowing(allowed), methods=["OPTIONS"], name=f"{name}_options", **common)


def _allowing(methods: str) -> Callable[..., Coroutine[Any, Any, HTTPResponse]]:
    async def allow(_: SanicRequest, **__: Any) -> HTTPResponse:
        return empty(headers={"Allow": methods})

    return allow
