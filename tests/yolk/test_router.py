"""HTTP routes, their middlewares, and answers without a route."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tests.yolk.conftest import Load
from tests.yolk.small_apps import serving
from yolk import ApiError, Application, Next, sanic_path


async def hello(ctx: Any) -> None:
    """Answer."""
    ctx.api_success("hello")


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
async def test_each_method_has_its_function(load: Load, method: str) -> None:
    """`app.http.<method>` mounts a handler for that method only."""
    app = load()
    getattr(app.http, method)("/x", hello)
    async with serving(app) as client:
        answer = await client.request(method, "/x")
        other = await client.request("put" if method == "get" else "get", "/x")

    assert answer.json() == {"msg": "ok", "data": "hello"}
    assert (other.status_code, other.json()["msg"]) == (405, "fail")
    assert method.upper() in other.headers["allow"]


@pytest.mark.parametrize(
    ("path", "sanic"),
    [
        ("/users/:id", "/users/<id>"),
        ("/:room/users/:user_id", "/<room>/users/<user_id>"),
        ("/users/<id>", "/users/<id>"),
        ("/users/<id:int>", "/users/<id:int>"),
        ("/plain", "/plain"),
    ],
)
def test_paths_are_eggs_or_sanics(path: str, sanic: str) -> None:
    """Egg's `:id` becomes Sanic's `<id>`, which is accepted, too."""
    assert sanic_path(path) == sanic


async def test_parameters_of_both_kinds_reach_the_handler(load: Load) -> None:
    """Path parameters are decoded; a value of the wrong type is an unknown path."""

    async def show(ctx: Any) -> None:
        ctx.body = dict(ctx.params)

    app = load()
    app.http.get("/egg/:room/:id", show)
    app.http.get("/sanic/<id:int>", show)
    async with serving(app) as client:
        assert (await client.get("/egg/鸡 a%2Fb/7")).json() == {
            "room": "鸡 a/b",
            "id": "7",
        }
        assert (await client.get("/sanic/7")).json() == {"id": "7"}
        assert (await client.get("/sanic/ada")).status_code == 404


async def test_the_applications_middlewares_run_around_the_routes_own(load: Load) -> None:
    """Those of `config.middleware` run first, then the route's, then the handler."""
    trace = (
        "async def {name}(ctx, next):\n"
        "    ctx.trail = [*getattr(ctx, 'trail', []), '{name}']\n"
        "    await next()\n"
        "    ctx.set('X-Out', (ctx._headers or {{}}).get('X-Out', '') + '/{name}')\n"
    )

    async def own(ctx: Any, next: Next) -> None:
        ctx.trail.append("own")
        await next()

    async def show(ctx: Any) -> None:
        ctx.body = ctx.trail

    app = load(
        {
            "config/config_local.py": "middleware = ['outer', 'inner']",
            "middleware/outer.py": trace.format(name="outer"),
            "middleware/inner.py": trace.format(name="inner"),
        }
    )
    app.http.get("/own", own, show)
    app.http.get("/none", show)
    async with serving(app) as client:
        with_own = await client.get("/own")
        without = await client.get("/none")

    assert with_own.json() == ["outer", "inner", "own"]
    assert without.json() == ["outer", "inner"]
    assert with_own.headers["x-out"] == "/inner/outer"
    assert [found.__name__ for found in app.http_middlewares()] == ["outer", "inner"]


async def test_a_middleware_may_answer_in_place_of_the_handler(load: Load) -> None:
    """A middleware that raises or does not call next ends the chain."""

    async def shut(ctx: Any, next: Next) -> None:
        ctx.api_fail("shut", status=403)

    async def refuse(ctx: Any, next: Next) -> None:
        raise ApiError(4, "no", status=401)

    async def never(ctx: Any) -> None:
        raise AssertionError("called")

    app = load()
    app.http.get("/shut", shut, never)
    app.http.get("/refuse", refuse, never)
    async with serving(app) as client:
        answer = await client.get("/shut")
        refused = await client.get("/refuse")

    assert (answer.status_code, answer.json()["data"]) == (403, "shut")
    assert (refused.status_code, refused.json()["code"]) == (401, 4)


