"""The parts of sanic-ext that run with every request."""

from __future__ import annotations

from tests.yolk.conftest import Start

EXTENDED = {"config/config_default.py": ""}
"""With sanic-ext, as applications have it."""

PLAIN = {
    **EXTENDED,
    "routes/__init__.py": """
    async def hello(ctx):
        app = ctx.app
        middlewares = len(app.response_middleware)
        ctx.body = {"middlewares": middlewares, "injection": app.config.INJECTION_SIGNAL}

    def mount(app):
        app.http.get("/hello/:name", hello)
    """,
}
INJECTED = {
    **EXTENDED,
    "routes/__init__.py": """
    from sanic import Request, text

    class Weather:
        word = "fair"

    async def today(request: Request, weather: Weather, day: int):
        return text(f"{weather.word} on {day}")

    async def provide(app):
        app.ext.add_dependency(Weather)

    def mount(app):
        app.add_route(today, "/weather/<day:int>")
        app.before_server_start(provide)
    """,
}
SHARED = {
    **EXTENDED,
    "routes/__init__.py": """
    from sanic import text
    from sanic_ext import cors

    @cors(origin="https://chat.example")
    async def shared(request):
        return text("for all to see")

    def mount(app):
        app.add_route(shared, "/shared")
    """,
}
FROM_THE_PAGE = {"Origin": "https://chat.example"}


async def test_what_could_change_nothing_is_left_out(start: Start) -> None:
    """Without dependencies and without other origins, neither injection nor CORS runs."""
    answer = (await start(PLAIN).ask("GET", "/hello/ada", headers=FROM_THE_PAGE)).json()

    assert answer == {"middlewares": 0, "injection": "extension.injection.unused"}


async def test_a_handler_of_sanics_gets_its_dependencies(start: Start) -> None:
    """A parameter is injected, even if its type is registered when the server starts."""
    answer = await start(INJECTED).ask("GET", "/weather/7")

    assert answer.text == "fair on 7"


async def test_one_address_may_be_for_other_origins(start: Start) -> None:
    """`@cors` of a single handler works without `CORS_ORIGINS`."""
    answer = await start(SHARED).ask("GET", "/shared", headers=FROM_THE_PAGE)

    assert answer.headers["access-control-allow-origin"] == "https://chat.example"
