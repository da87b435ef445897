"""`/docs`: the OpenAPI document, and a page without scripts that shows it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sanic import HTTPResponse
from sanic import Request as SanicRequest

from yolk.openapi import build

if TYPE_CHECKING:
    from yolk.application import Application

ADDRESS = "/docs"
NAMES = ("openapi_json", "openapi_page")
"""The names of the two routes in Sanic's router."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 3rem; } summary { cursor: pointer; padding: .3rem 0; }
details { border-top: 1px solid #8884; } details > :not(summary) { margin-left: 1.5rem; }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
pre { background: #8881; padding: .7rem; overflow: auto; white-space: pre-wrap; }
table { border-collapse: collapse; }
td, th { border: 1px solid #8884; padding: .2rem .6rem; text-align: left; vertical-align: top; }
b.method { display: inline-block; width: 3.5rem; }
"""


def mount(app: Application) -> None:
    """Serve the document at /docs/openapi.json and the page at /docs, if `OAS` is true."""
    if not app.config.get("OAS", True):
        return
    # sanic-ext would serve a document of its own at the same paths.
    app.config.OAS = False
    made: dict[str, str] = {}

    def document() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(text())
        return found

    def text() -> str:
        # Generated at the first request: by then all routes are mounted.
        if "json" not in made:
            made["json"] = json.dumps(build(app), ensure_ascii=False)
        return made["json"]

    async def as_json(_: SanicRequest) -> HTTPResponse:
        """Return the OpenAPI document."""
        return HTTPResponse(text(), content_type="application/json")

    async def as_page(_: SanicRequest) -> HTTPResponse:
        """Return the page."""
        if "html" not in made:
            made["html"] = "".join(_page(document()))
        return HTTPResponse(
            made["html"],
            headers={"Content-Security-Policy": POLICY},
            content_type="text/html; charset=utf-8",
        )

    app.add_route(as_json, f"{ADDRESS}/openapi.json", name=NAMES[0])
    app.add_route(as_page, ADDRESS, name=NAMES[1])


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    title = escape(document["info"]["title"])
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<style>{STYLE}</style><h1>{title} {escape(document['info']['version'])}</h1>"
    yield f"<p>{escape(document['info'].get('description', ''))}</p>"
    yield f'<p>For programs: <a href="{ADDRESS}/openapi.json">openapi.json</a></p>'
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>"
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    yield from _operation(document, path, method.upper(), operation)
    yield "<h2>Types</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3>'
        yield f"<p>{escape(schema.get('description', ''))}</p>{_pretty(schema)}"
    yield "<h2>Errors</h2><table><tr><th>code<th>text<th>meaning</tr>"
    for code, example in document["components"]["examples"].items():
        yield f'<tr id="{code}"><td>{code}<td>{escape(example["summary"])}'
        yield f"<td>{escape(example['description'])}</tr>"
    yield "</table></html>"


def _operation(
    document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]
) -> Iterator[str]:
    yield f'<details><summary><b class="method">{method}</b> <code>{escape(path)}</code>'
    yield f" {escape(operation['summary'])}</summary>"
    yield f"<p>{escape(operation.get('description', ''))}</p>"
    if "security" in operation:
        ways = ", ".join(name for one in operation["security"] for name in one)
        yield f"<p>It takes a token: {escape(ways)}.</p>"
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>parameter<th>in<th>type</tr>"
        for one in parameters:
            name = escape(one["name"]) + ("" if one["required"] else "?")
            yield f"<tr><td><code>{name}</code><td>{one['in']}<td>{_inline(one['schema'])}</tr>"
        yield "</table>"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        form = "" if kind == "application/json" else f", as <code>{escape(kind)}</code>"
        yield f"<p>Body: {_type(content['schema'])}{form}</p>"
    good = operation["responses"]["200"]["content"].get("application/json")
    if good is None:
        yield f"<p>Answer: bytes</p><pre>{escape(_curl(path, method, operation))}</pre>"
    else:
        yield f"<p>Answer: {_type(good['schema']['properties']['data'])}</p>"
    if good and "example" in good:
        yield f"<pre>{escape(_curl(path, method, operation))}</pre>"
        yield _pretty(good["example"])
    yield "<p>Errors:</p><ul>"
    for status, response in operation["responses"].items():
        if status != "200":
            for code in response["content"]["application/json"]["examples"]:
                summary = escape(document["components"]["examples"][code]["summary"])
                yield f'<li>{status} <a href="#{code}">{code}</a> {summary}'
    yield "</ul></details>"


def _curl(path: str, method: str, operation: Mapping[str, Any]) -> str:
    """Return a request as a curl command."""
    parameters = operation.get("parameters", [])
    given = {one["name"]: one["example"] for one in parameters if "example" in one}
    for one in parameters:
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", str(given.pop(one["name"], "")))
    address = f"{path}?{urlencode(given)}" if given else path
    words = ["curl", f"http://127.0.0.1:7001{address}"]
    if method != "GET":
        words += ["-X", method]
    if "security" in operation:
        words += ["-H", "token: TOKEN"]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        if kind == "multipart/form-data":
            for name, value in content.get("example", {}).items():
                words += ["-F", f"{name}=@{value}"]
            continue
        body = json.dumps(content.get("example", {}), ensure_ascii=False)
        words += ["-H", "Content-Type: application/json", "-d", body]
    return shlex.join(words)


def _type(schema: Mapping[str, Any]) -> str:
    """Return the name of a type with a link to it."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}"><code>{name}</code></a>'
    if "items" in schema:
        return f"a list of {_type(schema['items'])}"
    return _inline(schema)


def _inline(schema: Any) -> str:
    return f"<code>{escape(json.dumps(schema, ensure_ascii=False))}</code>"


def _pretty(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"
