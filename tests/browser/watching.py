"""Errors in a browser that no test may cause."""

from __future__ import annotations

from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Request, WebError

REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
    console.error("Content Security Policy:", violatedDirective, blockedURI));
"""
# Chromium's own messages about a refused request and a lost connection.
EXPECTED = (
    "Failed to load resource: ",
    "WebSocket connection to ",
    # A module whose connection was cut before its head was complete.
    "Failed to load module script: Expected a JavaScript-or-Wasm module script but the server "
    'responded with a MIME type of "".',
)


class Watch:
    """The errors in all browsers that were added."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    async def add(self, context: BrowserContext, url: str) -> None:
        """
        Watch all pages of a browser.

        Args:
            context: that browser.
            url: of the only server that it may ask.
        """
        own = (url, url.replace("http", "ws", 1), "data:", "blob:")

        def on_request(request: Request) -> None:
            if not request.url.startswith(own):
                self.wrong.append(f"asked for {request.url}")

        await context.add_init_script(REPORT_VIOLATIONS)
        context.on("request", on_request)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("dialog", self._on_dialog)

    def _on_console(self, line: ConsoleMessage) -> None:
        is_ours = line.text.startswith("yolk:")
        if is_ours or (line.type == "error" and not line.text.startswith(EXPECTED)):
            self.wrong.append(line.text)

    def _on_error(self, error: WebError) -> None:
        self.wrong.append(str(error.error))

    async def _on_dialog(self, dialog: Dialog) -> None:
        self.wrong.append(f"a dialog: {dialog.message}")
        await dialog.dismiss()
