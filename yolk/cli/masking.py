"""Setting values as text, with secrets masked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

MASK = "***"

SECRET = "secret|passw|passphrase|pwd|token|key|credential"  # noqa: S105 - names, not a secret
SECRET_NAME = re.compile(SECRET, re.IGNORECASE)
PUBLIC_NAME = re.compile("public", re.IGNORECASE)

# A password may contain unescaped characters: everything up to the last @ is taken for it.
URL = re.compile(r"(?P<scheme>\w[\w+.-]*://)(?P<user>[^:@/?#\s]*)(?P<rest>.*)@", re.DOTALL)
PARAMETER = re.compile(rf"((?:^|[?&;\s])[\w.-]*(?:{SECRET})[\w.-]*=)[^&;#\s]+", re.IGNORECASE)
PRIVATE_KEY = "PRIVATE KEY-----"


def show_value(name: str, value: Any) -> str:
    """
    Return a setting's value as text.

    Texts with a name such as `secret`, `password`, `token` or `key` are masked, and so are
    passwords in URLs. Numbers, booleans and None are never masked.

    Args:
        name: the dotted name of the setting.
        value: its value, of any type.
    """
    secret = any(_is_secret(part) for part in name.split("."))
    return _write(msgspec.to_builtins(value, builtin_types=(bytes,), enc_hook=repr), secret)


def _is_secret(name: str) -> bool:
    return bool(SECRET_NAME.search(name)) and not PUBLIC_NAME.search(name)


def _write(value: Any, secret: bool) -> str:
    match value:
        case "" | b"":
            return '""'
        case str() | bytes() if secret:
            return MASK
        case str():
            return json.dumps(_mask(value), ensure_ascii=False)
        case Mapping():
            inner = (
                f"{_write(key, False)}: {_write(item, secret or _is_secret(str(key)))}"
                for key, item in value.items()
            )
            return f"{{{', '.join(inner)}}}"
        case list() | tuple():
            return f"[{', '.join(_write(item, secret) for item in value)}]"
        case _:
            return repr(value)


def _mask(text: str) -> str:
    if PRIVATE_KEY in text:
        return MASK
    return PARAMETER.sub(rf"\1{MASK}", URL.sub(_mask_user, text))


def _mask_user(found: re.Match[str]) -> str:
    """Keep the user of `user:password@`; a name without a password may be a token."""
    user = f"{found['user']}:" if found["rest"].startswith(":") else ""
    return f"{found['scheme']}{user}{MASK}@"
