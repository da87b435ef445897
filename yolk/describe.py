"""Descriptions of handlers and middlewares, for the OpenAPI document."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from yolk.errors import ApiError, StartError

F = TypeVar("F", bound=Callable[..., Any])


class Nothing(msgspec.Struct, frozen=True):
    """An empty object: the request succeeded."""


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An example request and its answer."""

    params: Mapping[str, Any] = {}
    """The parameters of the path."""
    query: Mapping[str, Any] = {}
    """The parameters of the query string."""
    body: Mapping[str, Any] = {}
    """The parameters of the body."""
    answer: Any = {}
    """The `data` of the answer."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """The description of a handler or a middleware: see `describe`."""

    body: Any = None
    query: Any = None
    answer: Any = Nothing
    errors: Sequence[type[ApiError]] = ()
    security: Mapping[str, Mapping[str, Any]] = {}
    example: Example | None = None
    takes: str = "application/json"
    """The media type of the body."""
    documented: bool = True
    """Whether the OpenAPI document contains the route."""


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
    Describe a controller's method or a middleware for the OpenAPI document.

    It has no effect on requests.

    Args:
        body: the type of the body.
        query: the type of the query string.
        answer: the type of `data` in the answer; `bytes` where the answer is not JSON.
        errors: the errors that a client may receive. Those that the framework itself raises, such
            as for an invalid parameter, are added.
        security: OpenAPI security schemes by name; each of them alone is sufficient.
        example: an example request and its answer. Those of a controller's methods may also be in
            a file beside it: see `examples_of`.
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
    """Leave a handler out of the OpenAPI document: its protocol is documented elsewhere."""
    function.__described__ = Description(documented=False)  # type: ignore[attr-defined]
    return function


def description_of(function: Any) -> Description | None:
    """Return the description of a handler or a middleware, or None."""
    return getattr(function, "__described__", None)


def examples_of(controller: type) -> dict[str, Example]:
    """
    Return the examples of a controller's methods, by name.

    Those of `controllers/api/user.py` are in `controllers/api/user.examples.json`, if it exists.

    Raises:
        StartError: the file cannot be read.
    """
    path = Path(inspect.getfile(controller)).with_suffix(".examples.json")
    if not path.is_file():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Example])
    except msgspec.MsgspecError as error:
        raise StartError(f"{path} is no file of examples ({error}); correct it.") from None
