"""`ctx`: one request or one WebSocket, as middlewares, controllers and services see it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec
from sanic import HTTPResponse
from sanic.response import ResponseStream

from yolk.errors import INVALID, ApiError
from yolk.languages import choose_language
from yolk.request import NO_VALUES, Headers, Request, Values, check_texts
from yolk.settings import LOCALES
from yolk.tree import BoundTree

if TYPE_CHECKING:
    from sanic import Request as SanicRequest

    from yolk.application import Application
    from yolk.body import Body
    from yolk.contracts import WebSocket

T = TypeVar("T")

Answer = HTTPResponse | ResponseStream
"""The response types that Sanic sends."""


class Context:
    """
    One request or one WebSocket.

    An application adds methods in `extend/context.py`, plugins with `Plugin.context`.
    """

    app: Application
    """The application."""
    request: Request
    """The request; on a WebSocket, the request that opened it."""
    params: Values
    """The parameters of the path."""
    websocket: WebSocket
    """The open WebSocket; None for a request over HTTP."""
    req: SanicRequest | None
    """Sanic's own request, over HTTP only."""
    stream: Body | None = None
    """The body as a stream, on routes that were mounted with `stream=True`."""

    # As in Koa, a handler sets the answer here; it is sent when the chain has run.
    status: int | None = None
    """The HTTP status of the answer; 200 by default."""
    body: Any = None
    """The body of the answer: text, bytes, a Sanic response, or anything that becomes JSON."""
    _headers: dict[str, str] | None = None

    def __init__(
        self,
        app: Application,
        request: Request,
        params: Mapping[str, Any],
        *,
        websocket: WebSocket | None = None,
        req: SanicRequest | None = None,
    ) -> None:
        self.app = app
        self.request = request
        found = {name: str(value) for name, value in params.items()}
        self.params = Values(found) if found else NO_VALUES
        self.websocket = websocket  # type: ignore[assignment]  # None on HTTP, as in Egg
        self.req = req

    @classmethod
    def for_http(
        cls, app: Application, request: SanicRequest, params: Mapping[str, Any]
    ) -> Context:
        """Return the context of an HTTP request."""
        ctx = cls(app, Request(request), params, req=request)
        ctx.request.parse_body(request)
        return ctx

    @classmethod
    def for_websocket(
        cls,
        app: Application,
        request: SanicRequest,
        websocket: WebSocket,
        params: Mapping[str, Any],
    ) -> Context:
        """Return the context of a WebSocket. It does not keep Sanic's request alive."""
        copied = Request(request)
        copied.detach()
        return cls(app, copied, params, websocket=websocket)

    @classmethod
    def for_command(cls, app: Application, name: str) -> Self:
        """Return the context of a command of `python -m yolk`, which has no request."""
        return cls(app, Request.of_command(name), {})

    @property
    def query(self) -> Values:
        """The parameters of the query string: `ctx.query.token`."""
        return self.request.query

    @property
    def header(self) -> Headers:
        """The headers: `ctx.header.token`."""
        return self.request.header

    @property
    def service(self) -> Any:
        """The application's services, bound to this context: `ctx.service.cache.get(key)`."""
        return BoundTree(self.app.service, self)

    @property
    def logger(self) -> logging.Logger:
        """The application's logger."""
        return self.app.logger

    def set(self, header: str, value: str) -> None:
        """Set a header of the answer."""
        if self._headers is None:
            self._headers = {}
        self._headers[header] = value

    def api_success(self, data: Any = None, msg: str = "ok", status: int = 200) -> None:
        """Answer `{"msg": "ok", "data": ...}`."""
        self.status = status
        self.body = {"msg": msg, "data": data}

    def api_fail(
        self,
        data: Any = None,
        msg: str = "fail",
        status: int = 400,
        *,
        code: int | None = None,
        temporary: bool = False,
    ) -> None:
        """
        Answer `{"msg": "fail", "data": ..., "code": ..., "temporary": ...}`.

        Args:
            data: the text for people.
            msg: the outcome, "fail" as in Egg.
            status: the HTTP status.
            code: the error code for programs; without one the answer has neither `code` nor
                `temporary`, as in Egg.
            temporary: whether the same request may succeed later.
        """
        self.status = status
        self.body = {"msg": msg, "data": data}
        if code is not None:
            self.body |= {"code": code, "temporary": temporary}

    @property
    def locale(self) -> str:
        """The language of errors: what `Accept-Language` asks for, or the setting `locale`."""
        default = str(self.app.config.locale)
        return choose_language(self.header.accept_language, LOCALES, default)

    def fail(self, error: ApiError) -> None:
        """Answer with *error*, in the language of the client."""
        text = error.text(self.locale)
        self.api_fail(text, status=error.status, code=error.code, temporary=error.temporary)
        if error.temporary:
            self.set("Retry-After", str(error.retry_after))

    def read(self, kind: type[T], values: Mapping[str, Any] | None = None) -> T:
        """
        Return the parameters of the body, or *values*, as *kind*.

        Args:
            kind: a `msgspec.Struct` that declares names, types and limits.
            values: the values to read in place of the body, such as `ctx.query`.

        Raises:
            ApiError: a parameter is missing or invalid; the text names it.
        """
        if values is not None:
            check_texts(values)
        try:
            return msgspec.convert(
                dict(self.request.body if values is None else values), kind, strict=False
            )
        except msgspec.ValidationError as error:
            raise ApiError(INVALID, str(error)) from None

    def response(self) -> Answer:
        """Return Sanic's response from `status`, `body` and the headers."""
        body = self.body
        if isinstance(body, (HTTPResponse, ResponseStream)):
            if self._headers:
                body.headers.update(self._headers)
            return body
        if body is None and self.status is None:
            self.api_fail("Not Found", status=404)
            body = self.body
        if body is None or isinstance(body, (str, bytes)):
            kind = (
                "application/octet-stream"
                if isinstance(body, bytes)
                else "text/plain; charset=utf-8"
            )
            return HTTPResponse(body, self.status or 200, self._headers, kind)
        return HTTPResponse(
            msgspec.json.encode(body), self.status or 200, self._headers, "application/json"
        )
