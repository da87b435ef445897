"""A body as it comes, with our errors."""

from __future__ import annotations

from collections.abc import AsyncIterator

from services.errors import UploadBroken
from yolk.body import Body, BodyBroken


async def arriving(body: Body, patience: float) -> AsyncIterator[bytes]:
    """
    Give what comes.

    Args:
        body: of the request.
        patience: seconds for which the client may send nothing.

    Raises:
        UploadBroken: it sent nothing for so long, or no body.
    """
    try:
        async for chunk in body.chunks(patience):
            yield chunk
    except BodyBroken as error:
        raise UploadBroken from error
