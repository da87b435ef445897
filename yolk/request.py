"""`ctx.request`: the method, path, headers, query and body of a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from sanic.headers import parse_content_header

from yolk.addresses import parse_address
from yolk.decoding import NUL, NotJson, check_breadth, decode_json, holds_nul
from yolk.errors import INVALID, UNREADABLE, ApiError
from yolk.forms import read_form

if TYPE_CHECKING:
    from sanic import Request as SanicRequest


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


NO_VALUES = Values({})


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

    def detach(self) -> None:
        """Keep the client's address in place of Sanic's request, which is then freed."""
        self._peer = self.ip

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


def check_texts(values: Mapping[str, Any]) -> None:
    """
    Check that no name or text has a NUL, which PostgreSQL does not store.

    Raises:
        ApiError: one has.
    """
    for name, value in values.items():
        if "\0" in name or (isinstance(value, str) and "\0" in value):
            raise ApiError(INVALID, NUL)


_PROXY_SETTINGS = ("PROXIES_COUNT", "REAL_IP_HEADER", "FORWARDED_SECRET")
"""Sanic's: without any of them it takes an address from no header."""


def _address_of(request: SanicRequest) -> str:
    """Return the client's address: a proxy may report any text in place of one."""
    config = request.app.config
    if not any(config.get(name) for name in _PROXY_SETTINGS):
        return request.ip  # no header is believed
    reported = request.remote_addr
    return (parse_address(reported) if reported else None) or request.ip


def _read_body(request: SanicRequest) -> dict[str, Any]:
    if not request.body:
        return {}
    kind, options = parse_content_header(request.headers.get("content-type", ""))
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        form = read_form(request, kind, str(options.get("boundary", "")))
        check_texts(form)
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
