"""`app.http`: Egg's `router.get(path, ...middleware, handler)` as ordinary Sanic routes."""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sanic import HTTPResponse
from sanic import Request as SanicRequest
from sanic.response import ResponseStream, empty

from yolk.body import Body, BodyBroken, BodyLate, Stopping
from yolk.compose import Handler, Middleware, compose
from yolk.context import Context
from yolk.controller import Controller
from yolk.errors import ApiError, StartError
from yolk.http_protocol import Connections
from yolk.request import UNREADABLE, Request
from yolk.tree import find

if TYPE_CHECKING:
    from yolk.application import Application

F = TypeVar("F", bound=Callable[..., Any])
BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose bodies are read."""
EARLY_BODY = 64 * 1024
"""Bytes of a body that are read before the middlewares run, which may find the token in it."""
TOO_LARGE = 4170
LATE = 4171

EGG_PARAMETER = re.compile(r":(\w+)")


class BodyTooLarge(ApiError):
    """The body has more bytes than the route allows."""

    def __init__(self) -> None:
        super().__init__(TOO_LARGE, "The body is too large", status=413)


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
                    data = body.take_received(min(most, EARLY_BODY))
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
            if has_body and body.unread:
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


async def read_early(
    ctx: Context, body: Body, request: SanicRequest, limit: int, patience: float
) -> Callable[[], Awaitable[None]] | None:
    """
    Read a body before the middlewares run: a large one only in part, until they let it in.

    Args:
        ctx: of the request; the body is parsed into it.
        body: of the request.
        request: Sanic's own.
        limit: bytes.
        patience: seconds to wait for the next chunk.

    Returns:
        what reads the rest, or None where all was read.

    Raises:
        BodyTooLarge: there are more bytes.
        ApiError: the body is malformed, or did not come.
    """
    if body.length is not None and body.length > limit:
        raise BodyTooLarge
    data = b""

    async def read(upto: int) -> None:
        nonlocal data
        try:
            data += await body.read(upto - len(data), patience)
        except BodyBroken as error:
            body.close_after()
            if isinstance(error, BodyLate):
                raise ApiError(LATE, "The body did not arrive in time", status=408) from None
            raise ApiError(UNREADABLE, f"The body is incomplete: {error}") from None
        if len(data) > limit:
            raise BodyTooLarge
        if not body.unread:
            request.body = data
            ctx.request.parse_body(request)

    async def read_rest() -> None:
        await read(limit + 1)

    if body.length is None or body.length <= EARLY_BODY:
        await read(min(EARLY_BODY, limit) + 1)
    return read_rest if body.unread else None


def after_rest(read_rest: Callable[[], Awaitable[None]], handler: Handler) -> Handler:
    """Return a handler that first reads the rest of the body."""

    async def handle(ctx: Any) -> Any:
        await read_rest()
        return await handler(ctx)

    return handle


async def refuse_the_rest(
    request: SanicRequest, body: Body, response: HTTPResponse | ResponseStream
) -> HTTPResponse | ResponseStream | None:
    """Answer before the body was read, so that a client that is still sending gets the answer."""
    if isinstance(response, ResponseStream):
        return response
    body.close_after()
    sent = await request.respond(response)
    await sent.send(end_stream=True)
    await body.discard()
    return None


def sanic_path(path: str) -> str:
    """Return a path in Sanic's syntax: Egg's `/foo/:id` becomes `/foo/<id>`."""
    return path if "<" in path else EGG_PARAMETER.sub(r"<\1>", path)


def resolve_handler(app: Application, target: Any) -> Handler:
    """
    Return a callable that takes a context.

    Args:
        app: the application, whose controllers are searched for a dotted name.
        target: a controller's method, its dotted name below `app.controller`, or any function
            that takes a context.

    Raises:
        StartError: there is no such handler; the text lists the existing names.
    """
    if isinstance(target, str):
        try:
            target = find(app.controller, target)
        except AttributeError as error:
            raise StartError(f"routes: no handler {target!r}: {error}") from None
    if not callable(target) or isinstance(target, type):
        raise StartError(f"routes: {target!r} is not a handler; name a controller's method.")
    owner = controller_of(target)
    if owner is None:
        return target if inspect.iscoroutinefunction(target) else _awaiting(target)
    method_name = target.__name__

    async def handle(ctx: Any) -> Any:
        # Called by name, so that a subclass's override is used.
        result = getattr(owner(ctx), method_name)()
        return await result if inspect.isawaitable(result) else result

    handle.__doc__ = target.__doc__
    handle.__module__, handle.__qualname__ = owner.__module__, target.__qualname__
    handle.__dict__.update(target.__dict__)  # its description: see `yolk.describe`
    return handle


def _awaiting(target: Callable[[Any], Any]) -> Handler:
    """Return a handler that calls a plain function, which may return an awaitable."""

    @wraps(target)
    async def handle(ctx: Any) -> Any:
        result = target(ctx)
        return await result if inspect.isawaitable(result) else result

    return handle


def controller_of(target: Any) -> type[Controller[Any]] | None:
    """Return the controller class whose method *target* is, or None."""
    if not inspect.isfunction(target) or "." not in target.__qualname__:
        return None
    owner: Any = sys.modules.get(target.__module__)
    for name in target.__qualname__.split(".")[:-1]:
        owner = getattr(owner, name, None)
    return owner if isinstance(owner, type) and issubclass(owner, Controller) else None
