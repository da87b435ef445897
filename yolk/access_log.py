"""Sanic's access log, with secrets masked."""

from __future__ import annotations

import logging
import re

SECRETS = re.compile(
    r"([?&](?:token|ticket|refresh_token|password|signature)=)[^&\s]*", re.IGNORECASE
)


def mask_secrets() -> None:
    """Mask tokens, tickets, passwords and signatures in the URLs of the access log."""
    logging.getLogger("sanic.access").addFilter(_mask)


def _mask(record: logging.LogRecord) -> bool:
    request = getattr(record, "request", None)
    if isinstance(request, str):
        record.request = SECRETS.sub(r"\1***", request)
    return True
