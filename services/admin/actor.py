"""The administrator who acts."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from services import Context

MAX_OPERATOR = 64
MAX_ADDRESS = 45


class Actor(msgspec.Struct, frozen=True):
    """The administrator who acts, as the audit records it."""

    user_id: int | None = None
    """None on the command line."""
    operator: str = ""
    """The operating system's user, on the command line."""
    address: str = ""
    """The network address, over HTTP."""

    @classmethod
    def of_request(cls, ctx: Context) -> Actor:
        """Return the administrator who sent a request."""
        return cls(user_id=ctx.user.id, address=ctx.request.ip[:MAX_ADDRESS])

    @classmethod
    def of_command_line(cls) -> Actor:
        """Return the operator who runs a command."""
        try:
            name = getpass.getuser()
        except (KeyError, OSError):  # a container may run as a user without a name
            name = "unknown"
        return cls(operator=name[:MAX_OPERATOR])
