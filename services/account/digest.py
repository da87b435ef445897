"""Digests of secrets: the server recognizes a secret without storing it."""

import hashlib


def digest(secret: str) -> str:
    """Return the hexadecimal SHA-256 of a random secret, such as a refresh token."""
    return hashlib.sha256(secret.encode()).hexdigest()
