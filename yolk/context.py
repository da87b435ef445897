"""`ctx`: one request or one WebSocket, as middlewares, controllers and services see it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import parse_qsl

import msgspec
from sanic import HTTPResponse
from sanic.headers import parse_content_header
from sanic.response import ResponseStream

from yolk.addresses import parse_address
from yolk.decoding import NUL, NotJson, check_breadth, decode_json, holds_nul
from yolk.errors import ApiError
from yolk.forms import read_form
from yolk.tree import BoundTree

if TYPE_CHECKING:
    from sanic import Request as SanicRequest

    from yolk.application import Application
    from yolk.body import Body
    from yolk.contracts import WebSocket

T = TypeVar("T")

Answer = HTTPResponse | ResponseStream
"""The response types that Sanic sends."""

UNREADABLE = 1001
INVALID = 1002


class Values(Mapping[str, str]):
    """
    A mapping of texts with attribute access: `query.token`. A missing name is `None`, as in Egg.

    A name that occurs several times has its first value.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> str | None:
        return self._values.get(name)

    def __repr__(self) -> str:
        return f"Values({sorted(self._values)})"  # only names, because values may be secret


_NO_VALUES = Values({})


class Headers(Mapping[str, str]):
    """
    A case-insensitive mapping of headers; `header.user_agent` is `User-Agent`, or `None`.

    A name that occurs several times has its first value. A header is searched in the raw request
    head on access: few are used, and a parsed mapping would take more memory per socket.
    """

    __slots__ = ("_head",)

    def __init__(self, head: bytes) -> None:
        self._head = head

    def __getitem__(self, name: str) -> str:
        value = self._find(name)
        if value is None:
            raise KeyError(name)
        return value

    def _find(self, name: str) -> str | None:
        start = b"\r\n%b:" % name.lower().encode("latin-1", "replace")
        at = self._head.lower().find(start)
        if at < 0:
            return None
        value = self._head[at + len(start) :].partition(b"\r\n")[0]
        return value.decode("latin-1").strip()

    def __iter__(self) -> Iterator[str]:
        lines = self._head.decode("latin-1").lower().split("\r\n")[1:]
        return iter(dict.fromkeys(line.partition(":")[0] for line in lines if ":" in line))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getattr__(self, name: str) -> str | None:
        return self._find(name.replace("_", "-"))

    def __repr__(self) -> str:
        return f"Headers({sorted(self)})"  # only names, because values may be secret


class Request:
    """
    The request, with the names of Egg's `ctx.request`.

    On a WebSocket it lives as long as the socket, and keeps only copies of a few texts.
    """

    __slots__ = ("_body", "_head", "_peer", "_query", "method", "path")

    def __init__(self, request: SanicRequest) -> None:
        self.method: str = request.method
        self.path: str = request.path
        self._peer: SanicRequest | str = request
        self._head: bytes = request.head
        self._query: Values | None = None
        self._body: dict[str, Any] | None = None

    @classmethod
    def of_command(cls, name: str) -> Request:
        """Return a stand-in for the request in a command: without headers, body or address."""
        request = cls.__new__(cls)
        request.method, request.path = "", name
        request._peer, request._head, request._query, request._body = "", b"", None, None
        return request

    @property
    def ip(self) -> str:
        """The client's address; behind `proxies` reverse proxies, from `X-Forwarded-For`."""
        if not isinstance(self._peer, str):
            self._peer = _address_of(self._peer)
        return self._peer

    @property
    def header(self) -> Headers:
        """The headers."""
        return Headers(self._head)

    @property
    def query_string(self) -> str:
        """The query string of the URL, without the `?`."""
        target = self._head.partition(b" ")[2].partition(b" ")[0]
        return target.partition(b"?")[2].decode(errors="replace")

    @property
    def query(self) -> Values:
        """The parameters of the query string, parsed on first access."""
        if self._query is None:
            pairs = parse_qsl(self.query_string, keep_blank_values=True)
            self._query = Values(dict(reversed(pairs)))
        return self._query

    def forget_parsed(self) -> None:
        """Free the parsed query string; it is parsed again on the next access."""
        self._query = None

    def parse_body(self, request: SanicRequest) -> None:
        """
        Parse the body of *request*, once it was read.

        Raises:
            ApiError: it is neither a JSON object nor a form.
        """
        self._body = _read_body(request)

    @property
    def body(self) -> dict[str, Any]:
        """The parameters of the body, from JSON or a form; empty on a WebSocket."""
        return self._body or {}


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
        self.params = Values(found) if found else _NO_VALUES
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
        copied._peer = _address_of(request)
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

    def fail(self, error: ApiError) -> None:
        """Answer with *error*, in the application's language."""
        text = error.text(str(self.app.config.locale))
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
            _check_texts(values)
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


def _check_texts(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if "\0" in name or (isinstance(value, str) and "\0" in value):
            raise ApiError(INVALID, NUL)


def _address_of(request: SanicRequest) -> str:
    """Return the client's address: a proxy may report any text in place of one."""
    reported = request.remote_addr
    return (parse_address(reported) if reported else None) or request.ip


def _read_body(request: SanicRequest) -> dict[str, Any]:
    if not request.body:
        return {}
    kind, options = parse_content_header(request.headers.get("content-type", ""))
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        form = read_form(request, kind, str(options.get("boundary", "")))
        _check_texts(form)
        return dict(form)
    try:
        check_breadth(request.body)
        body = decode_json(request.body)
    except NotJson as error:
        raise ApiError(UNREADABLE, f"The body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise ApiError(UNREADABLE, "The body must be a JSON object")
    if holds_nul(request.body):
        raise ApiError(INVALID, NUL)
    return body
