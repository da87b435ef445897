"""The OpenAPI document, generated from routes and the descriptions of handlers and middlewares."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from yolk.describe import Description, Example, description_of, examples_of
from yolk.errors import INVALID, SERVER_FAULT, STOPPING, UNREADABLE, ApiError
from yolk.handlers import controller_of
from yolk.router import Route

if TYPE_CHECKING:
    from yolk.application import Application

SCHEMAS = "#/components/schemas/{name}"
PARAMETER = re.compile(r"<(\w+)(?::(\w+))?>")
TYPES = {"int": "integer", "float": "number"}
DEFAULT_DESCRIPTION = """The body of a request is a JSON object, or a form where no parameter is a
list or an object. An answer has `msg`, which is "ok" or "fail", and `data`."""


class Fault(NamedTuple):
    """One error, as the document shows it."""

    code: int
    status: int
    temporary: bool
    texts: Mapping[str, str]
    meaning: str

    @classmethod
    def of(cls, kind: type[ApiError]) -> Fault:
        """Return the error of an exception class."""
        meaning = (inspect.getdoc(kind) or "").partition("\n")[0]
        return cls(kind.code, kind.status, kind.temporary, kind.texts(), meaning)


OWN = (
    Fault(UNREADABLE, 400, False, {}, "The body is not a JSON object."),
    Fault(INVALID, 400, False, {}, "A parameter is missing or invalid."),
    Fault(SERVER_FAULT, 500, False, {}, "An internal error; the server's log has the details."),
    Fault(STOPPING, 503, True, {"en": "The server is stopping"}, "The server is stopping."),
)
"""The errors of the framework itself."""


def build(app: Application) -> dict[str, Any]:
    """Return the OpenAPI document of all routes of `app.http`."""
    faults = {one.code: one for one in OWN} | {kind.code: Fault.of(kind) for kind in _known()}
    described = [(route, _describe(route)) for route in app.http.routes]
    described = [(route, said) for route, said in described if said.documented]
    types = [kind for _, said in described for kind in (said.body, said.answer) if kind]
    schemas, components = msgspec.json.schema_components(types, ref_template=SCHEMAS)
    schema_of = dict(zip(map(repr, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    security: dict[str, Mapping[str, Any]] = {}
    tags: dict[str, str] = {}
    for route, said in described:
        operation = _operation(route, said, schema_of, faults)
        path = PARAMETER.sub(r"{\1}", route.path)
        for method in route.methods:
            paths.setdefault(path, {})[method.lower()] = operation
        for each in route.chain:
            security |= (description_of(each) or Description()).security
        tag, summary = _section(route)
        tags[tag] = tags.get(tag) or summary
    locale = str(app.config.locale)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": app.config.get("API_TITLE") or app.name,
            "version": app.config.get("API_VERSION") or "0",
            "description": app.config.get("API_DESCRIPTION") or DEFAULT_DESCRIPTION,
        },
        # Relative to the document: it may be served below a path.
        "servers": [{"url": ".."}],
        "tags": [{"name": name, "description": text} for name, text in tags.items()],
        "paths": paths,
        "components": {
            "schemas": {"Failure": _FAILURE, **_in_javascript(components)},
            "examples": {str(code): _fault(faults[code], locale) for code in sorted(faults)},
            "securitySchemes": security,
        },
    }


_FAILURE = {
    "type": "object",
    "description": "The answer to every request that fails.",
    "properties": {
        "msg": {"const": "fail"},
        "data": {"type": "string", "description": "A text for people."},
        "code": {"type": "integer", "description": "For programs; its meaning never changes."},
        "temporary": {
            "type": "boolean",
            "description": "Whether the same request may succeed later.",
        },
    },
    "required": ["msg", "data"],
}


def _known(kind: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    """Yield every exception class that has a code."""
    for child in kind.__subclasses__():
        if hasattr(child, "code"):
            yield child
        yield from _known(child)


def _describe(route: Route) -> Description:
    """Return the description of a route's handler, with the example from the controller's file."""
    said = description_of(route.handler) or Description()
    owner = controller_of(route.handler)
    if said.example or owner is None:
        return said
    example = examples_of(owner).get(route.handler.__qualname__.rpartition(".")[2])
    return msgspec.structs.replace(said, example=example)


def _operation(
    route: Route,
    said: Description,
    schema_of: Mapping[str, Any],
    faults: Mapping[int, Fault],
) -> dict[str, Any]:
    around = [found for each in route.chain if (found := description_of(each))]
    example = said.example or Example()
    summary, _, more = (inspect.getdoc(route.handler) or "").partition("\n")
    operation: dict[str, Any] = {
        "operationId": _name(route),
        "summary": summary,
        **({"description": more.strip()} if more.strip() else {}),
        "tags": [_section(route)[0]],
    }
    parameters = [*_path_parameters(route.path, example), *_query_parameters(said.query, example)]
    if parameters:
        operation["parameters"] = parameters
    if said.body is not None:
        content = {"schema": schema_of[repr(said.body)]}
        if said.example:
            content["example"] = example.body
        operation["requestBody"] = {"content": {said.takes: content}}
    operation["responses"] = {
        "200": {"description": "The request succeeded.", "content": _answer(said, schema_of)},
        **_refusals(faults[code] for code in sorted(_codes(said, around, operation))),
    }
    ways: list[dict[str, list[str]]] = [{name: []} for one in around for name in one.security]
    if ways:
        operation["security"] = ways
    return operation


def _section(route: Route) -> tuple[str, str]:
    """Return the heading of a route's section, and what it is about."""
    owner = controller_of(route.handler)
    name = (owner or route.handler).__module__.rpartition(".")[2]
    title = getattr(owner, "section", "") or name.replace("_", " ").capitalize()
    summary = getattr(owner, "section_summary", "") or (owner and inspect.getdoc(owner)) or ""
    return title, summary


