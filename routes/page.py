"""The chat page and its files."""

from __future__ import annotations

from sanic import Request
from sanic.response import BaseHTTPResponse

from extend.application import Application

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self' ws: wss:",
        "font-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


def mount(app: Application) -> None:
    """Serve `web/`: its page at the root, everything else below /web/."""
    app.static("/", app.root / "web" / "index.html", name="page")
    app.static("/web/", app.root / "web", name="web")
    app.register_middleware(protect, attach_to="response")


def protect(request: Request, response: BaseHTTPResponse) -> None:
    """Let the page run nothing that is not its own."""
    if request.path == "/" or request.path.startswith("/web/"):
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-cache"
