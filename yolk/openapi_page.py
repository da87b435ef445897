"""`/docs`: the OpenAPI document in Swagger UI, and pages of frames and errors beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sanic import HTTPResponse, redirect
from sanic import Request as SanicRequest

from yolk.assets import Assets
from yolk.asyncapi_page import frames_page
from yolk.openapi import build

if TYPE_CHECKING:
    from yolk.application import Application

ADDRESS = "/docs"
NAMES = (
    "openapi_json",
    "openapi_page",
    "openapi_files",
    "errors_page",
    "asyncapi_yaml",
    "asyncapi_page",
)
"""The names of the routes in Sanic's router."""
FOLDER = Path(__file__).with_name("api_page")
FRAMES = "docs/asyncapi.yaml"
"""The description of an application's frames, if it has one."""
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",  # the viewer's icons, and pictures in answers
            "media-src 'self' blob:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class _Pages:
    """The pages of an application, each generated at its first request."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self.assets = Assets(FOLDER)
        frames = app.root / FRAMES
        self.frames = frames if frames.is_file() else None

    @cached_property
    def document(self) -> dict[str, Any]:
        """The OpenAPI document. By the first request all routes are mounted."""
        return build(self.app)

    @cached_property
    def as_json(self) -> str:
        """The OpenAPI document as JSON."""
        return json.dumps(self.document, ensure_ascii=False)

    @cached_property
    def frames_text(self) -> str:
        """The AsyncAPI document, in YAML."""
        return self.frames.read_text(encoding="utf-8") if self.frames else ""

    @cached_property
    def frames_body(self) -> str:
        """The content of the page of frames."""
        return frames_page(self.frames_text)

    def viewer(self) -> str:
        """Return the page with Swagger UI."""
        files = f"docs/static/v-{self.assets.version}"
        head = (
            f'<link rel="stylesheet" href="{files}/vendor/swagger-ui.css">'
            f'<link rel="stylesheet" href="{files}/page.css">'
            f'<script defer src="{files}/vendor/swagger-ui-bundle.js"></script>'
            f'<script type="module" src="{files}/page.js"></script>'
        )
        body = (
            '<main id="api"></main><noscript><main class="prose"><p>This page needs JavaScript. '
            'Programs read <a href="docs/openapi.json">openapi.json</a>.</p></main></noscript>'
        )
        login = '<form class="login" id="login"></form>'
        return self._page("HTTP API", "docs/", head, body, login)

    def errors(self) -> str:
        """Return the page of all errors."""
        examples = self.document["components"]["examples"]
        return self._page("Errors", "", "", f'<main class="prose">{"".join(_errors(examples))}')

    def frames_page(self) -> str:
        """Return the page of frames."""
        script = f'<script type="module" src="static/v-{self.assets.version}/address.js"></script>'
        return self._page("Frames", "", script, f'<main class="prose">{self.frames_body}')

    def _page(self, heading: str, below: str, head: str, body: str, extra: str = "") -> str:
        """Return a page; *below* is the way from its folder to that of the other pages."""
        title = escape(self.document["info"]["title"])
        links = {"HTTP API": "docs" if below else "../docs"}
        if self.frames:
            links["Frames"] = f"{below}frames"
        links["Errors"] = f"{below}errors"
        links["openapi.json"] = f"{below}openapi.json"
        if self.frames:
            links["asyncapi.yaml"] = f"{below}asyncapi.yaml"
        nav = "".join(
            f'<a href="{address}"{" aria-current=page" if name == heading else ""}>{name}</a>'
            for name, address in links.items()
        )
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            f"<title>{title}: {heading}</title>"
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="icon" href="data:,">'
            f'<link rel="stylesheet" href="{below}static/v-{self.assets.version}/frame.css">{head}'
            f'<header class="top"><b>{title}</b><nav aria-label="Documentation">{nav}</nav>{extra}'
            f"</header>{body}"
        )


def mount(app: Application) -> None:
    """
    Serve the documentation at /docs and below, if `OAS` is true.

    A security scheme may have the extension `x-browser-login`, with which people log in on the
    page: `{"login": path, "logout": path, "profile": path, "storage": name}`. The answer to the
    login has the token as `token`, and the profile is refused with 401 when the token has ended.
    The page also uses the token of a login that another page of the same origin keeps in
    localStorage by that name.
    """
    if not app.config.get("OAS", True):
        return
    # sanic-ext would serve a document of its own at the same paths.
    app.config.OAS = False
    pages = _Pages(app)

    async def as_json(_: SanicRequest) -> HTTPResponse:
        """Return the OpenAPI document."""
        return HTTPResponse(pages.as_json, content_type="application/json")

    async def as_page(request: SanicRequest) -> HTTPResponse:
        """Return the page with the viewer."""
        if request.path.endswith("/"):  # its links are relative
            return redirect(f"..{ADDRESS}")
        return _html(pages.viewer())

    async def errors(_: SanicRequest) -> HTTPResponse:
        """Return the page of errors."""
        return _html(pages.errors())

    async def frames(_: SanicRequest) -> HTTPResponse:
        """Return the page of frames."""
        return _html(pages.frames_page())

    async def frames_text(_: SanicRequest) -> HTTPResponse:
        """Return the AsyncAPI document."""
        return HTTPResponse(pages.frames_text, content_type="application/yaml")

    app.add_route(as_json, f"{ADDRESS}/openapi.json", name=NAMES[0])
    app.add_route(as_page, ADDRESS, name=NAMES[1])
    pages.assets.mount(app, f"{ADDRESS}/static/", name=NAMES[2])
    app.add_route(errors, f"{ADDRESS}/errors", name=NAMES[3])
    if pages.frames:
        app.add_route(frames_text, f"{ADDRESS}/asyncapi.yaml", name=NAMES[4])
        app.add_route(frames, f"{ADDRESS}/frames", name=NAMES[5])


def _html(text: str) -> HTTPResponse:
    return HTTPResponse(text, headers=HEADERS, content_type="text/html; charset=utf-8")


def _errors(examples: Mapping[str, Any]) -> Iterator[str]:
    yield "<h1>Errors</h1><p>An answer or frame that reports a failure has a <code>code</code> for "
    yield "programs, whose meaning never changes, and a text for people in <code>data</code>. "
    yield "If it is temporary, the same request may succeed later.</p>"
    yield '<div class="table"><table><tr><th>code<th>texts<th>meaning<th>temporary</tr>'
    for code, example in examples.items():
        temporary = "yes" if example["value"]["temporary"] else ""
        yield f'<tr id="{code}"><td>{code}<td>{escape(example["summary"])}'
        yield f"<td>{escape(example['description'])}<td>{temporary}</tr>"
    yield "</table></div></main>"
