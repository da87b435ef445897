"""A client's address cannot be forged, and behind proxies it is the one that they report."""

from __future__ import annotations

import secrets
from collections import Counter

import pytest

from tests.chat.test_limits_logins import Start
from tests.chat.test_limits_logins import start as start  # noqa: PLC0414 - a fixture
from yolk.testing import Server

FORGED = [
    {"X-Forwarded-For": "192.0.2.{}"},
    {"X-Real-IP": "192.0.2.{}"},
    {"Forwarded": "for=192.0.2.{}"},
    {"Forwarded": "for=192.0.2.{};secret=x"},
    {"CF-Connecting-IP": "192.0.2.{}"},
    {"True-Client-IP": "192.0.2.{}"},
]


async def register(server: Server, number: int, headers: dict[str, str]) -> int:
    """Register with headers that contain a number, and return the status."""
    named = {name: value.format(number) for name, value in headers.items()}
    body = {"username": "user-" + secrets.token_hex(4), "password": "correct horse"}
    return (await server.ask("POST", "/auth/register", json=body, headers=named)).status_code


async def test_no_header_is_believed_without_a_proxy(start: Start) -> None:
    """With `proxies = 0` whoever changes a header is the same client."""
    server = start("register = '2/hour'")

    seen = Counter(
        [await register(server, number, FORGED[number % len(FORGED)]) for number in range(8)]
    )

    assert seen == {200: 2, 429: 6}


@pytest.mark.parametrize("header", ["{}", "{}, 198.51.100.7", "garbage, {}, 198.51.100.7"])
async def test_behind_a_proxy_what_the_client_sends_is_not_believed(
    start: Start, header: str
) -> None:
    """With `proxies = 1` the last entry counts, which the proxy adds."""
    server = start("register = '2/hour'", "proxies = 1")
    if header == "{}":
        seen = [await register(server, one, {"X-Forwarded-For": "192.0.2.{}"}) for one in range(4)]
        assert seen == [200] * 4
    else:
        seen = [await register(server, one, {"X-Forwarded-For": header}) for one in range(4)]
        assert seen == [200, 200, 429, 429]


async def test_what_is_no_address_counts_as_the_proxy(start: Start) -> None:
    """A text that is no address, or an entry that is missing, does not make a new client."""
    server = start("register = '2/hour'", "proxies = 1")

    seen = [await register(server, one, {"X-Forwarded-For": "no-{}"}) for one in range(2)]
    seen += [await register(server, one, {}) for one in range(2)]

    assert seen == [200, 200, 429, 429]
