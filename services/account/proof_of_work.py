"""A proof of work for registrations: computing time for each account, by ALTCHA's protocol."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from typing import Annotated, Any, Self

import altcha
import msgspec

from models import Secret
from services.errors import BadProof, ProofRequired
from services.redis import Redis

ALGORITHM = "PBKDF2/SHA-256"
ITERATIONS = 500
"""Iterations of PBKDF2 for one try."""
VALID_SECONDS = 600
"""How long a challenge can be solved and used."""
USED = "yolk:proof:"
"""Prefix of the Redis keys of challenges that were used."""

_Text = Annotated[str, msgspec.Meta(max_length=128)]
_Number = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class _Parameters(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    algorithm: _Text
    nonce: _Text
    salt: _Text
    cost: _Number
    key_length: _Number
    key_prefix: _Text
    key_signature: _Text
    expires_at: _Number


class _Challenge(msgspec.Struct):
    parameters: _Parameters
    signature: _Text


class _Solution(msgspec.Struct, rename="camel"):
    derived_key: _Text
    counter: _Number


class _Proof(msgspec.Struct):
    challenge: _Challenge
    solution: _Solution


class ProofOfWork:
    """
    A maker of challenges, and a verifier of their solutions, each of which counts once.

    Neither costs the server more than one try.

    Args:
        key: the same on every server.
        tries: tries that a solution takes at most, and half of them at least; 0 asks for none.
        redis: remembers used challenges.
    """

    def __init__(self, key: str, tries: int, redis: Redis) -> None:
        self._challenge_key = f"challenge:{key}"
        self._solution_key = f"solution:{key}"
        self._tries = tries
        self._redis = redis

    @classmethod
    async def load(cls, tries: int, redis: Redis) -> Self:
        """Load the key from the database, or create it."""
        first = {"value": secrets.token_hex(32)}
        secret, _ = await Secret.get_or_create(first, name="account.proof")
        return cls(secret.value, tries, redis)

    def challenge(self) -> dict[str, Any] | None:
        """Return a new challenge; None if registrations need no proof."""
        if not self._tries:
            return None
        least = self._tries // 2
        made = altcha.create_challenge(
            ALGORITHM,
            ITERATIONS,
            counter=least + secrets.randbelow(self._tries - least + 1),
            expires_at=int(time.time()) + VALID_SECONDS,
            hmac_secret=self._challenge_key,
            hmac_key_secret=self._solution_key,
        )
        return made.to_dict()

    async def check(self, proof: str) -> None:
        """
        Check the solution of a challenge, and use it up.

        Args:
            proof: base64 of JSON, as ALTCHA's widget sends it; empty if there is none.

        Raises:
            ProofRequired: there is none.
            BadProof: it is no solution, has expired or was used before.
        """
        if not self._tries:
            return
        if not proof:
            raise ProofRequired
        try:
            given = msgspec.json.decode(base64.b64decode(proof, validate=True), type=_Proof)
        except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
            raise BadProof from None
        payload = altcha.Payload.from_dict(msgspec.to_builtins(given))
        result = altcha.verify_solution(
            payload, self._challenge_key, hmac_key_secret=self._solution_key
        )
        if not result.verified:
            raise BadProof
        # The server signed the challenge, so its nonce stands for it.
        used = USED + given.challenge.parameters.nonce
        if not await self._redis.set(used, b"1", nx=True, ex=VALID_SECONDS):
            raise BadProof
