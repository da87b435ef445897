"""The OpenAPI document, as handlers and middlewares make it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from tests.yolk.conftest import Ask, Load
from tests.yolk.small_apps import serving
from yolk import ApiError, Example, StartError, describe
from yolk.openapi import build


class Wanted(msgspec.Struct):
    """What is wanted."""

    name: Annotated[str, msgspec.Meta(pattern=r"\A[a-z]+\Z")]
    limit: int = 7


class Gone(ApiError):
    """It was there once."""

    code = 9001
    status = 410

    @classmethod
    def texts(cls) -> dict[str, str]:
        """Return what people may read."""
        return {"zh": "没了", "en": "Gone"}


@describe(security={"key": {"type": "apiKey", "in": "header", "name": "x-key"}}, errors=[Gone])
async def guard(ctx: Any, next: Any) -> None:
    """Require a key."""
    await next()


@describe(query=Wanted, answer=list[int], example=Example(query={"name": "ada"}, answer=[1]))
async def look(ctx: Any) -> None:
    """
    Look for something.

    It may take a while.
    """
    ctx.api_success([1])


@describe(body=Wanted, example=Example(params={"id": 3}, body={"name": "ada"}))
async def keep(ctx: Any) -> None:
    """Keep something."""


async def silent(ctx: Any) -> None:
    """Have no description."""


def test_a_description_becomes_an_operation(load: Load) -> None:
    """An operation has parameters, answer, example, errors and security schemes."""
    app = load()
    app.http.get("/things", guard, look)

    operation = build(app)["paths"]["/things"]["get"]

    assert (operation["summary"], operation["description"]) == (
        "Look for something.",
        "It may take a while.",
    )
    name, limit = operation["parameters"]
    assert (name["in"], name["required"], name["example"]) == ("query", True, "ada")
    assert name["schema"] == {"type": "string", "pattern": "^[a-z]+$"}
    assert (limit["required"], limit["schema"]["default"]) == (False, 7)
    assert operation["security"] == [{"key": []}]
    good = operation["responses"]["200"]["content"]["application/json"]
    assert good["schema"]["properties"]["data"] == {"type": "array", "items": {"type": "integer"}}
    assert good["example"] == {"msg": "ok", "data": [1]}
    assert sorted(operation["responses"]) == ["200", "400", "410", "500", "503"]
    assert "9001: It was there once." in operation["responses"]["410"]["description"]


def test_a_body_and_what_stands_in_the_path(load: Load) -> None:
    """Egg's `:id` and Sanic's `<id:int>` are `{id}`; a body has a type and an example."""
    app = load()
    app.http.post("/a/:id", keep)
    app.http.post("/b/<id:int>", keep)

    document = build(app)

    first, second = (document["paths"][path]["post"] for path in ("/a/{id}", "/b/{id}"))
    assert [one["parameters"][0]["schema"]["type"] for one in (first, second)] == [
        "string",
        "integer",
    ]
    content = first["requestBody"]["content"]["application/json"]
    assert content == {
        "schema": {"$ref": "#/components/schemas/Wanted"},
        "example": {"name": "ada"},
    }
    wanted = document["components"]["schemas"]["Wanted"]
    assert wanted["properties"]["name"]["pattern"] == "^[a-z]+$"


def test_who_says_nothing_is_there_too(load: Load) -> None:
    """A handler without a description has its path, its docstring and the common errors."""
    app = load()
    app.http.get("/silent", silent)

    operation = build(app)["paths"]["/silent"]["get"]

    assert operation["summary"] == "Have no description."
    assert sorted(operation["responses"]) == ["200", "500", "503"]
    assert "security" not in operation


def test_an_error_has_its_texts(load: Load) -> None:
    """Each class with a code is listed, with its texts in all languages."""
    example = build(load())["components"]["examples"]["9001"]

    assert example["summary"] == "没了 · Gone"
    assert example["value"] == {"msg": "fail", "data": "没了", "code": 9001, "temporary": False}


CONTROLLER = """
from yolk import Controller

class ThingController(Controller):
    async def show(self):
        '''Show a thing.'''
"""


def test_examples_may_be_in_a_file_beside_the_controller(load: Load) -> None:
    """`thing.examples.json` has the examples of the controller in `thing.py`, by method."""
    app = load(
        {
            "controllers/thing.py": CONTROLLER,
            "controllers/thing.examples.json": '{"show": {"params": {"id": "egg"}, "answer": 3}}',
        }
    )
    app.http.get("/things/<id>", app.controller.thing.show)

    operation = build(app)["paths"]["/things/{id}"]["get"]

    assert operation["parameters"][0]["example"] == "egg"
    good = operation["responses"]["200"]["content"]["application/json"]
    assert good["example"] == {"msg": "ok", "data": 3}


@pytest.mark.parametrize("text", ["{", '{"show": {"says": 1}}'])
def test_a_broken_file_of_examples_is_named(load: Load, text: str) -> None:
    """The sentence names the file."""
    app = load({"controllers/thing.py": CONTROLLER, "controllers/thing.examples.json": text})
    app.http.get("/things", app.controller.thing.show)

    with pytest.raises(StartError, match=r"thing\.examples\.json is no file of examples"):
        build(app)


async def test_a_description_costs_requests_nothing(ask: Ask) -> None:
    """A described handler answers as it would without."""
    assert (await ask(look)).json() == {"msg": "ok", "data": [1]}


SECTIONED = """
from yolk import Controller

class ThingController(Controller):
    '''A controller of things.'''
    section = "Useful things"
    section_summary = "Find them."

    async def show(self):
        '''Show a thing.'''
"""


def test_a_controller_names_its_section(load: Load) -> None:
    """Without a name of its own, the section is called like the file."""
    plain = SECTIONED.replace("section", "_other").replace("Thing", "OldThing")
    app = load({"controllers/thing.py": SECTIONED, "controllers/old_thing.py": plain})
    app.http.get("/things", app.controller.thing.show)
    app.http.get("/old", app.controller.old_thing.show)

    document = build(app)

    assert document["paths"]["/things"]["get"]["tags"] == ["Useful things"]
    assert document["tags"] == [
        {"name": "Useful things", "description": "Find them."},
        {"name": "Old thing", "description": "A controller of things."},
    ]


async def test_the_pages_escape_what_they_show(load: Load) -> None:
    """Texts of the application are escaped; without an AsyncAPI document there is no other page."""
    app = load({"config/config_default.py": 'API_TITLE = "<b>A & B</b>"'})

    class Odd(ApiError):
        """Take <script>alert(1)</script> & more."""

        code = 9002
        status = 400

        @classmethod
        def texts(cls) -> dict[str, str]:
            """Return no text."""
            return {}

    async with serving(app) as client:
        page = await client.get("/docs")
        errors = await client.get("/docs/errors")
        viewer = await client.get("/docs/static/vendor/swagger-ui-bundle.js")
        frames = await client.get("/docs/frames")

    assert "&lt;b&gt;A &amp; B&lt;/b&gt;: HTTP API" in page.text
    assert f"{Odd.code}<td>Take &lt;script&gt;alert(1)&lt;/script&gt; &amp; more." in errors.text
    assert "frames" not in page.text
    assert viewer.status_code == 200
    assert frames.status_code == 404
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
