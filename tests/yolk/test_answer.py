"""The answers that handlers set on `ctx`."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sanic import HTTPResponse
from sanic.response import json as json_response

from tests.yolk.conftest import Ask, Load
from tests.yolk.small_apps import serving
from yolk import ApiError


class Point(msgspec.Struct):
    x: int
    y: int = 0


async def test_api_success_is_eggs(ask: Ask) -> None:
    """The answer is exactly `{"msg":"ok","data":...}` with 200."""

    async def handler(ctx: Any) -> None:
        ctx.api_success({"id": 1, "名": "é"})

    answer = await ask(handler)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.content == '{"msg":"ok","data":{"id":1,"名":"é"}}'.encode()


async def test_api_fail_is_eggs(ask: Ask) -> None:
    """The answer is exactly `{"msg":"fail","data":...}` with 400."""

    async def handler(ctx: Any) -> None:
        ctx.api_fail("you may not")

    answer = await ask(handler)

    assert answer.status_code == 400
    assert answer.content == b'{"msg":"fail","data":"you may not"}'


async def test_both_take_eggs_other_arguments(ask: Ask) -> None:
    """Message and status may be passed, in Egg's order; a code adds the fields for programs."""

    async def well(ctx: Any) -> None:
        ctx.api_success(None, "created", 201)

    async def badly(ctx: Any) -> None:
        ctx.api_fail("later", "wait", 503, code=7, temporary=True)

    answer = await ask(well)
    assert (answer.status_code, answer.json()) == (201, {"msg": "created", "data": None})
    answer = await ask(badly, "/y")
    assert answer.status_code == 503
    assert answer.json() == {"msg": "wait", "data": "later", "code": 7, "temporary": True}


@pytest.mark.parametrize(
    ("body", "content", "kind"),
    [
        ("text é", "text é".encode(), "text/plain; charset=utf-8"),
        (b"\x00\xff", b"\x00\xff", "application/octet-stream"),
        ({"a": 1}, b'{"a":1}', "application/json"),
        ([1, 2], b"[1,2]", "application/json"),
        (0, b"0", "application/json"),
        (Point(1), b'{"x":1,"y":0}', "application/json"),
    ],
    ids=["text", "bytes", "dict", "list", "number", "struct"],
)
async def test_a_body_says_what_it_is(ask: Ask, body: object, content: bytes, kind: str) -> None:
    """Text and bytes are sent as they are, everything else as JSON."""

    async def handler(ctx: Any) -> None:
        ctx.body = body

    answer = await ask(handler)

    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == kind


async def test_status_and_headers_are_set_beside_the_body(ask: Ask) -> None:
    """`ctx.status` and `ctx.set` change the answer; the last value of a header is sent."""

    async def handler(ctx: Any) -> None:
        ctx.set("X-Egg", "first")
        ctx.set("X-Egg", "second")
        ctx.status = 202
        ctx.body = "x"

    answer = await ask(handler)

    assert (answer.status_code, answer.headers["x-egg"]) == (202, "second")


async def test_a_status_alone_is_an_answer(ask: Ask) -> None:
    """An answer may have no body."""

    async def handler(ctx: Any) -> None:
        ctx.status = 204

    answer = await ask(handler)

    assert (answer.status_code, answer.content) == (204, b"")


async def test_who_answers_nothing_answers_404(ask: Ask) -> None:
    """As in Koa, a handler that sets nothing is answered with 404."""

    async def handler(ctx: Any) -> None:
        pass

    answer = await ask(handler)

    assert (answer.status_code, answer.json()) == (404, {"msg": "fail", "data": "Not Found"})


@pytest.mark.parametrize("returned", [True, False])
async def test_a_response_of_sanics_passes_through(ask: Ask, returned: bool) -> None:
    """A handler may return a response or set it as the body; headers of `ctx.set` are added."""

    async def handler(ctx: Any) -> HTTPResponse | None:
        ctx.set("X-Egg", "1")
        response = json_response({"raw": True}, status=201)
        if returned:
            return response
        ctx.body = response
        return None

    answer = await ask(handler)

    assert (answer.status_code, answer.json()) == (201, {"raw": True})
    assert answer.headers["x-egg"] == "1"


async def test_an_api_error_is_the_answer(ask: Ask) -> None:
    """The client receives the status, code and text of an ApiError."""

    async def handler(ctx: Any) -> None:
        ctx.body = "half done"
        ctx.set("X-Egg", "kept")
        raise ApiError(2003, "Blocked", status=403)

    answer = await ask(handler)

    assert answer.status_code == 403
    assert answer.json() == {"msg": "fail", "data": "Blocked", "code": 2003, "temporary": False}
    assert "retry-after" not in answer.headers
    assert answer.headers["x-egg"] == "kept"


async def test_a_temporary_error_says_when_to_come_back(ask: Ask) -> None:
    """A temporary error has `Retry-After`."""

    async def handler(ctx: Any) -> None:
        raise ApiError(1503, "Busy", status=503, temporary=True)

    answer = await ask(handler)

    assert (answer.status_code, answer.json()["temporary"]) == (503, True)
    assert answer.headers["retry-after"] == "1"


async def test_an_error_speaks_the_applications_language(load: Load) -> None:
    """An error with texts in several languages uses that of the setting `locale`."""

    class Spoken(ApiError):
        def text(self, locale: str) -> str:
            return f"in {locale}"

    async def handler(ctx: Any) -> None:
        raise Spoken(1, "")

    app = load({"config/config_local.py": "locale = 'en'"})
    app.http.get("/x", handler)
    async with serving(app) as client:
        answer = await client.get("/x")

    assert answer.json()["data"] == "in en"
