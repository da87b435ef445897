"""The documents agree with the code."""

from __future__ import annotations

import ast
import asyncio
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

import models
from config.config_default import API_VERSION
from controllers.api.chat.frames import (
    Cursor,
    Edit,
    Pull,
    ReadersOf,
    Recall,
    Resume,
    Send,
    Typing,
    Watch,
)
from controllers.api.chat.requests import ANSWERS
from extend.settings import Settings
from plugins.websocket.connection.connection import READS_TOO_SLOWLY, SENDS_TOO_MUCH
from services import errors
from tests.conftest import ROOT
from yolk import Plugin, Service
from yolk.boot import Boot
from yolk.errors import LATE, STOPPING, TOO_LARGE
from yolk.loader import load_tree
from yolk.plugin_registry import Entry, Registry
from yolk.settings import ENVIRONMENT
from yolk.testing import Server
from yolk.tree import find

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NODE_MODULES = ROOT / "tests" / "node" / "node_modules"

LINK = re.compile(r"""\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)\"""")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PARAMETER = re.compile(r"(?<=\w):\w+(?=>)")
PATH = re.compile(r"`((?:\w[\w.-]*/)+[\w.-]*)`")
EXCERPT = re.compile(r"# ((?:middleware|controllers|routes/api)/[\w/]+\.py)$", re.MULTILINE)
SERVICE = re.compile(r"ctx\.service\.(\w+(?:\.\w+)*)")
MACHINE = re.compile(r"/work\b|/root\b|/home/\w|/Users/\w|/tmp/\w|[A-Z]:\\")

FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"data"}

each = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def read(name: str) -> str:
    """Return the text of a document below docs/."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks(text: str, *languages: str) -> list[str]:
    """Return the code blocks of these languages."""
    return [code for language, code in BLOCK.findall(text) if language in languages]


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub generates them."""
    text = BLOCK.sub("", document.read_text(encoding="utf-8"))
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text)]
    return {heading.replace(" ", "-") for heading in plain}


