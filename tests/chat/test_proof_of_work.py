"""The proof of work before a registration."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock, patch

import altcha
import pytest

from services.account.proof_of_work import ProofOfWork
from services.errors import BadProof
from tests.copies import copy_chat
from yolk.testing import Server


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a chat whose registrations need a little work."""
    folder = tmp_path_factory.mktemp("guarded")
    config = "auth = {'proof_of_work': 40, 'limits': {'register': '6/hour'}}"
    root = copy_chat(folder, {"config/config_proof.py": config})
    running = Server(root, folder / "data", {"YOLK_ENV": "proof"}).start()
    yield running
    running.stop()


async def challenge(server: Server) -> Any:
    """Return a new challenge."""
    return (await server.get("/auth/challenge"))["challenge"]


def solved(asked: Any, **changes: Any) -> str:
    """Return the proof for a challenge, after changes of its parameters."""
    made = altcha.Challenge.from_dict(asked)
    solution = altcha.solve_challenge(made)
    assert solution is not None
    proof = altcha.Payload(made, solution).to_dict()
    proof["challenge"]["parameters"].update(changes)
    del proof["solution"]["time"]
    return encoded(proof)


def encoded(proof: object) -> str:
    """Encode a proof as it is sent."""
    return base64.b64encode(json.dumps(proof).encode()).decode()


async def register(server: Server, proof: object = None) -> object:
    """Register a new account, and return the status and the error code."""
    body = {"username": f"ada-{secrets.token_hex(4)}", "password": "correct horse"}
    if proof is not None:
        body["altcha"] = proof  # type: ignore[assignment]  # some are no texts
    answer = await server.ask("POST", "/auth/register", json=body)
    return answer.status_code, answer.json().get("code")


async def test_a_registration_needs_a_proof_that_counts_once(guarded: Server) -> None:
    """Without one it is refused; with a used one too, and each challenge is another one."""
    first, second = await challenge(guarded), await challenge(guarded)
    proof = solved(first)

    assert await register(guarded) == (403, 4206)
    assert await register(guarded, "") == (403, 4206)
    assert await register(guarded, proof) == (200, None)
    assert await register(guarded, proof) == (403, 4207)
    again = base64.b64encode(base64.b64decode(proof).replace(b" ", b"  ")).decode()
    assert await register(guarded, again) == (403, 4207)
    assert await register(guarded, solved(second)) == (200, None)


async def test_an_invalid_proof_is_refused(guarded: Server) -> None:
    """Before anything is counted: whatever somebody sends, the next registration works."""
    asked = await challenge(guarded)
    parameters, other = asked["parameters"], await challenge(guarded)
    proof = json.loads(base64.b64decode(solved(asked)))
    foreign = altcha.create_challenge("PBKDF2/SHA-256", 1, hmac_secret="x").to_dict()
    wrong = [
        "rubbish",
        "!",
        encoded([]),
        encoded({"challenge": {}}),
        encoded({**proof, "challenge": other}),
        encoded({**proof, "solution": {"counter": 0, "derivedKey": "00" * 32}}),
        encoded({"challenge": foreign, "solution": proof["solution"]}),
        solved(asked, cost=1),
        solved(asked, expiresAt=parameters["expiresAt"] + 1),
        solved(asked, keySignature=None),
        base64.b64encode(b"[" * 3000).decode(),
        base64.b64encode(b"\xff" * 30).decode(),
    ]

    assert [await register(guarded, one) for one in wrong] == [(403, 4207)] * len(wrong)
    assert await register(guarded, 5) == (400, 1002)
    assert await register(guarded, "A" * 5000) == (400, 1002)
    assert await register(guarded, solved(asked)) == (200, None)


async def test_a_challenge_expires() -> None:
    """After ten minutes its solution is refused, whether or not it was used."""
    proof_of_work = ProofOfWork("key", 10, Mock())  # Redis is not asked
    asked = proof_of_work.challenge()
    assert asked is not None
    proof = solved(asked)

    with patch("altcha.v2.time.time", return_value=time.time() + 601), pytest.raises(BadProof):
        await proof_of_work.check(proof)


async def test_by_default_none_is_needed(server: Server) -> None:
    """The challenge is empty, and a proof is not looked at."""
    assert await challenge(server) is None
    assert await register(server, "rubbish") == (200, None)
