"""When a ping is due, when a peer is dead, and what a pong proves."""

from __future__ import annotations

import pytest

from plugins.websocket.connection.heartbeat import MAX_LABELS, Heartbeat
from plugins.websocket.rfc6455 import frames
from yolk import Label


def number(sent: int) -> bytes:
    """Return the payload of a ping after so many frames."""
    return sent.to_bytes(8, "big")


def test_only_a_silent_peer_is_pinged() -> None:
    """Silent means that no frame came since the last check."""
    heartbeat = Heartbeat()
    assert heartbeat.check(received=0, sent=0) is None
    assert heartbeat.check(received=1, sent=0) is None
    assert heartbeat.check(received=1, sent=0) == frames.PING


def test_a_peer_that_stays_silent_is_dead() -> None:
    """Any frame counts as an answer to a ping without a number."""
    heartbeat = Heartbeat()
    heartbeat.check(received=0, sent=0)
    assert heartbeat.check(received=0, sent=0) == frames.PING
    assert heartbeat.check(received=1, sent=1) is None
    assert heartbeat.check(received=1, sent=1) == frames.PING
    with pytest.raises(TimeoutError):
        heartbeat.check(received=1, sent=2)


@pytest.mark.parametrize("method", ["skip", "restart"])
def test_time_in_which_nothing_was_read_is_no_silence(method: str) -> None:
    """A peer that could not be heard is not taken for dead."""
    heartbeat = Heartbeat()
    heartbeat.check(received=0, sent=0)
    heartbeat.check(received=0, sent=0)
    getattr(heartbeat, method)()
    assert heartbeat.check(received=0, sent=1) is None


def test_a_pong_proves_the_labels_before_its_ping() -> None:
    """Each label is reported once; one of a later frame needs another ping."""
    heartbeat = Heartbeat()
    heartbeat.add_label(1, Label("a", 1))
    heartbeat.add_label(2, Label("b", 7))
    assert heartbeat.check(received=1, sent=2) == frames.ping(number(2))
    heartbeat.add_label(4, Label("a", 2))

    assert heartbeat.pong(number(2)) == [Label("a", 1), Label("b", 7)]
    assert heartbeat.pong(number(2)) == []

    assert heartbeat.check(received=5, sent=4) == frames.ping(number(4))
    assert heartbeat.pong(number(4)) == [Label("a", 2)]
    assert heartbeat.check(received=6, sent=5) is None


def test_other_pongs_prove_nothing() -> None:
    """Neither one without a ping, nor one with another payload, nor a late one after a pause."""
    heartbeat = Heartbeat()
    heartbeat.add_label(1, Label("a", 1))
    assert heartbeat.pong(number(1)) == []
    heartbeat.check(received=0, sent=1)
    assert heartbeat.pong(b"") == []
    assert heartbeat.pong(b"forged") == []
    assert heartbeat.pong(number(2)) == []
    heartbeat.skip()
    assert heartbeat.pong(number(1)) == []


def test_unconfirmed_labels_are_bounded() -> None:
    """The oldest are forgotten."""
    heartbeat = Heartbeat()
    for seq in range(1, MAX_LABELS + 3):
        heartbeat.add_label(seq, Label("a", seq))
    sent = MAX_LABELS + 2
    heartbeat.check(received=0, sent=sent)
    assert heartbeat.pong(number(sent)) == [Label("a", seq) for seq in range(3, sent + 1)]
