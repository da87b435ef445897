"""Sanic's access log, without what would let its reader in."""

from __future__ import annotations

import logging
import re

SECRETS = re.compile(
    r"([?&](?:token|ticket|refresh_token|password|signature)=)[^&\s]*", re.IGNORECASE
)


def keep_secrets_out() -> None:
    """Mask tokens, tickets, passwords and signatures in the addresses that the access log shows."""
    logging.getLogger("sanic.access").addFilter(_mask)


def _mask(record: logging.LogRecord) -> bool:
    request = getattr(record, "request", None)
    if isinstance(request, str):
        record.request = SECRETS.sub(r"\1***", request)
    return True
