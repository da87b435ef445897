"""The settings of the plugin, and the keys that sign and verify tokens."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import msgspec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

import jwt
from jwt.algorithms import HMACAlgorithm
from jwt.utils import force_bytes
from yolk import StartError

MIN_SECRET_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Bytes of a secret: as many as the hash has (RFC 7518, section 3.2)."""


class JwtSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How tokens are signed."""

    algorithm: Literal["HS256", "HS384", "HS512", "RS256", "ES256", "EdDSA"] = "HS256"
    """The signature algorithm. Those with HS need `secret`, the others need a pair of keys."""
    secret: str | None = None
    """The secret of an algorithm with HS. Without one, a random secret is created in the data
    folder; in prod the application does not start without one."""
    private_key: str | None = None
    """The private key: a PEM file, relative to the application's root. Without one, tokens are
    only verified."""
    public_key: str | None = None
    """The public key: a PEM file; by default the public half of the private key."""
    expires_in: int = 7200
    """The lifetime of a token, in seconds."""
    leeway: int = 0
    """The accepted difference between the clocks of two machines, in seconds."""
    allow_short_secret: bool = False
    """Accept a secret that is too short, such as an Egg application's, in prod."""

    def check(self, env: str) -> None:
        """
        Check that the settings are complete, and secure enough for prod.

        Raises:
            StartError: they are not.
        """
        least = MIN_SECRET_BYTES.get(self.algorithm)
        if least is None:
            if not (self.private_key or self.public_key):
                raise StartError(
                    f"the plugin jwt: {self.algorithm} needs a key; set jwt.private_key or "
                    "jwt.public_key to a PEM file."
                )
            return
        if env != "prod":
            return
        if not self.secret:
            raise StartError(
                "the plugin jwt has no secret in prod; set JWT_SECRET to at least "
                f"{least} random bytes."
            )
        if len(self.secret.encode()) < least and not self.allow_short_secret:
            raise StartError(
                f"the plugin jwt: JWT_SECRET is shorter than {least} bytes; "
                "use a longer one, or set jwt.allow_short_secret to keep an Egg application's."
            )


class Keys(NamedTuple):
    """The keys of one algorithm."""

    signing: str | bytes | None
    """The secret or private key; None where tokens are only verified."""
    checking: Any
    """The secret as a `jwt.PyJWK`, or the public key as PyJWT has parsed it."""


class _CheckedHmac(HMACAlgorithm):
    """
    HMAC with a secret that was checked when it was loaded.

    PyJWT checks with every token whether the secret is a public key by mistake, which takes a
    third of its time. Everything else about a token is checked by PyJWT as always.
    """

    def prepare_key(self, key: str | bytes) -> bytes:
        return force_bytes(key)


def load_keys(settings: JwtSettings, root: Path, data: Path) -> Keys:
    """
    Return the keys that *settings* name.

    Args:
        settings: the plugin's settings.
        root: the folder that the keys' paths are relative to.
        data: the folder for a generated secret.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file contains no such key.
    """
    if settings.algorithm in MIN_SECRET_BYTES:
        secret = settings.secret or _local_secret(data / "jwt.secret")
        return Keys(secret, _checked(secret, settings.algorithm))
    private = (root / settings.private_key).read_bytes() if settings.private_key else None
    if settings.public_key:
        public = (root / settings.public_key).read_bytes()
    else:
        assert private is not None  # noqa: S101 - ensured by JwtSettings.check
        public = _public_half(private)
    return Keys(private, _try(settings, private, public))


def _checked(secret: str, algorithm: str) -> jwt.PyJWK:
    """
    Return a secret as a key that PyJWT does not check again with every token.

    Raises:
        ValueError: it is a public key, or otherwise no secret.
    """
    checker = cast(HMACAlgorithm, jwt.get_algorithm_by_name(algorithm))
    try:
        checker.prepare_key(secret)
    except jwt.InvalidKeyError as error:
        raise ValueError(f"it is not a secret for {algorithm} ({error})") from None
    key = jwt.PyJWK(HMACAlgorithm.to_jwk(secret, as_dict=True), algorithm)
    key.Algorithm = _CheckedHmac(checker.hash_alg)
    return key


def _public_half(private: bytes) -> bytes:
    key = load_pem_private_key(private, password=None).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _try(settings: JwtSettings, private: bytes | None, public: bytes) -> Any:
    """
    Sign and verify once, so that wrong keys stop the start instead of failing every request.

    Returns:
        the parsed public key.
    """
    algorithm = jwt.get_algorithm_by_name(settings.algorithm)
    try:
        checking = algorithm.prepare_key(public)
        signature = algorithm.sign(b"", algorithm.prepare_key(private)) if private else None
    except (jwt.InvalidKeyError, TypeError, ValueError) as error:
        raise ValueError(f"it is not a key for {settings.algorithm} ({error})") from None
    if signature and not algorithm.verify(b"", checking, signature):
        raise ValueError("jwt.public_key is not the public half of jwt.private_key")
    return checking


def _local_secret(path: Path) -> str:
    """Return the secret in *path*, created when missing. Workers that race agree on one."""
    if not path.exists():
        mine = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(mine, path)  # fails if another worker was first: its secret is used
        except FileExistsError:
            pass
        finally:
            mine.unlink()
    return path.read_text().strip()
