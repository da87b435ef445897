"""`app.http`: Egg's `router.get(path, ...middleware, handler)` as ordinary Sanic routes."""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from sanic import HTTPResponse
from sanic import Request as SanicRequest
from sanic.response import ResponseStream, empty

from yolk.body import Body, Stopping
from yolk.compose import Handler, Middleware, compose
from yolk.controller import Controller
from yolk.errors import ApiError, StartError
from yolk.tree import find

if TYPE_CHECKING:
    from yolk.application import Application

EGG_PARAMETER = re.compile(r":(\w+)")


class Route(NamedTuple):
    """An address and who answers there: what was mounted, for those who want to look at it."""

    methods: tuple[str, ...]
    path: str
    """In Sanic's form."""
    chain: tuple[Middleware, ...]
    """The middlewares, those of the whole application among them, the outermost first."""
    handler: Handler
    name: str
    """What Sanic's router calls it, behind the application's name."""


class HttpRouter:
    """Mounts handlers, each behind its middlewares, on the application."""

    def __init__(self, app: Application) -> None:
        self.routes: list[Route] = []
        """What was mounted, in that order."""
        self._app = app
        self._stopping = False
        self._under_way = 0
        self._bodies: set[Body] = set()
        """Those that are being read."""
        self._idle = asyncio.Event()

    def get(self, path: str, *middleware_then_handler: Any) -> None:
        """Answer GET *path*; the last argument is the handler, those before it middlewares."""
        self.mount(("GET",), path, *middleware_then_handler)

    def post(self, path: str, *middleware_then_handler: Any, stream: bool = False) -> None:
        """Answer POST *path*."""
        self.mount(("POST",), path, *middleware_then_handler, stream=stream)

    def put(self, path: str, *middleware_then_handler: Any, stream: bool = False) -> None:
        """Answer PUT *path*."""
        self.mount(("PUT",), path, *middleware_then_handler, stream=stream)

    def patch(self, path: str, *middleware_then_handler: Any, stream: bool = False) -> None:
        """Answer PATCH *path*."""
        self.mount(("PATCH",), path, *middleware_then_handler, stream=stream)

    def delete(self, path: str, *middleware_then_handler: Any) -> None:
        """Answer DELETE *path*."""
        self.mount(("DELETE",), path, *middleware_then_handler)

    def mount(
        self,
        methods: Sequence[str],
        path: str,
        *middleware_then_handler: Any,
        stream: bool = False,
    ) -> None:
        """
        Answer *methods* at *path*.

        Args:
            methods: HTTP methods, in capitals.
            path: with parameters as `:id` (Egg) or `<id>`, `<id:int>` (Sanic).
            middleware_then_handler: middlewares of this route, the outermost first, then the
                handler: a controller's method, its dotted name, or any `async def f(ctx)`.
            stream: whether the handler reads the body by itself, from `ctx.stream`, as it comes:
                it may be of any length, and none of it is in `ctx.request.body`.

        Raises:
            StartError: there is no such handler.
        """
        *middlewares, target = middleware_then_handler
        handler = resolve_handler(self._app, target)
        stack: list[Middleware] = [*self._app.http_middlewares(), *middlewares]
        app = self._app

        async def endpoint(request: SanicRequest, **params: Any) -> Any:
            try:
                if self._stopping:
                    raise Stopping
                ctx = app.context_class.for_http(app, request, params)
            except ApiError as error:
                return app.answer_error(request, error)
            self._under_way += 1
            if stream:
                ctx.stream = Body(request)
                self._bodies.add(ctx.stream)
            try:
                returned = await compose(stack, ctx, handler)
            except ApiError as error:
                ctx.fail(error)
                returned = None
            finally:
                self._under_way -= 1
                if ctx.stream:
                    self._bodies.discard(ctx.stream)
                if self._under_way == 0:
                    self._idle.set()
            if isinstance(returned, (HTTPResponse, ResponseStream)):
                ctx.body = returned
            response = ctx.response()
            if ctx.stream and ctx.stream.unread:
                return await refuse_the_rest(request, ctx.stream, response)
            return response

        endpoint.__doc__ = handler.__doc__
        path = sanic_path(path)
        name = "_".join([*methods, *re.findall(r"\w+", path), str(len(self.routes) + 1)]).lower()
        app.add_route(endpoint, path, methods=list(methods), name=name, unquote=True, stream=stream)
        self.routes.append(Route(tuple(methods), path, tuple(stack), handler, name))

    async def stop(self, timeout: float) -> None:
        """
        Refuse new requests as temporary, and wait for those that are under way.

        Args:
            timeout: seconds, after which they find closed what they need.
        """
        self._stopping = True
        self._idle.clear()
        for body in self._bodies:
            body.stop()
        if self._under_way:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), timeout)


def answer_head_and_options(app: Application) -> None:
    """
    Let what answers GET answer HEAD, and every path OPTIONS with the methods that it knows.

    sanic-ext would do it, but after the start: then Sanic builds all of its routers anew for each
    of these routes, which is half of the time that a worker takes to start. What only some hosts
    answer stays with it.
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


async def refuse_the_rest(
    request: SanicRequest, body: Body, response: HTTPResponse | ResponseStream
) -> HTTPResponse | ResponseStream | None:
    """Answer before the body has come, in such a way that a client that still sends reads it."""
    if isinstance(response, ResponseStream):
        return response
    body.close_after()
    sent = await request.respond(response)
    await sent.send(end_stream=True)
    await body.discard()
    return None


def sanic_path(path: str) -> str:
    """Write Egg's `/foo/:id` as Sanic's `/foo/<id>`; Sanic's own form stays as it is."""
    return path if "<" in path else EGG_PARAMETER.sub(r"<\1>", path)


def resolve_handler(app: Application, target: Any) -> Handler:
    """
    Give a callable that takes a context.

    Args:
        app: whose controllers a dotted name is looked up in.
        target: a controller's method, its dotted name below `app.controller`, or any function
            of a context.

    Raises:
        StartError: there is no such handler; the sentence lists what there is.
    """
    if isinstance(target, str):
        try:
            target = find(app.controller, target)
        except AttributeError as error:
            raise StartError(f"routes: no handler {target!r}: {error}") from None
    if not callable(target) or isinstance(target, type):
        raise StartError(f"routes: {target!r} is no handler; name a controller's method.")
    owner = controller_of(target)
    if owner is None:
        handler: Handler = target
        return handler
    method_name = target.__name__

    async def handle(ctx: Any) -> Any:
        # Called by name, so that a subclass's override counts.
        return await getattr(owner(ctx), method_name)()

    handle.__doc__ = target.__doc__
    handle.__module__, handle.__qualname__ = owner.__module__, target.__qualname__
    handle.__dict__.update(target.__dict__)  # what it says of itself: see `yolk.describe`
    return handle


def controller_of(target: Any) -> type[Controller[Any]] | None:
    """Find the controller class that a plain function, or the handler of one, is a method of."""
    if not inspect.isfunction(target) or "." not in target.__qualname__:
        return None
    owner: Any = sys.modules.get(target.__module__)
    for name in target.__qualname__.split(".")[:-1]:
        owner = getattr(owner, name, None)
    return owner if isinstance(owner, type) and issubclass(owner, Controller) else None
