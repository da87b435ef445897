"""The keys that sign and check tokens, and where they come from."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

import jwt
from yolk import StartError

SHORTEST_SECRET = 32  # bytes: RFC 7518, section 3.2, for HS256


class JwtSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How tokens are signed. HS256 wants `secret`, the others a pair of keys."""

    algorithm: Literal["HS256", "RS256", "ES256", "EdDSA"] = "HS256"
    secret: str | None = None
    """Without one, outside of prod, a random one is made once and kept in the data folder."""
    private_key: str | None = None
    """A PEM file, seen from the application's root. Without one, tokens are only checked."""
    public_key: str | None = None
    """A PEM file; by default the public half of the private key."""
    expires_in: int = 7200
    """How long a token is good, in seconds."""
    leeway: int = 0
    """How far the clocks of two machines may differ, in seconds."""
    allow_short_secret: bool = False
    """Accept a secret under 32 bytes in prod too, such as an Egg application's."""

    def check(self, env: str) -> None:
        """Refuse settings that cannot work, or are not safe in prod."""
        if self.algorithm != "HS256":
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
                f"{SHORTEST_SECRET} random bytes."
            )
        if len(self.secret.encode()) < SHORTEST_SECRET and not self.allow_short_secret:
            raise StartError(
                f"the plugin jwt: JWT_SECRET is shorter than {SHORTEST_SECRET} bytes; "
                "take a longer one, or set jwt.allow_short_secret to keep an Egg application's."
            )


class Keys(NamedTuple):
    """What signs (or None, where tokens are only checked) and what checks."""

    signing: str | bytes | None
    checking: Any
    """What PyJWT takes: a secret, or a public key that was read already."""


def load_keys(settings: JwtSettings, root: Path, data: Path) -> Keys:
    """
    Load the keys that *settings* name.

    Args:
        settings: the plugin's settings.
        root: what the keys' paths are seen from.
        data: where a secret for local use is kept.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file holds no such key.
    """
    if settings.algorithm == "HS256":
        secret = settings.secret or _local_secret(data / "jwt.secret")
        return Keys(secret, secret)
    private = (root / settings.private_key).read_bytes() if settings.private_key else None
    if settings.public_key:
        public = (root / settings.public_key).read_bytes()
    else:
        assert private is not None  # noqa: S101 - JwtSettings.check has seen to it
        public = _public_half(private)
    return Keys(private, _try(settings, private, public))


def _public_half(private: bytes) -> bytes:
    key = load_pem_private_key(private, password=None).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _try(settings: JwtSettings, private: bytes | None, public: bytes) -> Any:
    """
    Use the keys once: what is wrong with them is said at the start, not to every client.

    Returns:
        the public key, read.
    """
    algorithm = jwt.get_algorithm_by_name(settings.algorithm)
    try:
        checking = algorithm.prepare_key(public)
        signature = algorithm.sign(b"", algorithm.prepare_key(private)) if private else None
    except (jwt.InvalidKeyError, TypeError, ValueError) as error:
        raise ValueError(f"it is none for {settings.algorithm} ({error})") from None
    if signature and not algorithm.verify(b"", checking, signature):
        raise ValueError("jwt.public_key is not the public half of jwt.private_key")
    return checking


def _local_secret(path: Path) -> str:
    """Read the secret in *path*; make it first where there is none. Safe among workers."""
    if not path.exists():
        mine = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(mine, path)  # whoever comes second keeps the first one's
        except FileExistsError:
            pass
        finally:
            mine.unlink()
    return path.read_text().strip()
