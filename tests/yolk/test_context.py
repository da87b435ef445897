"""`ctx` in handlers of real requests."""

from __future__ import annotations

import gc
from types import SimpleNamespace
from typing import Annotated, Any

import msgspec
import pytest
from sanic import Request as SanicRequest

from tests.yolk.conftest import Ask, Load
from tests.yolk.small_apps import plugin, serving
from yolk import Application, Context
from yolk.request import Headers, Request, Values


async def echo_body(ctx: Any) -> None:
    """Answer with the body's parameters."""
    ctx.api_success(ctx.request.body)


# --- what was asked


async def test_the_query_is_read_as_attributes(ask: Ask) -> None:
    """`ctx.query.name` is a text or None; the first of several values."""

    async def handler(ctx: Any) -> None:
        query = ctx.query
        assert query is ctx.request.query
        ctx.body = [query.a, query["a"], query.b, query.c, query.get("c", "-"), sorted(query)]

    answer = await ask(handler, "/x?a=1&a=2&b=&%E4%BD%A0=%E5%A5%BD+%26")

    assert answer.json() == ["1", "1", "", None, "-", ["a", "b", "你"]]


async def test_parameters_of_the_path_are_text(ask: Ask) -> None:
    """`ctx.params.id` is a text as in Egg, even if Sanic has converted it to a number."""

    async def handler(ctx: Any) -> None:
        ctx.body = [ctx.params.id, ctx.params.name, ctx.params.missing]

    answer = await ask(handler, "/users/7/ada", route="/users/<id:int>/<name>")

    assert answer.json() == ["7", "ada", None]


async def test_headers_are_read_in_any_case(ask: Ask) -> None:
    """`ctx.header.x_token` is `X-Token` in any case; the first of several values."""

    async def handler(ctx: Any) -> None:
        header = ctx.header
        ctx.body = [
            header.x_token,
            header["X-TOKEN"],
            header.get("x-Token"),
            "x-token" in header,
            header.missing,
            header == ctx.request.header,
        ]

    answer = await ask(handler, headers=[("X-tOkEn", "a: b"), ("x-token", "second")])

    assert answer.json() == ["a: b", "a: b", "a: b", True, None, True]


async def test_the_request_has_eggs_names(ask: Ask) -> None:
    """`ctx.request` has method, path and client address; `ctx.req` is Sanic's request."""

    async def handler(ctx: Any) -> None:
        request = ctx.request
        ctx.body = [request.method, request.path, request.query_string, request.ip]
        assert isinstance(ctx.req, SanicRequest)
        assert not ctx.websocket
        assert ctx.logger is ctx.app.logger

    answer = await ask(handler, "/x?a=1", method="DELETE")

    assert answer.json() == ["DELETE", "/x", "a=1", "127.0.0.1"]


def test_values_show_their_names_only() -> None:
    """The repr of a query, for logs and tracebacks, contains no values."""

    class Fake:
        method, path, query_string, client_ip = "GET", "/", "token=secret", "::1"
        ip = "::1"
        app = SimpleNamespace(config={})
        head = b"GET / HTTP/1.1\r\nToken: secret"

    app: Any = None
    fake: Any = Fake()
    ctx = Context.for_websocket(app, fake, app, {})

    assert "secret" not in f"{ctx.query!r} {ctx.header!r}"
    assert ctx.header.token == "secret"


# --- bodies


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"a": "1", "b": "你好"}},
        {"data": {"a": "1", "b": "你好"}},
        {"files": {"a": (None, "1"), "b": (None, "你好")}},
        {"content": '{"a":"1","b":"你好"}'.encode()},
    ],
    ids=["json", "form", "multipart", "unnamed"],
)
async def test_a_body_is_read_in_whatever_form_it_comes(ask: Ask, sent: dict[str, Any]) -> None:
    """JSON, a form and a multipart form have the same parameters."""
    answer = await ask(echo_body, **sent)

    assert answer.json() == {"msg": "ok", "data": {"a": "1", "b": "你好"}}


async def test_of_several_values_of_a_field_the_first_wins(ask: Ask) -> None:
    """A field of a form has its first value, like a parameter of the query."""
    answer = await ask(echo_body, data={"a": ["1", "2"]})

    assert answer.json()["data"] == {"a": "1"}


async def test_without_a_body_there_are_no_parameters(ask: Ask) -> None:
    """An empty body is not an error: the handler checks for missing parameters."""
    answer = await ask(echo_body, content=b"")

    assert answer.json()["data"] == {}


@pytest.mark.parametrize(
    "content",
    [b"{", b"a=1", b'{"a":"\xff"}', b'"text"', b"[1]", b"null", b"[" * 100_000],
    ids=["cut", "no json", "no utf-8", "text", "list", "null", "deep"],
)
async def test_a_body_that_is_no_json_object_is_refused(ask: Ask, content: bytes) -> None:
    """The client receives 400 with code 1001, and the handler is not called."""

    async def handler(ctx: Any) -> None:
        raise AssertionError("called")

    answer = await ask(handler, content=content)

    assert answer.status_code == 400
    said = answer.json()
    assert (said["msg"], said["code"], said["temporary"]) == ("fail", 1001, False)
    assert said["data"].startswith("The body ")


