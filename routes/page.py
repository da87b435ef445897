"""The chat page and its files."""

from __future__ import annotations

import base64
import functools
import hashlib
import re

from sanic import Request
from sanic.response import BaseHTTPResponse

from extend.application import Application
from yolk.assets import Assets

# An import map must be inline. The policy allows it by its hash, and no other inline script.
IMPORT_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)
POLICY = (
    "default-src 'none'",
    "script-src 'self' {import_map}",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    # The address of the service worker, which is a constant, is the only value of its kind.
    "trusted-types yolk-worker",
)
PAGE_LINKS = "./web"
"""Relative: a proxy may serve the page below a path."""
DOCS_LINK = b'  <link rel="help" href="./docs">\n'
"""The page shows a menu item if it has this link."""
PERMISSIONS = "camera=(), geolocation=(), microphone=(self)"


def mount(app: Application) -> None:
    """Serve `web/`: the page at /, its service worker beside it, all other files below /web/."""
    has_docs = getattr(app.config, "OAS", True)
    assets = Assets(app.root / "web", left_out=b"" if has_docs else DOCS_LINK)
    assets.mount_page(app, "/", "index.html", PAGE_LINKS, name="page")
    # Beside the page: a service worker is in charge of the addresses below its own.
    assets.mount_page(app, "/worker.js", "worker.js", PAGE_LINKS, name="worker")
    assets.mount(app, "/web/", name="web")

    app.register_middleware(functools.partial(protect, assets), attach_to="response")


def protect(assets: Assets, request: Request, response: BaseHTTPResponse) -> None:
    """Set the security headers of the page and its files."""
    if request.path == "/":
        page = assets.page(assets.folder / "index.html", PAGE_LINKS)
        response.headers["Content-Security-Policy"] = _policy(page.plain)
        response.headers["Permissions-Policy"] = PERMISSIONS
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    elif request.path == "/worker.js":
        response.headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'"
    elif request.path.startswith("/web/"):
        # A file that is opened by itself may do nothing.
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'self'"
    else:
        return
    response.headers["X-Content-Type-Options"] = "nosniff"


@functools.lru_cache(maxsize=1)
def _policy(page: bytes) -> str:
    found = IMPORT_MAP.search(page)
    digest = base64.b64encode(hashlib.sha256(found[1] if found else b"").digest()).decode()
    return "; ".join(POLICY).format(import_map=f"'sha256-{digest}'")
