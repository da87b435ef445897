"""What handlers and middlewares say of themselves, for documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from yolk.errors import ApiError

F = TypeVar("F", bound=Callable[..., Any])


class Nothing(msgspec.Struct, frozen=True):
    """Nothing but that it went well."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One request, and what it is answered with."""

    params: Mapping[str, Any] = {}
    """What stands in the path."""
    query: Mapping[str, Any] = {}
    body: Mapping[str, Any] = {}
    answer: Any = {}
    """The `data` of the answer."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler or a middleware says of itself."""

    body: Any = None
    query: Any = None
    answer: Any = Nothing
    errors: Sequence[type[ApiError]] = ()
    security: Mapping[str, Mapping[str, Any]] = {}
    example: Example | None = None
    takes: str = "application/json"
    """What the body is."""
    documented: bool = True
    """Whether the document has the address; one of a protocol that is documented elsewhere is not
    in it."""


def describe(
    *,
    body: Any = None,
    query: Any = None,
    answer: Any = Nothing,
    errors: Sequence[type[ApiError]] = (),
    security: Mapping[str, Mapping[str, Any]] | None = None,
    example: Example | None = None,
    takes: str = "application/json",
) -> Callable[[F], F]:
    """
    Say of a controller's method, or of a middleware, what no docstring can say to a program.

    It costs requests nothing: only the document is made of it.

    Args:
        body: the type that the parameters of the body are read as.
        query: the type that those of the address are read as.
        answer: the type of `data` in the answer; `bytes` where the answer is no JSON.
        errors: what the client may be told instead. What the framework itself may say, such as
            that a parameter is wrong, need not be named.
        security: OpenAPI's security schemes by name; each of them is enough.
        example: a request that works.
        takes: the media type of the body.
    """
    said = Description(
        body=body,
        query=query,
        answer=answer,
        errors=tuple(errors),
        security=security or {},
        example=example,
        takes=takes,
    )

    def keep(function: F) -> F:
        function.__described__ = said  # type: ignore[attr-defined]
        return function

    return keep


def undocumented(function: F) -> F:
    """Leave an address out of the document: it is of a protocol that is documented elsewhere."""
    function.__described__ = Description(documented=False)  # type: ignore[attr-defined]
    return function


def description_of(function: Any) -> Description | None:
    """Give what a handler or a middleware says of itself, where it does."""
    return getattr(function, "__described__", None)
