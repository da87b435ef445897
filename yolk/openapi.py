"""The HTTP interface in OpenAPI, from what handlers and middlewares say of themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from yolk.body import STOPPING
from yolk.context import INVALID, UNREADABLE
from yolk.describe import Description, Example, description_of
from yolk.errors import ApiError
from yolk.router import Route, controller_of

if TYPE_CHECKING:
    from yolk.application import Application

SCHEMAS = "#/components/schemas/{name}"
PARAMETER = re.compile(r"<(\w+)(?::(\w+))?>")
TYPES = {"int": "integer", "float": "number"}
SERVER_FAULT = 5000
ABOUT = """Parameters of a body come as JSON, or as a form where they are no lists and objects.
An answer has msg, which is "ok" or "fail", and data."""


class Fault(NamedTuple):
    """One error, as documents show it."""

    code: int
    status: int
    temporary: bool
    texts: Mapping[str, str]
    meaning: str

    @classmethod
    def of(cls, kind: type[ApiError]) -> Fault:
        """Show a class of errors."""
        meaning = (inspect.getdoc(kind) or "").partition("\n")[0]
        return cls(kind.code, kind.status, kind.temporary, kind.texts(), meaning)


OWN = (
    Fault(UNREADABLE, 400, False, {}, "The body is no JSON object."),
    Fault(INVALID, 400, False, {}, "A parameter is missing, or not what it should be."),
    Fault(SERVER_FAULT, 500, False, {}, "Our fault; the log says what."),
    Fault(STOPPING, 503, True, {"en": "The server is stopping"}, "The server is stopping."),
)
"""What the framework itself may say."""


def build(app: Application) -> dict[str, Any]:
    """Make the document of everything that is mounted on `app.http`."""
    faults = {one.code: one for one in OWN} | {kind.code: Fault.of(kind) for kind in _known()}
    routes = app.http.routes
    described = [(route, description_of(route.handler) or Description()) for route in routes]
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
        for tag in operation["tags"]:
            owner = controller_of(route.handler)
            tags[tag] = (owner and inspect.getdoc(owner)) or ""
    locale = str(app.config.locale)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": app.config.get("API_TITLE") or app.name,
            "version": app.config.get("API_VERSION") or "0",
            "description": app.config.get("API_DESCRIPTION") or ABOUT,
        },
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
    "description": "What every refused request is answered with.",
    "properties": {
        "msg": {"const": "fail"},
        "data": {"type": "string", "description": "For people."},
        "code": {"type": "integer", "description": "For programs; it never changes its meaning."},
        "temporary": {
            "type": "boolean",
            "description": "Whether the same request may succeed later.",
        },
    },
    "required": ["msg", "data"],
}


def _known(kind: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    """Give every class of errors that has a code."""
    for child in kind.__subclasses__():
        if hasattr(child, "code"):
            yield child
        yield from _known(child)


def _operation(
    route: Route,
    said: Description,
    schema_of: Mapping[str, Any],
    faults: Mapping[int, Fault],
) -> dict[str, Any]:
    around = [found for each in route.chain if (found := description_of(each))]
    example = said.example or Example()
    summary, _, more = (inspect.getdoc(route.handler) or "").partition("\n")
    tag = (controller_of(route.handler) or route.handler).__module__.rpartition(".")[2]
    operation: dict[str, Any] = {
        "operationId": _name(route),
        "summary": summary,
        **({"description": more.strip()} if more.strip() else {}),
        "tags": [tag],
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
        "200": {"description": "It went well.", "content": _answer(said, schema_of)},
        **_refusals(faults[code] for code in sorted(_codes(said, around, operation))),
    }
    ways: list[dict[str, list[str]]] = [{name: []} for one in around for name in one.security]
    if ways:
        operation["security"] = ways
    return operation


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
    """Give the codes of everything that may go wrong."""
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
    """Give a response for each status, with the codes that have it."""
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
    r"""Write patterns as JSON Schema has them: JavaScript knows neither `\A` nor `\Z`."""
    if isinstance(schema, dict):
        return {
            name: value.replace(r"\A", "^").replace(r"\Z", "$")
            if name == "pattern" and isinstance(value, str)
            else _in_javascript(value)
            for name, value in schema.items()
        }
    return [_in_javascript(one) for one in schema] if isinstance(schema, list) else schema
