"""The rules of the chat, one package per subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yolk

if TYPE_CHECKING:
    from extend.context import Context as Context


class Service(yolk.Service):
    """The base class of all services: it binds the type of `ctx` in one place."""

    ctx: Context
