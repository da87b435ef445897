"""The internals of picows and Sanic that the hand-over relies on, none of which is public."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import picows
from picows import WSMsgType
from picows.picows import WSProtocol  # type: ignore[attr-defined]
from sanic import Request
from sanic.http.http1 import Http
from sanic.server.protocols.http_protocol import HttpProtocol


def test_picows_and_sanic_have_the_versions_that_the_hand_over_supports() -> None:
    """Check `handover.py` against a new version before you allow it here."""
    assert version("picows").startswith("2.3.")
    assert version("sanic").startswith("25.12.")


async def test_the_protocol_of_picows_has_fifteen_positional_arguments() -> None:
    """The compiled signature has no names; the number and the order of arguments count."""
    strategy = picows.WSAutoPingStrategy.PING_WHEN_IDLE

    class Quiet:
        def isEnabledFor(self, _: int) -> bool:  # noqa: N802
            return False

    arguments: tuple[Any, ...] = (
        *(None, None, False, lambda _: None, Quiet(), True, None, False, 20, 10, strategy, False),
        *(1024, None, 2048),
    )
    protocol = WSProtocol(*arguments)

    assert protocol.is_buffered_protocol()
    assert len(protocol.get_buffer(-1)) >= 1024
    assert {kind.name for kind in WSMsgType} >= {"TEXT", "BINARY", "CONTINUATION", "CLOSE", "PING"}


def test_sanic_has_the_references_that_the_hand_over_drops() -> None:
    """Each of these would keep the request or its protocol alive as long as the socket."""
    slots = {name for kind in HttpProtocol.__mro__ for name in getattr(kind, "__slots__", ())}

    assert slots >= {"_callback_check_timeouts", "connections", "conn_info", "recv_buffer"}
    assert slots >= {"_http", "_task", "state"}  # which show that a request head has not arrived
    assert {"transport", "_protocol", "stream"} <= set(Request.__slots__)
    assert {"upgrade_websocket", "keep_alive", "request_body", "response_func"} <= set(
        Http.__slots__
    )
