"""The OpenAPI document describes what the server does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import yaml
from argon2 import PasswordHasher
from openapi_spec_validator import validate

from app import create_app
from extend.application import Application
from services.account.digest import digest
from services.errors import ChatError
from tests.conftest import ROOT
from tests.copies import copy_chat
from tests.groups import acquaint
from tests.rows import database
from tests.schemas import strict
from tests.servers import ChatServer
from tests.uploads import picture
from yolk.openapi import build
from yolk.testing import Server, User

PEOPLE = ("ada", "grace", "carol", "dan", "eve", "finn", "gus")

# Ids and secrets in the examples, in whose place a test has others.
FIRST_MESSAGE = "01a207a8-eebd-7473-8832-dbf9fe8f35e3"
SECOND_MESSAGE = "01a207a9-0401-7339-8d11-4104fddfb494"
LINK_TOKEN = "Xq0c7m1kGk7nJv2bq5mXG8mVzWcBvX3m"
REMOVED_FILE = "01a207a8-8c22-7e19-a3b4-5c6d7e8f9a0b"
REFRESH_TOKEN = "j3McPh2dYwVcS0bqS1t5mXG8mVzWcBvX3m1oWqkP5uE"
RESET_TOKEN = "kq1V8m2nX0aYw3pT5sR7uZ9bD4fG6hJc"
PASSWORD = "correct horse"

FREE_NAMES = ("register", "challenge", "login", "refresh", "forgot", "reset")
FREE = {f"/auth/{name}" for name in FREE_NAMES}
"""Addresses that need no token."""
NO_MAILER = "api.auth.forgot"
"""Answers that mails are off, where no plugin sends them."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a chat without users."""
    running = ChatServer(ROOT, tmp_path_factory.mktemp("story")).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    """Return the application, loaded but not started."""
    made = create_app()
    yield made
    Application.unregister_app(made)


@pytest.fixture(scope="module")
def document(application: Application) -> dict[str, Any]:
    """Return the OpenAPI document."""
    return build(application)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and operation of all addresses, in their order."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def known_errors(kind: type[ChatError] = ChatError) -> Iterator[type[ChatError]]:
    """Yield every error with a code."""
    for child in kind.__subclasses__():
        if hasattr(child, "code"):
            yield child
        yield from known_errors(child)