def _answer(said: Description, schema_of: Mapping[str, Any]) -> dict[str, Any]:
    if said.answer is bytes:
        return {"*/*": {}}
    answer: dict[str, Any] = {
        "schema": {
            "type": "object",
            "properties": {"msg": {"const": "ok"}, "data": schema_of[repr(said.answer)]},
            "required": ["msg", "data"],
        }
    }
    if said.example:
        answer["example"] = {"msg": "ok", "data": said.example.answer}
    return {"application/json": answer}


def _codes(
    said: Description, around: Sequence[Description], operation: Mapping[str, Any]
) -> set[int]:
    """Return the codes of all errors of an operation."""
    codes = {SERVER_FAULT, STOPPING}
    codes |= {UNREADABLE} if said.body and said.takes == "application/json" else set()
    codes |= {INVALID} if said.body or "parameters" in operation else set()
    return codes.union(*({kind.code for kind in one.errors} for one in (*around, said)))


def _name(route: Route) -> str:
    module, method = route.handler.__module__, route.handler.__name__
    if owner := controller_of(route.handler):
        module, method = owner.__module__, route.handler.__qualname__.rpartition(".")[2]
    return f"{module.removeprefix('controllers.')}.{method}"


def _path_parameters(path: str, example: Example) -> Iterator[dict[str, Any]]:
    for name, kind in PARAMETER.findall(path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": TYPES.get(kind, "string")},
            **({"example": example.params[name]} if name in example.params else {}),
        }


def _query_parameters(kind: Any, example: Example) -> Iterator[dict[str, Any]]:
    if kind is None:
        return
    whole = msgspec.json.schema(kind, ref_template="{name}")
    schema = _in_javascript(whole["$defs"][whole["$ref"]])
    for name, field in schema["properties"].items():
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": field,
            **({"example": example.query[name]} if name in example.query else {}),
        }


def _refusals(faults: Iterable[Fault]) -> dict[str, Any]:
    """Return a response for each status, with its error codes."""
    by_status: dict[int, list[Fault]] = {}
    for fault in faults:
        by_status.setdefault(fault.status, []).append(fault)
    return {
        str(status): {
            "description": "\n".join(f"- {one.code}: {one.meaning}" for one in found),
            **({"headers": _RETRY} if any(one.temporary for one in found) else {}),
            "content": {
                "application/json": {
                    "schema": {"$ref": SCHEMAS.format(name="Failure")},
                    "examples": {
                        str(one.code): {"$ref": f"#/components/examples/{one.code}"}
                        for one in found
                    },
                }
            },
        }
        for status, found in sorted(by_status.items())
    }


_RETRY = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}


def _fault(fault: Fault, locale: str) -> dict[str, Any]:
    text = fault.texts.get(locale) or next(iter(fault.texts.values()), fault.meaning)
    return {
        "summary": " · ".join(fault.texts.values()) or fault.meaning,
        "description": fault.meaning,
        "value": {"msg": "fail", "data": text, "code": fault.code, "temporary": fault.temporary},
    }


def _in_javascript(schema: Any) -> Any:
    r"""Return a schema with patterns in JavaScript's syntax, which has neither `\A` nor `\Z`."""
    if isinstance(schema, dict):
        return {
            name: value.replace(r"\A", "^").replace(r"\Z", "$")
            if name == "pattern" and isinstance(value, str)
            else _in_javascript(value)
            for name, value in schema.items()
        }
    return [_in_javascript(one) for one in schema] if isinstance(schema, list) else schema
