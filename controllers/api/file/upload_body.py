"""The body of an upload, with the errors of this application."""

from __future__ import annotations

from collections.abc import AsyncIterator

from services.errors import UploadBroken
from yolk.body import Body, BodyBroken


async def read_chunks(body: Body, patience: float) -> AsyncIterator[bytes]:
    """
    Yield the chunks of a body as they arrive.

    Args:
        body: the body of the request.
        patience: how long the client may send nothing, in seconds.

    Raises:
        UploadBroken: the client sent nothing for that long, or a malformed body.
    """
    try:
        async for chunk in body.chunks(patience):
            yield chunk
    except BodyBroken as error:
        raise UploadBroken from error
