"""Passwords that another application stored in the `user` table, such as an Egg app's."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Literal

import bcrypt

Scheme = Literal[
    "argon2",
    "bcrypt",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "hmac-md5",
    "hmac-sha1",
    "hmac-sha256",
    "hmac-sha512",
]

BCRYPT_BYTES = 72
"""bcrypt ignores what comes after, in every implementation."""
_SEPARATED = re.compile(r"(?P<first>[^$:]*)[$:](?P<second>[^$:]*)")


class OldPasswords:
    """
    A verifier of one scheme.

    Args:
        scheme: its name; "argon2" for none beside the server's own.
        salt: a text that the other application adds to every password, or the key of the HMAC.
        salt_first: whether salts come before the password.
    """

    def __init__(self, scheme: Scheme, salt: str, *, salt_first: bool) -> None:
        self._scheme = scheme
        self._salt = salt
        self._salt_first = salt_first

    def matches(self, stored: str, password: str, salt: str) -> bool:
        """
        Return whether *password* is the one that was stored.

        Args:
            stored: a bcrypt hash, or a hexadecimal digest. A digest may have its own salt before
                or after it, separated by `$` or `:`.
            password: what the user typed.
            salt: the user's own from a column, or "".
        """
        if self._scheme == "argon2":
            return False
        if self._scheme == "bcrypt":
            try:
                return bcrypt.checkpw(password.encode()[:BCRYPT_BYTES], stored.strip().encode())
            except ValueError:
                return False
        parts = _SEPARATED.fullmatch(stored.strip())
        if parts is None:
            return self._is_digest(stored.strip(), password, salt)
        first, second = parts["first"], parts["second"]
        return self._is_digest(first, password, second) or self._is_digest(second, password, first)

    def _is_digest(self, digest: str, password: str, salt: str) -> bool:
        name = self._scheme.removeprefix("hmac-")
        texts = [salt, password] if self._salt_first else [password, salt]
        if name != self._scheme:
            text = "".join(texts).encode()
            expected = hmac.new(self._salt.encode(), text, name).hexdigest()
        else:
            texts.insert(0 if self._salt_first else 2, self._salt)
            expected = hashlib.new(name, "".join(texts).encode()).hexdigest()
        return hmac.compare_digest(expected, digest.lower().encode("ascii", "replace").decode())
