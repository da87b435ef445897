"""What the access log shows of a request line."""

from __future__ import annotations

import pytest

from yolk.access_log import masked

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6N30.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWc"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("GET /users?q=a&token=t&limit=7", "GET /users?q=a&token=***&limit=7"),
        ("GET /ws?ticket=t", "GET /ws?ticket=***"),
        ("GET /ws?%74oken=t&TOK%45N=u", "GET /ws?%74oken=***&TOK%45N=***"),
        ("GET /ws??token=t;token=u", "GET /ws??token=***;token=***"),
        ("GET /a?link_token=t&refresh_token=u", "GET /a?link_token=***&refresh_token=***"),
        ("GET /files/x?expires=7&signature=s", "GET /files/x?expires=7&signature=***"),
        ("GET /auth/login?password=p&x=1", "GET /auth/login?password=***&x=1"),
        ("GET /chat/search?text=hello&limit=2", "GET /chat/search?text=***&limit=2"),
        (f"GET /ws/{JWT}", "GET /ws/***"),
        (f"GET /users?{JWT}", "GET /users?***"),
        (f"GET /users;jwt={JWT}", "GET /users;***"),
        (f"GET /users?a={JWT.replace('.', '%2E')}", "GET /users?***"),
        (
            "GET /files/01a207b0-6c1e-7f02-9d3b-6f0c2b1d4e55/thumbnail?token=t",
            "GET /files/01a207b0-6c1e-7f02-9d3b-6f0c2b1d4e55/thumbnail?token=***",
        ),
    ],
)
def test_a_line_shows_no_secret(line: str, shown: str) -> None:
    """However the name of a parameter is written, and wherever a long text is."""
    assert masked(f"{line} HTTP/1.1") == f"{shown} HTTP/1.1"
