"""Sanic's access log, with secrets masked."""

from __future__ import annotations

import logging
import re
from urllib.parse import unquote_plus

MASK = "***"
SECRET_NAME = re.compile(r"token|ticket|password|secret|signature|^text$", re.IGNORECASE)
"""Names of parameters whose values are secrets, or texts of messages."""

_PARAMETER = re.compile(r"(?<=[?&;])([^=&;\s]*)=([^&;\s]*)")
_LONG = re.compile(r"[\w.~%+=-]{32,}")
"""What may be a secret wherever it is: all of them have 32 characters or more."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def mask_secrets() -> None:
    """Mask what is or may be a secret in the URLs of the access log."""
    logging.getLogger("sanic.access").addFilter(_mask)


def masked(request: str) -> str:
    """
    Return a request line without secrets.

    Values of parameters are masked by name, as the application reads it: `%74oken` is `token`. So
    is every long text that is no UUID, such as a token in a path or one without a name.
    """
    return _LONG.sub(_mask_long, _PARAMETER.sub(_mask_value, request))


def _mask_value(found: re.Match[str]) -> str:
    return f"{found[1]}={MASK}" if SECRET_NAME.search(unquote_plus(found[1])) else found[0]


def _mask_long(found: re.Match[str]) -> str:
    return found[0] if _UUID.fullmatch(found[0]) else MASK


def _mask(record: logging.LogRecord) -> bool:
    request = getattr(record, "request", None)
    if isinstance(request, str):
        record.request = masked(request)
    return True