async def test_a_middleware_may_catch_what_a_handler_raises(load: Load) -> None:
    """An ApiError passes through the middlewares before it becomes an answer."""

    async def soften(ctx: Any, next: Next) -> None:
        try:
            await next()
        except ApiError as error:
            ctx.api_success(f"caught {error.code}")

    async def refuse(ctx: Any) -> None:
        raise ApiError(4, "no")

    app = load()
    app.http.get("/x", soften, refuse)
    async with serving(app) as client:
        answer = await client.get("/x")

    assert answer.json() == {"msg": "ok", "data": "caught 4"}


async def test_any_function_of_a_context_is_a_handler(load: Load) -> None:
    """A function and an object's method are handlers; their docstrings are documented."""

    class Desk:
        name = "desk"

        async def index(self, ctx: Any) -> None:
            ctx.body = self.name

    app = load()
    app.http.get("/function", hello)
    app.http.get("/method", Desk().index)
    async with serving(app) as client:
        assert (await client.get("/function")).json()["data"] == "hello"
        assert (await client.get("/method")).text == "desk"

    documented = {route.path: route.handler.__doc__ for route in app.router.routes}
    assert documented["function"] == "Answer."


# --- where there is no answer


async def test_an_unknown_path_is_404_in_json(load: Load) -> None:
    """An unknown path is answered in the same format as everything else."""
    app = load()
    app.http.get("/x", hello)
    async with serving(app) as client:
        answer = await client.get("/nothing/here")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["msg"] == "fail"
    assert answer.json().keys() == {"msg", "data"}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_error_tells_the_client_nothing(
    load: Load, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    """The client receives 500 and a code; the log has the error with its traceback."""

    async def broken(ctx: Any) -> None:
        raise RuntimeError("the secret is 42")

    app = load()
    app.http.mount([method], "/x", broken)
    async with serving(app) as client:
        answer = await client.request(method, "/x")

    assert answer.status_code == 500
    assert answer.json() == {
        "msg": "fail",
        "data": "Internal server error",
        "code": 5000,
        "temporary": False,
    }
    assert f"{method} /x failed" in caplog.text
    assert "RuntimeError: the secret is 42" in caplog.text


async def test_an_answer_that_cannot_be_encoded_is_an_error_too(load: Load) -> None:
    """A body that is not JSON does not break the connection."""

    async def broken(ctx: Any) -> None:
        ctx.body = object()

    app = load()
    app.http.get("/x", broken)
    async with serving(app) as client:
        answer = await client.get("/x")

    assert (answer.status_code, answer.json()["code"]) == (500, 5000)


async def test_too_large_a_body_is_413(load: Load) -> None:
    """A request larger than `REQUEST_MAX_SIZE` is refused without calling the handler."""

    async def never(ctx: Any) -> None:
        raise AssertionError("called")

    app = load({"config/config_local.py": "REQUEST_MAX_SIZE = 1000"})
    app.http.post("/x", never)
    async with serving(app) as client:
        answer = await client.post("/x", content=b"x" * 1001)

    assert (answer.status_code, answer.json()["msg"]) == (413, "fail")


async def test_what_is_no_http_is_400(load: Load) -> None:
    """A malformed request is answered in the same format."""
    app = load()
    app.http.get("/x", hello)
    async with serving(app) as client:
        reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(b"NONSENSE\r\n\r\n")
        head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
        writer.close()

    assert re.match(rb"HTTP/1\.1 400 ", head)
    assert b'"msg":"fail"' in body


async def test_errors_raised_outside_of_routes_have_the_same_form(load: Load) -> None:
    """An ApiError of a middleware of Sanic's own is answered like a handler's."""
    app: Application = load()
    app.http.get("/x", hello)

    @app.on_request
    async def refuse(request: Any) -> None:
        raise ApiError(9, "not now", status=503, temporary=True)

    async with serving(app) as client:
        answer = await client.get("/x")

    assert (answer.status_code, answer.json()["code"]) == (503, 9)
    assert answer.headers["retry-after"] == "1"
