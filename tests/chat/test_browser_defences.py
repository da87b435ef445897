"""What protects users from other websites: no cookies, and the headers of the page and of files."""

from __future__ import annotations

import httpx

from tests.uploads import uploaded
from yolk.testing import Server, User


def policy(answer: httpx.Response) -> dict[str, str]:
    """Return the directives of a Content Security Policy."""
    parts = answer.headers["Content-Security-Policy"].split("; ")
    return dict(part.partition(" ")[::2] for part in parts)


async def test_a_cookie_logs_nobody_in(server: Server, ada: User) -> None:
    """Browsers send cookies with the requests of any website; a token has to be sent by a page."""
    cookie = {"Cookie": f"token={ada.token}; ticket={ada.token}; Authorization={ada.token}"}
    answer = await server.ask("GET", "/chat/conversations", headers=cookie)
    socket = await server.connect("/ws", additional_headers=cookie)

    assert answer.status_code == 401
    assert (await socket.closed())[0] == 4502
    logged_in = await server.user("grace")
    for path in ("/", "/chat/conversations"):
        found = await server.ask("GET", path, token=logged_in.token)
        assert "Set-Cookie" not in found.headers


async def test_other_websites_may_not_read_answers(server: Server, ada: User) -> None:
    """Without `CORS_ORIGINS` no answer allows it."""
    answer = await server.ask(
        "GET", "/chat/conversations", token=ada.token, headers={"Origin": "https://other.example"}
    )

    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_the_page_runs_its_own_scripts_only(server: Server) -> None:
    """No inline script, no text as HTML, no other server, and no frame around it."""
    answer = await server.ask("GET", "/")

    rules = policy(answer)
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split()[0] == "'self'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert rules["require-trusted-types-for"] == "'script'"
    assert rules["trusted-types"] == "yolk-worker"
    assert rules["worker-src"] == "'self'"
    assert rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_an_upload_that_is_opened_has_no_rights(ada: User) -> None:
    """It executes nothing, is no page of this server, and is taken for nothing else."""
    file = await uploaded(ada, "page.html", b"<!doctype html><script>alert(1)</script>")

    answer = await ada.server.ask("GET", file["url"], token=ada.token)

    assert "sandbox" in policy(answer)
    assert policy(answer)["default-src"] == "'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment")