def settings(kind: type[msgspec.Struct], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the dotted names of all settings, with their defaults."""
    for field in msgspec.structs.fields(kind):
        default = (
            field.default_factory()
            if field.default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT
            else field.default
        )
        if isinstance(default, msgspec.Struct):
            yield from settings(type(default), f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", default


def statements(code: str) -> set[str]:
    """Return the lines of Python code, without comments, and docstrings of one line."""
    lines = map(str.strip, code.splitlines())
    return {line for line in lines if line and not line.startswith(("#", '"""'))}


def plugins() -> list[type[Plugin]]:
    """Return the plugins of the chat."""
    return [found.kind for found in Registry(ROOT, "local").load()]


def known_errors(kind: type[errors.ChatError] = errors.ChatError) -> set[type[errors.ChatError]]:
    """Return every error that a client may see."""
    below = {error for child in kind.__subclasses__() for error in known_errors(child)}
    return {kind, *below}


@each
def test_links_and_pictures_exist(document: Path) -> None:
    """Every relative link points to an existing file and heading."""
    text = BLOCK.sub("", document.read_text(encoding="utf-8"))
    missing = []
    for found in LINK.findall(text):
        target = "".join(found)
        if re.match(r"\w+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = document.parent / name if name else document
        if not path.exists() or (anchor and anchor not in anchors(path)):
            missing.append(target)

    assert not missing


@each
def test_no_document_contains_a_local_path(document: Path) -> None:
    """No document contains a path that exists on one machine only."""
    assert not MACHINE.findall(document.read_text(encoding="utf-8"))


@each
def test_python_blocks_compile(document: Path) -> None:
    """Every Python block is valid Python."""
    for code in blocks(document.read_text(encoding="utf-8"), "python"):
        ast.parse(dedent(code))


@each
def test_json_blocks_are_json(document: Path) -> None:
    """Every JSON block is valid JSON."""
    for code in blocks(document.read_text(encoding="utf-8"), "json"):
        json.loads(code)


@each
def test_shell_blocks_are_shell(document: Path) -> None:
    """Every shell block is valid shell, and its `make` targets exist."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for code in blocks(document.read_text(encoding="utf-8"), "sh"):
        checked = subprocess.run(
            ["sh", "-n"], input=code, text=True, capture_output=True, check=False
        )
        assert checked.returncode == 0, checked.stderr
        for target in re.findall(r"^(?:\w+=\S+ )*make ([a-z]+)\b", code, re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("name", ["docs/architecture.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_every_path_exists(name: str) -> None:
    """Every file and folder that these documents name exists."""
    text = BLOCK.sub("", (ROOT / name).read_text(encoding="utf-8"))
    named = {path for path in PATH.findall(text) if path.split("/")[0] in FOLDERS}

    assert named
    assert not [path for path in sorted(named) if not (ROOT / path).exists()]


@each
def test_every_excerpt_is_in_its_file(document: Path) -> None:
    """A Python block that names an existing middleware, controller or route is an excerpt."""
    for code in blocks(document.read_text(encoding="utf-8"), "python"):
        named = EXCERPT.match(code)
        if named is None or not (ROOT / named[1]).is_file():
            continue
        file = statements((ROOT / named[1]).read_text(encoding="utf-8"))
        assert statements(code) - file == set(), named[1]


@each
def test_every_service_exists(document: Path) -> None:
    """Every `ctx.service.*` that a document names is a service or one of its methods."""
    if document.name == "CHANGELOG.md":
        return  # it also has the names of earlier versions
    tree = load_tree(ROOT, "services", "ctx.service", Service)
    for name in SERVICE.findall(document.read_text(encoding="utf-8")):
        assert find(tree, name)


def test_every_picture_is_shown() -> None:
    """Every picture in docs/pictures is used in a document and is smaller than 200 KB."""
    text = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert picture.relative_to(ROOT).as_posix() in text
        assert picture.stat().st_size < 200 * 1024


def test_both_readmes_have_the_same_parts() -> None:
    """Both READMEs have the same number of sections, examples, table rows and list items."""
    english, chinese = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    for part in (r"^#+ ", r"^```", r"^\|", r"^- "):
        found = [len(re.findall(part, text, re.MULTILINE)) for text in (english, chinese)]
        assert found[0] == found[1], part


def test_every_setting_is_documented_with_its_default() -> None:
    """docs/configure.md lists every setting of the framework, the chat and the plugins."""
    rows = dict(re.findall(r"^\| `([\w.]+)` \| `(.+?)` \| .+\|$", read("configure.md"), re.M))
    expected = dict(settings(Settings))
    for plugin in plugins():
        expected |= settings(plugin.Settings, f"{plugin.name}.")

    for name, default in expected.items():
        assert name in rows
        assert ast.literal_eval(rows[name]) == default, name


def test_no_setting_is_documented_that_does_not_exist() -> None:
    """Every setting that docs/configure.md lists exists."""
    expected = dict(settings(Settings))
    for plugin in plugins():
        expected |= settings(plugin.Settings, f"{plugin.name}.")
    named = re.findall(r"^\| `(\w+\.\w+)` \|", read("configure.md"), re.MULTILINE)

    assert set(named) <= expected.keys()


def test_every_environment_variable_is_documented() -> None:
    """docs/configure.md lists every environment variable that changes a setting."""
    text = read("configure.md")
    variables = {"YOLK_ENV", *ENVIRONMENT}.union(*(plugin.environment for plugin in plugins()))

    assert not [name for name in variables if f"`{name}`" not in text]
    for plugin in plugins():
        for variable, field in plugin.environment.items():
            assert f"| `{variable}` | `{plugin.name}.{field}` |" in text


def test_every_property_of_the_plugin_table_is_documented() -> None:
    """docs/configure.md lists every property of the plugin table."""
    text = read("configure.md")

    assert not [name for name in Entry.__struct_fields__ if f"| `{name}` |" not in text]


def test_every_error_and_close_code_is_documented() -> None:
    """docs/protocol.md lists exactly the existing codes, each with its HTTP status."""
    text = read("protocol.md")
    closes = text.split("\n## Close codes")[1].split("\n## ")[0]
    codes = text.split("\n## Errors")[1].split("\n## ")[0]
    known = [error for error in known_errors() if hasattr(error, "code")]
    numbers = {error.code for error in known}
    close_codes = {error.close_code for error in known if hasattr(error, "close_code")}
    documented = dict(re.findall(r"^\| (\d{4}) \| .+ \| (.*?) \|$", codes, re.M))

    assert set(map(int, documented)) == numbers | {STOPPING, TOO_LARGE, LATE}
    for error in known:
        status = documented[str(error.code)]
        assert not status.isdecimal() or int(status) == error.status, error
    rows = {int(code) for code in re.findall(r"^\| (4\d{3}) \|", closes, re.MULTILINE)}
    assert rows == close_codes | {READS_TOO_SLOWLY, SENDS_TOO_MUCH}


def test_no_document_names_a_code_that_does_not_exist() -> None:
    """Every number in docs/protocol.md that looks like a code is a code."""
    text = re.sub(r"```.*?```|\d+ to \d+|\d+,\d+", "", read("protocol.md"), flags=re.DOTALL)
    known = {error.code for error in known_errors() if hasattr(error, "code")}
    close = {error.close_code for error in known_errors() if hasattr(error, "close_code")}
    named = {int(found) for found in re.findall(r"\b[1-5]\d{3}\b", text)}

    registered = {1001, 1002, 1006, 1007, 1009, 1011}  # those of RFC 6455
    own = {STOPPING, TOO_LARGE, LATE, READS_TOO_SLOWLY, SENDS_TOO_MUCH}
    assert named - known - close - registered - own - {1970, 6455} == set()


def test_every_refusal_is_documented_to_the_letter() -> None:
    """docs/protocol.md shows the frames before a close exactly as they are sent."""
    text = read("protocol.md")
    for error in known_errors():
        if hasattr(error, "close_code"):
            row = rf"^\| `{re.escape(error.close_notice(error()))}`.*\| {error.close_code} \|$"
            assert re.search(row, text, re.MULTILINE), error


def test_every_request_is_documented() -> None:
    """docs/protocol.md lists exactly the existing request types, with all fields."""
    text = read("protocol.md")
    table = text.split("\n## Requests")[1].split("\n### ")[0]

    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(ANSWERS)
    for kind in (Send, Cursor, Resume, Pull, Recall, Edit, ReadersOf, Typing, Watch):
        assert not [name for name in kind.__struct_fields__ if f"`{name}`" not in text]


def test_every_address_is_documented() -> None:
    """docs/protocol.md lists exactly the existing addresses, each with its method."""
    routes = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("routes/**/*.py"))
    mounted = {
        f"{method.upper()} {PARAMETER.sub('', path)}"
        for method, path in re.findall(r'\bhttp\.(get|post|patch|delete)\("([^"]+)"', routes)
    }

    rows = r"^\| `((?:GET|POST|PATCH|DELETE) [^`]+)` \|"
    found = re.findall(rows, read("protocol.md"), re.MULTILINE)

    assert set(found) == mounted
    assert len(found) == len(mounted)


def test_the_version_is_the_same_everywhere() -> None:
    """Every file that contains the version, and every example in the documents, agrees."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]
    package = json.loads((ROOT / "web/client/package.json").read_text(encoding="utf-8"))

    assert package["version"] == version
    assert version == API_VERSION
    for name, text in (
        ("asyncapi.yaml", f"\n  version: {version}\n"),
        ("command-line.md", f'"{version}"'),
        ("configure.md", f'"{version}"'),
        ("javascript-client.md", f"yolk-im-client-{version}.tgz"),
    ):
        assert text in read(name), name
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## [{version}] - " in changelog


def test_every_hook_is_documented() -> None:
    """docs/write-a-plugin.md lists all hooks."""
    text = read("write-a-plugin.md").split("## Hooks")[1]
    hooks = [name for name in vars(Boot) if not name.startswith("_")]

    assert not [name for name in hooks if f"`{name}`" not in text]


def test_every_table_is_documented() -> None:
    """docs/port-an-egg-app.md names all tables that are created beside those of an Egg app."""
    text = read("port-an-egg-app.md").split("## The user table")[1].split("###")[0]
    names = [model._meta.db_table for model in models.__models__]

    assert not [name for name in names if f"`{name}`" not in text]


def write_documented_client(folder: Path) -> str:
    """Write the client in docs/connect-a-client.md to *folder*; return the path of Node.js."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node.js; `make test` says how to have it")
    if not (NODE_MODULES / "ws").is_dir():
        pytest.skip("ws is not installed: npm install --prefix tests/node")
    for code in blocks(read("connect-a-client.md"), "js"):
        name = code.partition(":")[0].removeprefix("// ")
        (folder / name).write_text(code, encoding="utf-8")
    (folder / "node_modules").symlink_to(NODE_MODULES)
    return node


OFFLINE = """
// Connects, loses its network until a line is entered, and prints what arrives.
import WebSocket from "ws";
let socket;
globalThis.WebSocket = class extends WebSocket {
  constructor(...options) { super(...options); socket = this; }
};
const { Client } = await import("./client.mjs");
const [base, username, password] = process.argv.slice(2);
const { fetch } = globalThis;
const headers = { "Content-Type": "application/json" };
const body = JSON.stringify({ username, password });
const response = await fetch(`${base}/auth/login`, { method: "POST", headers, body });
const client = new Client(base, (await response.json()).data);
client.onMessage = ({ data }) => console.log(data);
globalThis.fetch = async (...request) => {
  const answer = await fetch(...request);
  if (!`${request[0]}`.endsWith("/chat/sync")) return answer;
  globalThis.fetch = () => Promise.reject(new TypeError("no network"));
  setTimeout(() => { socket.terminate(); console.log("offline"); }, 100);
  process.stdin.once("data", () => { globalThis.fetch = fetch; });
  return answer;
};
await client.connect();
"""
"""It loses the network after its first `sync` has been answered."""


async def test_the_documented_client_misses_nothing_of_a_new_conversation(
    server: Server, tmp_path: Path
) -> None:
    """A conversation that begins while it is offline arrives whole, however long it is."""
    node = write_documented_client(tmp_path)
    (tmp_path / "offline.mjs").write_text(OFFLINE, encoding="utf-8")
    ada, grace = await server.user("ada"), await server.user("grace")
    his = await grace.connect()

    client = await asyncio.create_subprocess_exec(
        *(node, "offline.mjs", server.url, ada.username, ada.password),
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert client.stdin is not None
    assert client.stdout is not None
    try:
        async with asyncio.timeout(30):
            assert await client.stdout.readline() == b"offline\n"
            texts = [str(number) for number in range(201)]
            for text in texts:
                await his.send({"id": 1, "type": "send", "data": {"to_id": ada.id, "data": text}})
            for _ in texts:
                await his.wait_for(msg="ok")
            client.stdin.write(b"online\n")
            assert [(await client.stdout.readline()).decode().strip() for _ in texts] == texts
    finally:
        client.kill()
        await client.wait()


async def test_the_documented_client_chats(server: Server, tmp_path: Path) -> None:
    """The client in docs/connect-a-client.md runs as it is printed."""
    node = write_documented_client(tmp_path)
    ada, grace = await server.user("ada"), await server.user("grace")
    await grace.post("/chat/send", to_id=ada.id, data="before she came")

    talk = await asyncio.create_subprocess_exec(
        *(node, "talk.mjs", server.url, ada.username, ada.password, grace.username),
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert talk.stdin is not None
    assert talk.stdout is not None
    try:
        async with asyncio.timeout(20):
            assert await talk.stdout.readline() == b"before she came\n"
            his = await grace.connect()
            talk.stdin.write("你好\n".encode())
            assert (await his.wait_for(type="message"))["data"]["data"] == "你好"
            assert await talk.stdout.readline() == "> 你好\n".encode()
            await his.request("send", to_id=ada.id, cid="1", data="hello")
            assert await talk.stdout.readline() == b"hello\n"
            # Messages from before she joined a group are not hers, and no gap to her client.
            group = await grace.post("/chat/groups", name="Late", history=False, join="open")
            for text in ("before", "before"):
                await grace.post("/chat/send", to_id=group["id"], chat_type="group", data=text)
            await ada.post(f"/chat/groups/{group['id']}/join")
            await grace.post("/chat/send", to_id=group["id"], chat_type="group", data="after")
            assert await talk.stdout.readline() == b"after\n"
    finally:
        talk.kill()
        await talk.wait()
        await talk.communicate()
