"""The check of a WebSocket handshake request (RFC 6455, section 4.2.1)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

VERSION = "13"
KEY_BYTES = 16


class Headers(Protocol):
    """Headers by name in lower case; a name may occur several times."""

    def getall(self, key: str, default: list[str]) -> list[str]:
        """Return the values of all headers called *key*."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The HTTP response to a request that does not become a WebSocket."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


def check(
    method: str, version: str, headers: Headers, origins: Collection[str] | None
) -> Refusal | None:
    """
    Check the request of a handshake.

    Args:
        method: of the request.
        version: of HTTP, such as "1.1".
        headers: of the request.
        origins: origins of pages that may open a socket, such as "https://chat.example"; None
            for any. A request without `Origin` does not come from a page.

    Returns:
        The response to send instead of the upgrade, or None if the request is valid.
    """
    if "websocket" not in _tokens(headers, "upgrade"):
        return Refusal(426, "非法访问", {"Upgrade": "websocket", "Connection": "Upgrade"})
    if method != "GET" or version != "1.1":
        return Refusal(400, "A WebSocket handshake is a GET request of HTTP/1.1.")
    if "upgrade" not in _tokens(headers, "connection"):
        return Refusal(400, "The Connection header must list upgrade.")
    versions = headers.getall("sec-websocket-version", [])
    if [value.strip() for value in versions] != [VERSION]:
        text = f"Only version {VERSION} of the WebSocket protocol is supported."
        return Refusal(426, text, {"Sec-WebSocket-Version": VERSION, "Upgrade": "websocket"})
    if read_key(headers) is None:
        return Refusal(400, "Sec-WebSocket-Key must be 16 bytes in base64.")
    if _has_body(headers):
        return Refusal(400, "A WebSocket handshake has no body.")
    if origins is not None:
        given = [value.strip().lower() for value in headers.getall("origin", [])]
        if len(given) > 1 or any(origin not in origins for origin in given):
            return Refusal(403, "This page may not connect here.")
    return None


def read_key(headers: Headers) -> str | None:
    """Return the one valid `Sec-WebSocket-Key`, or None."""
    keys = [value.strip() for value in headers.getall("sec-websocket-key", [])]
    if len(keys) != 1:
        return None
    try:
        decoded = base64.b64decode(keys[0], validate=True)
    except (binascii.Error, ValueError):
        return None
    return keys[0] if len(decoded) == KEY_BYTES else None


def choose_subprotocol(headers: Headers, supported: Sequence[str] | None) -> str | None:
    """
    Return the subprotocol of a connection (section 4.2.2), or None.

    Args:
        headers: of the request. Unlike most tokens, subprotocols are case-sensitive.
        supported: of these the first that the client offers; None for the first that it offers.
    """
    values = headers.getall("sec-websocket-protocol", [])
    if not values:
        return None
    offered = [token.strip() for value in values for token in value.split(",")]
    if supported is None:
        return next(filter(is_token, offered), None)
    return next((name for name in supported if name in offered), None)


def is_token(name: str) -> bool:
    """Return whether *name* is a token of HTTP headers (RFC 9110, section 5.6.2)."""
    return re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) is not None


def _tokens(headers: Headers, name: str) -> set[str]:
    """Return the items of a list header: Firefox sends `Connection: keep-alive, Upgrade`."""
    return {
        token.strip().lower() for value in headers.getall(name, []) for token in value.split(",")
    }


def _has_body(headers: Headers) -> bool:
    lengths = headers.getall("content-length", [])
    return bool(headers.getall("transfer-encoding", [])) or any(
        length.strip() != "0" for length in lengths
    )