def check(value: Any, schema: dict[str, Any], document: dict[str, Any]) -> None:
    """Assert that a value matches a schema of the document, without further fields."""
    whole = {**schema, "components": document["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    """It follows OpenAPI 3.1."""
    validate(document)


async def test_the_document_is_served(served: Server, document: dict[str, Any]) -> None:
    """/docs/openapi.json is the document."""
    found = (await served.ask("GET", "/docs/openapi.json")).json()
    errors = found["components"].pop("examples")
    expected = {**document, "components": {**document["components"]}}
    known = expected["components"].pop("examples")  # and what other tests may define

    assert found == expected
    assert errors.items() <= known.items()


@pytest.mark.parametrize("path", ["/docs", "/docs/frames", "/docs/errors"])
async def test_the_pages_load_their_own_files_only(served: Server, path: str) -> None:
    """All links are relative and lead somewhere; the policy allows no inline script or style."""
    page = await served.ask("GET", path)

    policy = page.headers["content-security-policy"]
    assert page.headers["content-type"].startswith("text/html")
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert not re.search(r"<script(?! [^>]*src=)|<style| style=| on\w+=", page.text)
    links = set(re.findall(r'(?:src|href)="([^"#]+)', page.text)) - {"data:,"}
    assert links
    for link in links:
        assert not re.match(r"/|\w+:", link), link
        answer = await served.ask("GET", str(httpx.URL(f"http://chat{path}").join(link).path))
        assert answer.status_code == 200, link


async def test_the_address_with_a_slash_leads_to_the_page(served: Server) -> None:
    """The links of the page are relative to the address without a slash."""
    answer = await served.ask("GET", "/docs/")

    assert (answer.status_code, answer.headers["location"]) == (302, "../docs")


def test_sections_are_named_for_people(document: dict[str, Any]) -> None:
    """Each section has a title of words and a summary, and is used."""
    titles = {tag["name"] for tag in document["tags"]}

    assert titles >= {"Login", "Your account", "Groups", "Files", "Administration: users"}
    assert {name for _, _, one in operations(document) for name in one["tags"]} == titles
    for tag in document["tags"]:
        assert not tag["description"].startswith("A controller"), tag


async def test_every_link_on_the_page_of_frames_has_a_target(served: Server) -> None:
    """The page has every message and type of the AsyncAPI document."""
    page = (await served.ask("GET", "/docs/frames")).text
    source = await served.ask("GET", "/docs/asyncapi.yaml")

    frames = yaml.safe_load(source.text)
    targets = re.findall(r' id="([^"]+)"', page)
    assert len(set(targets)) == len(targets)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= {*targets}
    assert {f"type-{name}" for name in frames["components"]["schemas"]} <= {*targets}
    assert {f"request-{name}" for name in frames["operations"]} & {*targets}
    for name, message in frames["components"]["messages"].items():
        for example in message.get("examples", ()):
            assert escape(json.dumps(example["payload"], ensure_ascii=False)) in page, name


async def test_prod_has_no_documentation(tmp_path: Path) -> None:
    """With `OAS = False` all addresses answer 404, and the chat page has no link to them."""
    changes = {"config/config_prod.py": 'OAS = False\nwebsocket = {"origins": "any"}\n'}
    server = ChatServer(
        copy_chat(tmp_path, changes), tmp_path / "data", {"YOLK_ENV": "prod"}
    ).start()
    names = ("", "/openapi.json", "/frames", "/errors", "/asyncapi.yaml", "/static/page.js")
    try:
        answers = [await server.ask("GET", f"/docs{name}") for name in names]
        page = await server.ask("GET", "/")
    finally:
        server.stop()

    assert {answer.status_code for answer in answers} == {404}
    assert page.status_code == 200
    assert 'rel="help"' not in page.text


def test_every_address_is_described_and_nothing_else(
    application: Application, document: dict[str, Any]
) -> None:
    """Each has a summary, an example, an answer, and the ways to authenticate."""
    mounted = {
        (re.sub(r"<(\w+)(:\w+)?>", r"{\1}", route.path), method)
        for route in application.http.routes
        for method in route.methods
        # tus is documented by those who made it.
        if not route.path.startswith("/upload/tus")
    }

    assert {(path, method) for path, method, _ in operations(document)} == mounted
    for path, method, operation in operations(document):
        good = operation["responses"]["200"]["content"]
        assert operation["summary"].endswith((".", "?")), path
        assert "*/*" in good or "example" in good["application/json"], path
        if method == "GET":
            assert "requestBody" not in operation, path
        free = path in FREE
        ways = [name for way in operation.get("security", ()) for name in way]
        linked = method == "GET" and path in ("/files/{id}", "/files/{id}/thumbnail")
        expected = ["token", "bearer", "address", *(["link"] if linked else [])]
        assert ways == ([] if free else expected), path
        assert set(ways) <= document["components"]["securitySchemes"].keys()


def test_every_example_is_shown(document: dict[str, Any]) -> None:
    """No file has examples of methods that have no address."""
    shown = {operation["operationId"] for _, _, operation in operations(document)}
    files = sorted((ROOT / "controllers").rglob("*.examples.json"))

    assert files
    for path in files:
        parts = path.relative_to(ROOT / "controllers").parts
        controller = ".".join(parts).removesuffix(".examples.json")
        examples = json.loads(path.read_text(encoding="utf-8"))
        assert {f"{controller}.{method}" for method in examples} <= shown, path


def test_every_error_is_described(document: dict[str, Any]) -> None:
    """Each code has its status and both texts; each address lists its errors."""
    listed = document["components"]["examples"]
    named: dict[int, set[str]] = {}
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            if status != "200":
                for code in response["content"]["application/json"]["examples"]:
                    named.setdefault(int(code), set()).add(status)

    for error in known_errors():
        example = listed[str(error.code)]
        assert example["summary"] == f"{error.zh} · {error.en}"
        assert example["value"]["code"] == error.code
        assert example["value"]["temporary"] == error.temporary
        assert named.get(error.code, {str(error.status)}) == {str(error.status)}
    # No request over HTTP has a type, or is logged out by another device; and some go with tus.
    elsewhere = {1003, 3006, 3130, 4140, 2066, 2067, 5005}
    assert {error.code for error in known_errors()} - named.keys() == elsewhere


async def test_every_example_runs(served: Server, document: dict[str, Any]) -> None:
    """In their order, each is answered with 200 and exactly the documented fields."""
    real = await begin_the_story(served)
    login = await served.post("/auth/login", username="ada", password=PASSWORD)
    # A file that is in no other example is deleted.
    form = {"file": ("old.txt", b"old")}
    old = await served.ask("POST", "/upload", token=login["token"], files=form)
    real[REMOVED_FILE] = old.json()["data"]["id"]
    # A logout ends no login, and a deleted account is in no other example.
    tokens = {"api.auth.logout": served.token(id=1), "api.account.delete": served.token(id=7)}
    for path, method, operation in operations(document):
        content = operation["responses"]["200"]["content"]
        body, parameters = example_of(operation)
        token = tokens.get(operation["operationId"], login["token"])
        if body is not None:
            ((takes, described),) = operation["requestBody"]["content"].items()
            check(body, described["schema"], document)
            sent = replace(body, real)
            body = {"json": sent} if takes == "application/json" else {"files": files(sent)}

        answer: httpx.Response = await served.ask(
            method,
            path.format(**replace(parameters["path"], real)),
            token=token if "security" in operation else None,
            params=parameters["query"],
            **(body or {}),
        )

        if operation["operationId"] == NO_MAILER:
            assert answer.json()["code"] == 3105
            continue
        assert answer.status_code == 200, (method, path, answer.text)
        if "*/*" in content:
            assert answer.content
            continue
        good = content["application/json"]
        check(
            good["example"], strict(good["schema"]), {"components": strict(document["components"])}
        )
        check(answer.json(), strict(good["schema"]), {"components": strict(document["components"])})
        if operation["operationId"] == "api.auth.login":
            real[REFRESH_TOKEN] = answer.json()["data"]["refresh_token"]
        if "upload" in operation["operationId"]:
            real[good["example"]["data"]["id"]] = answer.json()["data"]["id"]
        assert alike(replace(good["example"], real), answer.json()), (path, answer.json())


def files(names: dict[str, str]) -> dict[str, tuple[str, bytes]]:
    """Return a form with the files of the examples."""
    contents = {"notes.txt": b"Meet at seven.\n", "sea.png": picture()}
    return {field: (name, contents[name]) for field, name in names.items()}


def alike(shown: Any, real: Any) -> bool:
    """Return whether two answers have the same structure, where both have values."""
    if isinstance(shown, dict) and isinstance(real, dict):
        names = shown.keys() == real.keys()
        return names and all(alike(shown[name], real[name]) for name in shown)
    if isinstance(shown, list) and isinstance(real, list):
        return alike(shown[0], real[0]) if shown and real else True
    return None in (shown, real) or type(shown) is type(real)


def example_of(operation: dict[str, Any]) -> tuple[Any, dict[str, dict[str, Any]]]:
    """Return the example's body, and its parameters by where they are."""
    parameters: dict[str, dict[str, Any]] = {"path": {}, "query": {}}
    for one in operation.get("parameters", ()):
        if "example" in one:
            parameters[one["in"]][one["name"]] = one["example"]
    body = operation.get("requestBody")
    return body and next(iter(body["content"].values()))["example"], parameters


def replace(value: Any, real: dict[str, str]) -> Any:
    """Replace the ids and secrets of the examples by those of this run."""
    if isinstance(value, dict):
        return {real.get(name, name): replace(one, real) for name, one in value.items()}
    if isinstance(value, list):
        return [replace(one, real) for one in value]
    return real.get(value, value) if isinstance(value, str) else value


async def begin_the_story(server: Server) -> dict[str, str]:
    """
    Create what the examples presuppose, and return the real ids by those of the examples.

    Ada is user 1 and an administrator, Grace 2, Carol 3, and so on. Ada wrote to Grace twice. Group
    1 is Ada's, with Grace, Carol and Dan, Eve and Finn ask to join, and there is an invitation
    link. Ada is a member of Grace's group 2, and owns groups 3 and 5. She is not in Carol's groups
    4, which is open, and 6, which has an invitation link. Eve invited her to groups 7 and 8.
    """
    hashed = PasswordHasher().hash(PASSWORD)
    with database(server) as connection:
        for name in PEOPLE:
            connection.execute(
                "INSERT INTO user (username, password) VALUES (?, ?)", (name, hashed)
            )
        connection.execute(
            "INSERT INTO password_reset VALUES (?, 2, 0, ?)", (digest(RESET_TOKEN), 2**62)
        )
        connection.execute("INSERT INTO user_role VALUES (1, 'administrator', 0)")
    ada, grace, carol, _, eve, finn, _ = (
        User(server, number, name, "", server.token(id=number), "")
        for number, name in enumerate(PEOPLE, 1)
    )
    acquaint(ada, 2, 3, 4)
    acquaint(grace, 1)
    groups: list[tuple[User, dict[str, Any]]] = [
        (ada, {"name": "Friends", "members": [2, 3, 4], "approval": True}),
        (grace, {"name": "Grace's", "members": [1]}),
        (ada, {"name": "To hand over", "members": [2]}),
        (carol, {"name": "Open", "join": "open"}),
        (ada, {"name": "To dissolve"}),
        (carol, {"name": "By link"}),
        (eve, {"name": "To accept", "members": [1]}),
        (eve, {"name": "To decline", "members": [1]}),
    ]
    for number, (owner, group) in enumerate(groups, 1):
        made = await owner.post("/chat/groups", **group)
        renumber(server, made["id"], number)
    await ada.post("/chat/groups/1/links")
    link = await carol.post("/chat/groups/6/links")
    await eve.post("/chat/groups/1/join", text="Let me in")
    await finn.post("/chat/groups/1/join")
    first = await ada.post("/chat/send", to_id=2, cid="c1", data="Hello")
    second = await ada.post("/chat/send", to_id=2, cid="c2", data="See you at seven")
    await carol.post("/chat/send", to_id=1, data="Hello Ada")
    return {
        FIRST_MESSAGE: first["id"],
        SECOND_MESSAGE: second["id"],
        LINK_TOKEN: link["link_token"],
    }


def renumber(server: Server, group_id: int, number: int) -> None:
    """Replace the random id of a group."""
    before, after = f"g:{group_id}", f"g:{number}"
    with database(server) as connection:
        for table in ("conversation", "member", "message"):
            connection.execute(f"UPDATE {table} SET conv = ? WHERE conv = ?", (after, before))
        connection.execute("UPDATE message SET to_id = ? WHERE to_id = ?", (number, group_id))
        connection.execute("UPDATE chat_group SET id = ? WHERE id = ?", (number, group_id))
        connection.execute(
            "UPDATE group_invitation SET group_id = ? WHERE group_id = ?", (number, group_id)
        )