# --- reading into types


class Wanted(msgspec.Struct):
    to_id: int
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    loud: bool = False
    text: str = ""


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"to_id": 7, "loud": True, "text": "x"}},
        {"data": {"to_id": "7", "loud": "true", "text": "x"}},
    ],
    ids=["json", "form"],
)
async def test_read_gives_typed_parameters(ask: Ask, sent: dict[str, Any]) -> None:
    """Numbers and booleans may be texts of a form; a missing parameter has its default."""

    async def handler(ctx: Any) -> None:
        wanted = ctx.read(Wanted)
        assert type(wanted) is Wanted
        ctx.body = wanted

    answer = await ask(handler, **sent)

    assert answer.json() == {"to_id": 7, "limit": 20, "loud": True, "text": "x"}


async def test_read_takes_other_values_too(ask: Ask) -> None:
    """The query or the path's parameters are read in the same way."""

    async def handler(ctx: Any) -> None:
        ctx.body = ctx.read(Wanted, ctx.query)

    answer = await ask(handler, "/x?to_id=7&limit=5")

    assert answer.json()["limit"] == 5


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "Object missing required field `to_id`"),
        ({"to_id": "ada"}, "Expected `int`, got `str` - at `$.to_id`"),
        ({"to_id": 7, "limit": 101}, "Expected `int` <= 100 - at `$.limit`"),
    ],
)
async def test_a_wrong_parameter_is_refused_by_name(
    ask: Ask, body: dict[str, Any], text: str
) -> None:
    """The client receives 400 with code 1002 and the name of the parameter."""

    async def handler(ctx: Any) -> None:
        ctx.body = ctx.read(Wanted)

    answer = await ask(handler, json=body)

    assert answer.status_code == 400
    assert answer.json() == {"msg": "fail", "data": text, "code": 1002, "temporary": False}


# --- sockets


async def test_a_sockets_context_keeps_nothing_of_sanics_request(load: Load) -> None:
    """The context of a socket does not keep Sanic's request alive, even after it was used."""
    kept: list[Context] = []

    async def handler(ctx: Any) -> None:
        kept.append(ctx.app.context_class.for_websocket(ctx.app, ctx.req, "socket", {"id": 7}))
        ctx.status = 204

    app = load()
    app.http.get("/x", handler)
    async with serving(app) as client:
        await client.get("/x?token=t", headers={"X-Egg": "1"})
    ctx = kept[0]

    assert ctx.params.id == "7"
    assert (ctx.query.token, ctx.header.x_egg, ctx.request.body) == ("t", "1", {})
    assert {type(found) for found in reachable(ctx)} <= {Context, Request, Values, Headers, dict}
    assert ctx.req is None


def reachable(ctx: Context) -> list[object]:
    """Return every object that *ctx* holds, but for the application, classes and plain values."""
    plain = (Application, type, str, bytes, int, type(None))
    found: list[object] = [ctx]
    for holder in found:
        found += [
            held
            for held in gc.get_referents(holder)
            if not isinstance(held, plain) and not any(held is known for known in found)
        ]
    return found


# --- what applications and plugins add


async def test_the_application_and_its_plugins_add_to_ctx(load: Load) -> None:
    """Every ctx has the methods of extend/context.py and of plugins; the former override."""
    app = load(
        {
            "config/plugin.py": "mail = {'path': 'parts/mail'}",
            "parts/mail/__init__.py": """
            from yolk import Plugin

            class Mixin:
                @property
                def mailbox(self):
                    return f"box of {self.query.user}"

                def greet(self):
                    return "the plugin's"

            class MailPlugin(Plugin):
                name = "mail"
                context = Mixin

            plugin = MailPlugin
            """,
            "extend/context.py": """
            import yolk

            class Context(yolk.Context):
                def greet(self):
                    return "the application's"
            """,
        }
    )

    async def handler(ctx: Any) -> None:
        ctx.body = [ctx.mailbox, ctx.greet()]

    app.http.get("/x", handler)
    async with serving(app) as client:
        answer = await client.get("/x?user=ada")

    assert answer.json() == ["box of ada", "the application's"]


async def test_plugins_add_to_ctx_without_the_application(load: Load) -> None:
    """An application without extend/context.py has the methods of its plugins."""
    app = load(
        {
            "config/plugin.py": "mail = {'path': 'parts/mail'}",
            "parts/mail/__init__.py": plugin("mail", "class context:\n    answer = 42"),
        }
    )

    assert app.context_class.answer == 42  # type: ignore[attr-defined]
    assert issubclass(app.context_class, Context)
