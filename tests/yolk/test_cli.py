"""The command line, run as users do."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.copies import copy_chat
from tests.yolk.small_apps import APP, CONFIG, HOOKS, YOLK, plugin, write
from yolk.cli.masking import MASK, show_value
from yolk.testing.server import SETTINGS

Files = Mapping[str, str]

PLAIN = {"app.py": APP, "hooks.py": HOOKS, "config/config_default.py": CONFIG}
COLOURS = ("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "COLUMNS", "TERM")
UNREACHABLE = {
    "DATABASE_URL": "postgres://yolk:pa55word@127.0.0.1:1/chat",
    "REDIS_URL": "redis://:pa55word@127.0.0.1:1/0",
}


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a command: none of the test's own that would change it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    return {name: value for name, value in kept.items() if name not in COLOURS} | {
        "PYTHONPATH": str(YOLK),
        **env,
    }


def run(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m yolk` in *folder*, with its output piped."""
    return subprocess.run(
        [sys.executable, "-m", "yolk", *arguments],
        cwd=folder,
        env=environment(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def answer(folder: Path, *arguments: str, **env: str) -> str:
    """Return what a command that succeeds prints."""
    done = run(folder, *arguments, **env)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def rows(text: str) -> list[list[str]]:
    """Return the cells of a piped table, without its title and its header."""
    return [re.split(r" {2,}", line) for line in text.splitlines()[2:] if "  " in line]


def small(root: Path, files: Files) -> Path:
    """Write a small application, and return its root."""
    return write(root, {**PLAIN, **files})


# --- the chat


def test_the_chats_plugins_are_listed_in_the_order_of_their_start() -> None:
    """Each plugin has its file, its folder, its dependencies and its attributes."""
    text = answer(YOLK, "plugins")

    assert text.startswith("Plugins, environment local (YOLK_ENV is not set)\n")
    assert rows(text) == [
        ["1", "redis", "on", "config/plugin.py", "plugins/redis", "-", "app.redis"],
        ["2", "orm", "on", "config/plugin.py", "plugins/orm", "-", "app.model, app.orm"],
        ["3", "jwt", "on", "config/plugin.py", "plugins/jwt", "-", "app.jwt, ctx.check_token"],
        [
            *("4", "websocket", "on", "config/plugin.py", "plugins/websocket"),
            *("redis (optional)", "app.ws"),
        ],
        ["5", "storage", "on", "config/plugin.py", "plugins/storage", "-", "app.storage"],
    ]


def test_the_chats_routes_are_listed_with_their_chains() -> None:
    """Each route of routes/ is listed, with its middlewares and its handler."""
    text = answer(YOLK, "routes")
    sources = "".join(path.read_text() for path in YOLK.glob("routes/**/*.py"))
    expected = {
        (method.upper(), path)
        for method, path in re.findall(r'app\.http\.(get|post|patch|delete)\("([^"]+)"', sources)
    }
    found = {(method, path): rest for method, path, *rest in rows(text)}

    assert expected
    assert expected <= found.keys()
    assert found["POST", "/auth/login"] == ["outage > refuse_overload", "api.auth.login"]
    assert found["POST", "/auth/logout"] == ["outage > authenticate", "api.auth.logout"]
    assert found["WS", "/ws"] == [
        "outage > verify_token > load_user > check_status > register",
        "api.chat.chatwebsocket.connect",
    ]
    assert found["GET, HEAD", "/"] == ["-", "files: web/index.html"]
    assert text.endswith("Sanic's own middlewares after every handler: protect\n")


def test_the_chats_settings_are_listed_with_their_sources() -> None:
    """A value that was set has its file or variable; the others are defaults."""
    text = answer(YOLK, "config", PORT="7002")
    found = {name: rest for name, *rest in rows(text)}

    assert found["port"] == ["7002", "7001", "$PORT"]
    assert found["host"] == ['"127.0.0.1"', "-", "default"]
    assert found["middleware"] == ['["outage"]', "[]", "config/config_default.py"]
    assert found["chat.batch"] == ["256", "-", "default"]
    assert found["websocket.devices"] == ['"all"', "-", "config/config_default.py"]
    assert found["REQUEST_MAX_SIZE"] == ["4194304", "100000000", "config/config_default.py"]
    assert "RESPONSE_TIMEOUT" not in found  # Sanic's, and not changed


@pytest.mark.parametrize("command", ["plugins", "routes", "config"])
def test_nothing_is_started(tmp_path: Path, command: str) -> None:
    """Neither the database nor Redis is needed, and nothing is written to the data folder."""
    data = tmp_path / "data"

    text = answer(YOLK, command, YOLK_DATA=str(data), **UNREACHABLE)

    assert "pa55word" not in text
    assert not data.exists()


@pytest.mark.parametrize(("command", "shown"), [("plugins", "websocket"), ("config", "jwt.secret")])
def test_a_fault_is_told_after_what_is_known(command: str, shown: str) -> None:
    """In prod without a secret, the table is printed, then one sentence; the status is 1."""
    done = run(YOLK, command, YOLK_ENV="prod")

    assert done.returncode == 1
    assert "environment prod (YOLK_ENV)" in done.stdout
    assert shown in done.stdout
    assert re.fullmatch(r"yolk: the plugin jwt has no secret in prod; .+\.\n", done.stderr)


def test_routes_need_an_application_without_faults() -> None:
    """Routes are unknown before they are mounted, so no table is printed."""
    done = run(YOLK, "routes", YOLK_ENV="prod")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("yolk: the plugin jwt has no secret in prod; ")


# --- plugins

SHOP = plugin(
    "shop",
    """
    dependencies = ("till",)
    optional_dependencies = ("stamps", "lights")

    class context:
        async def buy(self): ...
        _private = 1

    async def did_load(self):
        self.app.provide("shop", object())
        self.app.provide("goods", [])
    """,
)
SHOP_FILES = {
    "config/plugin.py": """
    shop = {"path": "parts/shop"}
    till = {"package": "till_of_others", "enable": False}
    stamps = {"path": "parts/broken", "env": ["prod", "test"]}
    lights = {"path": "parts/lights", "env": ["local"], "dependencies": ["till"]}
    news = {"path": "parts/broken", "dependencies": ["shop"]}
    """,
    "config/plugin_local.py": """
    till = True
    news = False
    """,
    "parts/shop/__init__.py": SHOP,
    "parts/lights/__init__.py": plugin("lights"),
    "parts/broken/__init__.py": "raise RuntimeError('imported')",
    "till_of_others.py": plugin("till"),
}


def test_plugins_say_why_they_are_on_or_off(tmp_path: Path) -> None:
    """The deciding file is named, also for plugins that are off, which are not imported."""
    found = {name: rest for _, name, *rest in rows(answer(small(tmp_path, SHOP_FILES), "plugins"))}

    why = {name: rest[:3] for name, rest in found.items()}
    assert why == {
        "till": ["on", "config/plugin_local.py", "package till_of_others"],
        "lights": ["on", "config/plugin.py: only in local", "parts/lights"],
        "shop": ["on", "config/plugin.py", "parts/shop"],
        "stamps": ["off", "config/plugin.py: only in prod, test", "parts/broken"],
        "news": ["off", "config/plugin_local.py: enable is False", "parts/broken"],
    }


def test_plugins_say_what_they_need_and_bring(tmp_path: Path) -> None:
    """Dependencies start first; optional ones are marked, and marked if they are off."""
    found = rows(answer(small(tmp_path, SHOP_FILES), "plugins"))
    needs_and_brings = {name: rest[3:] for _, name, *rest in found}

    assert [row[:2] for row in found] == [
        *(["1", "till"], ["2", "lights"], ["3", "shop"]),
        *(["-", "stamps"], ["-", "news"]),
    ]
    assert needs_and_brings == {
        "till": ["-", "-"],
        "lights": ["till", "-"],
        "shop": [
            "till, stamps (optional, off), lights (optional)",
            "app.shop, app.goods, ctx.buy",
        ],
        "stamps": ["-", "-"],
        "news": ["shop", "-"],
    }


def test_another_environment_has_other_plugins(tmp_path: Path) -> None:
    """`YOLK_ENV` selects the files; a dependency that is off there is an error."""
    files = {**SHOP_FILES, "config/plugin_staging.py": "news = False"}

    done = run(small(tmp_path, files), "plugins", YOLK_ENV="staging")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "yolk: config/plugin.py: the plugin till is off here, but shop needs it; "
        "switch till on, or shop off.\n"
    )


# --- routes

ROUTES = {
    "config/config_default.py": f"{CONFIG}middleware = ['outer', 'inner']\n",
    "config/config_bare.py": "websocket = {'use_app_middlewares': False}\n",
    "config/plugin.py": "websocket = {'package': 'plugins.websocket'}",
    "middleware/outer.py": "async def outer(ctx, next): await next()",
    "middleware/inner.py": "async def inner(ctx, next): await next()",
    "controllers/shop/goods.py": """
    from yolk import Controller

    class Base(Controller):
        async def show(self): ...

    class GoodsController(Base):
        async def index(self): ...
    """,
    "routes/__init__.py": """
    import functools
    from sanic.response import empty

    def limit(times):
        async def limited(ctx, next): await next()
        return limited

    class Guard:
        async def __call__(self, ctx, next): await next()

    async def hello(ctx, name=""): ...
    async def plain(request): return empty()
    async def first(request): ...

    def mount(app):
        app.http.get("/goods", app.controller.shop.goods.index)
        app.http.get("/goods/:id", limit(3), Guard(), "shop.goods.show")
        app.http.mount(("PUT", "PATCH"), "/hello", functools.partial(hello, name="x"))
        app.ws.use(limit(1))
        app.ws.route("/rooms/:room", Guard(), hello)
        app.add_route(plain, "/plain", methods=["GET", "POST"])
        app.register_middleware(first)
    """,
}


def test_routes_show_every_link_of_their_chain(tmp_path: Path) -> None:
    """The application's middlewares come first, then the route's own ones."""
    text = answer(small(tmp_path, ROUTES), "routes")

    both = "outer > inner"
    assert rows(text) == [
        ["GET", "/goods", both, "shop.goods.index"],
        ["GET", "/goods/<id>", f"{both} > limit.limited > Guard", "shop.goods.show"],
        ["PUT, PATCH", "/hello", both, "routes.hello"],
        ["WS", "/rooms/<room>", f"{both} > limit.limited > Guard", "routes.hello"],
        ["GET, POST", "/plain", "-", "routes.plain"],
    ]
    assert text.endswith("Sanic's own middlewares before every handler: first\n")


def test_sockets_may_go_without_the_applications_middlewares(tmp_path: Path) -> None:
    """With `use_app_middlewares` off, only HTTP routes have the application's middlewares."""
    found = rows(answer(small(tmp_path, ROUTES), "routes", YOLK_ENV="bare"))

    assert found[0] == ["GET", "/goods", "outer > inner", "shop.goods.index"]
    assert found[3] == ["WS", "/rooms/<room>", "limit.limited > Guard", "routes.hello"]


def test_an_application_without_routes_has_an_empty_table(tmp_path: Path) -> None:
    """Neither routes nor the websocket plugin are required."""
    text = answer(small(tmp_path, {}), "routes")

    assert text.splitlines()[1:] == ["Method  Path  Middlewares  Handler"]


# --- config

BANK = plugin(
    "bank",
    """
    class Settings(msgspec.Struct, frozen=True):
        class Vault(msgspec.Struct, frozen=True):
            key: str = ""
            doors: int = 1
        url: str | None = None
        api_token: str = "from the default"
        branches: dict[str, dict[str, str]] = {}
        vault: Vault = Vault()
    environment = {"BANK_URL": "url"}

    def config_will_load(self):
        self.app.config.update({"workers": 2, "KEEP_ALIVE_TIMEOUT": 9})
    """,
)
BANK_FILES = {
    "config/plugin.py": "bank = {'path': 'parts/bank'}",
    "parts/bank/__init__.py": BANK,
    "config/config_default.py": f"{CONFIG}"
    "bank = {'vault': {'doors': 2}, 'branches': {'north': {'pin_key': 'hush', 'town': 'Oslo'}}}\n"
    "REQUEST_TIMEOUT = 5\nport = 7001\n",
    "config/config_prod.py": "bank = {'vault': {'key': 'hush', 'doors': 3}}\n",
}


def test_settings_name_where_they_come_from(tmp_path: Path) -> None:
    """The source is the last file or variable that set a value, or a hook."""
    url = "mysql://teller:hush@db/bank?ssl_key=hush&charset=utf8"
    text = answer(
        small(tmp_path, BANK_FILES),
        "config",
        YOLK_ENV="prod",
        BANK_URL=url,
        SANIC_RESPONSE_TIMEOUT="7",
    )

    found = {name: rest for name, *rest in rows(text)}
    default, prod = "config/config_default.py", "config/config_prod.py"
    assert text.startswith("Settings, environment prod (YOLK_ENV)\n")
    assert {name: found[name] for name in found if "." in name or name.isupper()} == {
        "bank.url": ['"mysql://teller:***@db/bank?ssl_key=***&charset=utf8"', "None", "$BANK_URL"],
        "bank.api_token": ["***", "-", "default"],
        "bank.branches": ['{"north": {"pin_key": ***, "town": "Oslo"}}', "{}", default],
        "bank.vault.key": ["***", '""', prod],
        "bank.vault.doors": ["3", "1", prod],
        "AUTO_EXTEND": ["False", "True", default],
        "KEEP_ALIVE_TIMEOUT": ["9", "120", "the application's code"],
        "REQUEST_TIMEOUT": ["5", "60", default],
        "RESPONSE_TIMEOUT": ["7", "60", "$SANIC_RESPONSE_TIMEOUT"],
    }
    assert found["port"] == ["7001", "-", default]
    assert found["workers"] == ["2", "1", "the application's code"]
    assert "hush" not in text
    assert "from the default" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jwt.secret", "hush"),
        ("SECRET_KEY", "hush"),
        ("db.password", b"hush"),
        ("apikey", "hush"),
        ("auth.tokens", ["hush", {"name": "hush"}]),
        ("credentials.user", "hush"),
        ("url", "redis://:hush@host"),
        ("url", "redis://ada:hu@hush/hush hush@host:1/0"),
        ("url", "https://hush@host/1"),
        ("url", "redis://a:hush@one,redis://b:hush@two"),
        ("url", "postgres://host/db?password=hush"),
        ("dsn", "host=db user=ada password=hush"),
        ("pem", "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----"),
        ("shops", [{"name": "a", "password": "hush"}]),
    ],
)
def test_secrets_are_masked(name: str, value: object) -> None:
    """Texts with names of secrets, and passwords in URLs, are masked."""
    shown = show_value(name, value)

    assert "hush" not in shown
    assert MASK in shown


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("url", "redis://host:6379/0", '"redis://host:6379/0"'),
        ("url", "postgres://ada:x@host/db", '"postgres://ada:***@host/db"'),
        ("jwt.public_key", "keys/jwt.pem", '"keys/jwt.pem"'),
        ("jwt.secret", None, "None"),
        ("jwt.secret", "", '""'),
        ("jwt.allow_short_secret", True, "True"),
        ("token_expires_in", 7200, "7200"),
        ("text", 'Ada said "你好"', r'"Ada said \"你好\""'),
        ("names", ("a", 1, None, {"b": 2.5}), '["a", 1, None, {"b": 2.5}]'),
    ],
)
def test_what_is_no_secret_is_shown(name: str, value: object, shown: str) -> None:
    """Other texts, and numbers with any name, are printed as Python literals."""
    assert show_value(name, value) == shown


# --- terminals and pipes


def test_a_pipe_gets_plain_lines(tmp_path: Path) -> None:
    """Each row is one line, without colours, frames or trailing blanks."""
    long = "x" * 300
    root = small(tmp_path, {"config/config_default.py": f"{CONFIG}host = '{long}'\n"})
    text = answer(root, "config", COLUMNS="40")

    assert text.isascii()
    assert "\x1b" not in text
    assert ["host", f'"{long}"', '"127.0.0.1"', "config/config_default.py"] in rows(text)
    assert not re.search(r"[ \t]+$", text, re.MULTILINE)


def test_a_terminal_gets_a_table_in_its_width(tmp_path: Path) -> None:
    """The table has colours and a rule, and long cells are folded completely."""
    chat = "/".join(f"part{number}" for number in range(30))
    root = small(tmp_path, {"config/config_default.py": f"{CONFIG}host = '{chat}'\n"})
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "yolk", "config"],
        cwd=root,
        env=environment({"TERM": "xterm-256color", "COLUMNS": "90"}),
        stdin=subprocess.DEVNULL,
        stdout=slave,
    ):
        os.close(slave)
        text = read_all(master)

    bare = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert bare != text
    assert "────" in bare
    assert max(map(len, bare.splitlines())) <= 90
    assert chat in re.sub(r"(?m)^ {10,}|\s+$|\n|   .*$", "", bare[bare.index('"part0') :])


def read_all(terminal: int) -> str:
    """Return what is written to a terminal until its last writer is gone."""
    found = b""
    try:
        while chunk := os.read(terminal, 65536):
            found += chunk
    except OSError:  # so Linux says that it is closed
        pass
    finally:
        os.close(terminal)
    return found.decode()


def test_what_an_application_says_while_it_loads_is_no_part_of_the_answer(tmp_path: Path) -> None:
    """It goes to stderr, so that the output can be piped."""
    hooks = """
    from yolk import Boot

    class Hooks(Boot):
        def config_did_load(self):
            print("printed")
            self.app.logger.warning("logged")
    """
    done = run(small(tmp_path, {"hooks.py": hooks}), "routes")

    assert done.returncode == 0
    assert done.stdout.startswith("Routes, ")
    assert "printed" in done.stderr
    assert "logged" in done.stderr


# --- which application, and what is wrong with it


@pytest.mark.parametrize(
    "arguments",
    [
        ("routes", "--app", "shop.main:make"),
        ("--app", "shop.main:make", "routes"),
        ("routes", "--app", "shop.other"),
    ],
)
def test_the_factory_can_be_named(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """`--app` may be before or after the command; the default factory is `create_app`."""
    make = APP.replace("create_app", "make").replace(".parent", ".parents[1]")
    files = {
        "hooks.py": HOOKS,
        "config/config_default.py": CONFIG,
        "shop/main.py": make,
        "shop/other.py": f"{make}\ncreate_app = make\n",
        "routes/__init__.py": "async def x(ctx): ...\ndef mount(app): app.http.get('/x', x)",
    }

    assert rows(answer(write(tmp_path, files), *arguments)) == [["GET", "/x", "-", "routes.x"]]


@pytest.mark.parametrize(
    ("files", "arguments", "problem"),
    [
        ({}, (), "There is no app.py in this folder; go to the application's folder, or name the"),
        ({}, ("--app", "nowhere:make"), "There is no module nowhere; correct --app"),
        ({}, ("--app", "not a module"), "--app not a module is not of the form module:factory."),
        ({}, ("--app", "os:getcwd"), "os:getcwd does not return a yolk.Application."),
        ({"app.py": ""}, (), "app has no function create_app; correct it, or name the"),
        (
            {"config/config_default.py": "hots = 1"},
            (),
            "config/config_default.py: there is no setting hots; did you mean host?",
        ),
        (
            {"config/config_default.py": "port = 'x'"},
            (),
            "config/config_default.py: the setting port has the wrong value: Expected `int`, got `",
        ),
        (
            {"config/plugin.py": "a = {'path': 'parts/a'}"},
            (),
            "config/plugin.py: the plugin a names the path parts/a, but there is no parts/a/__",
        ),
        (
            {"config/plugin.py": "a = {'pth': 'parts/a'}"},
            (),
            "config/plugin.py: the plugin a has no property pth; did you mean path?",
        ),
    ],
)
def test_faults_are_told_in_one_sentence(
    tmp_path: Path, files: Files, arguments: tuple[str, ...], problem: str
) -> None:
    """Stderr contains nothing else, and the status is 1."""
    root = small(tmp_path, files) if files else tmp_path

    done = run(root, "plugins", *arguments)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"yolk: {problem}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["routes", "config", "new plugin last_seen"])
def test_every_command_tells_faults_alike(tmp_path: Path, command: str) -> None:
    """An error in an environment's file or variable is one sentence, for every command."""
    root = small(tmp_path, {"config/config_test.py": "hots = 1"})
    faults = {
        "config/config_test.py: there is no setting hots; did you mean host?": {"YOLK_ENV": "test"},
        "The environment variable PORT=x: Expected `int`, got `str`.": {"PORT": "x"},
    }
    for sentence, env in faults.items():
        done = run(root, *command.split(), **env)

        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"yolk: {sentence}\n"


def test_help_says_what_there_is(tmp_path: Path) -> None:
    """The help needs no application; without a command it is printed with status 2."""
    text = answer(tmp_path, "--help")
    nothing = run(tmp_path)

    for word in ("python -m yolk", "plugins", "routes", "config", "new", "--app", "YOLK_ENV"):
        assert word in text
    assert "--enable" in answer(tmp_path, "new", "plugin", "--help")
    assert (nothing.returncode, nothing.stdout.split()) == (2, text.split())
    assert run(tmp_path, "plugin").returncode == 2


# --- new plugin


def test_a_new_plugin_works_and_passes_the_checks(tmp_path: Path) -> None:
    """Its test passes, and so do ruff and mypy with this project's settings."""
    root = copy_chat(tmp_path, {})
    shutil.copy(YOLK / "pyproject.toml", root)
    table = (root / "config" / "plugin.py").read_text()

    text = answer(root, "new", "plugin", "last_seen")

    line = 'last_seen = {"enable": True, "path": "plugins/last_seen"}'
    files = ["plugins/last_seen/__init__.py", "tests/plugins/test_last_seen.py"]
    assert text.splitlines() == [
        *(f"Created {file}" for file in files),
        *("To switch it on, add to config/plugin.py:", "", line, ""),
        f"Test it: python -m pytest {files[1]}",
    ]
    assert (root / "config" / "plugin.py").read_text() == table
    check(root, "pytest", files[1])
    check(root, "ruff", "check", *files)
    check(root, "ruff", "format", "--check", *files)
    check(root, "mypy", *files)

    (root / "config" / "plugin.py").write_text(f"{table}\n{line}\n")

    assert rows(answer(root, "plugins"))[-1] == [
        *("6", "last_seen", "on", "config/plugin.py", "plugins/last_seen", "-"),
        "app.last_seen, ctx.last_seen",
    ]


@pytest.mark.parametrize("name", ["x", "redis_of_mine", "a1_" + "b" * 27])
def test_code_for_any_name_is_in_style(tmp_path: Path, name: str) -> None:
    """Short and long names result in code that ruff would not change."""
    root = small(tmp_path, {})
    shutil.copy(YOLK / "pyproject.toml", root)
    (root / "yolk").symlink_to(YOLK / "yolk")  # ruff sorts what lies in the folder by itself

    answer(root, "new", "plugin", name)

    files = [f"plugins/{name}", f"tests/plugins/test_{name}.py"]
    check(root, "ruff", "check", *files)
    check(root, "ruff", "format", "--check", *files)


def check(root: Path, tool: str, *arguments: str) -> None:
    """Run a tool of the project, which must report nothing."""
    done = subprocess.run(
        [sys.executable, "-m", tool, *arguments],
        cwd=root,
        env=environment({"PYTHONPATH": ""}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, '"""The plugins that are switched on, and where they come from."""\n'),
        ("other = False", "other = False\n"),
        ("# Mine.\nother = False\n", "# Mine.\nother = False\n"),
    ],
)
def test_enable_adds_the_line_below_what_is_there(
    tmp_path: Path, before: str | None, after: str
) -> None:
    """The file keeps its content, or is created; then the plugin is on."""
    root = small(tmp_path, {"config/plugin.py": before} if before else {})

    text = answer(root, "new", "plugin", "last_seen", "--enable")

    line = 'last_seen = {"enable": True, "path": "plugins/last_seen"}'
    assert f"Added to config/plugin.py:\n\n{line}\n" in text
    assert (root / "config" / "plugin.py").read_text() == f"{after}\n{line}\n"
    assert ["1", "last_seen", "on"] in [row[:3] for row in rows(answer(root, "plugins"))]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"plugins/till/x.py": "mine"}, "plugins/till exists already;"),
        ({"tests/plugins/test_till.py": "mine"}, "tests/plugins/test_till.py exists already;"),
        ({"config/plugin.py": "till = False"}, "config/plugin.py lists a plugin till already."),
    ],
)
def test_nothing_is_overwritten(tmp_path: Path, files: Files, problem: str) -> None:
    """If something has that name, nothing is written."""
    root = small(tmp_path, files)
    before = contents(root)

    done = run(root, "new", "plugin", "till", "--enable")

    assert done.returncode == 1
    assert done.stderr.startswith(f"yolk: {problem}")
    assert contents(root) == before


def contents(root: Path) -> dict[Path, bytes]:
    """Return all files of an application."""
    return {
        path: path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Last_seen", "A plugin cannot be called Last_seen; choose a Python identifier"),
        ("last-seen", "A plugin cannot be called last-seen;"),
        ("../last", "A plugin cannot be called ../last;"),
        ("2nd", "A plugin cannot be called 2nd;"),
        ("_own", "A plugin cannot be called _own;"),
        ("sécurité", "A plugin cannot be called sécurité;"),
        ("class", "A plugin cannot be called class;"),
        ("x" * 31, f"The name {'x' * 31} is too long;"),
        ("host", "host is a setting of the application;"),
        ("router", "app.router exists already;"),
        ("goods", "app.goods exists already;"),
        ("till", "app.till exists already;"),
        ("clock", "app.clock exists already;"),
        ("request", "ctx.request exists already;"),
        ("buy", "ctx.buy exists already;"),
        ("msgspec", "The plugin would hide the package msgspec;"),
    ],
)
def test_a_name_has_to_be_free_and_one_of_python(tmp_path: Path, name: str, problem: str) -> None:
    """The name of an attribute of `app` or `ctx`, or of a setting, is refused."""
    shop = SHOP.replace('dependencies = ("till",)', "")
    hooks = """
    from yolk import Boot

    class Parts:
        def start(self):
            self.clock = 1

    class Hooks(Boot):
        async def did_load(self):
            self.app.provide("till", 1)
            parts = Parts()
            parts.start()
            for name, part in vars(parts).items():
                self.app.provide(name, part)
    """
    files = {
        "config/plugin.py": "shop = {'path': 'parts/shop'}",
        "parts/shop/__init__.py": shop,
        "hooks.py": hooks,
    }

    done = run(small(tmp_path, files), "new", "plugin", name)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"yolk: {problem}")
    assert not (tmp_path / "plugins").exists()


def test_a_plugin_can_be_made_where_the_environment_is_not_ready(tmp_path: Path) -> None:
    """A missing secret in prod does not matter."""
    root = copy_chat(tmp_path, {})

    answer(root, "new", "plugin", "last_seen", YOLK_ENV="prod")

    assert (root / "plugins" / "last_seen" / "__init__.py").is_file()


def test_the_documented_output_is_real(tmp_path: Path) -> None:
    """Each command in docs/command-line.md prints the lines below it; `...` is any lines."""
    root = copy_chat(tmp_path, {})
    text = (YOLK / "docs" / "command-line.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```console\n\$ ([^\n]+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    assert examples
    for command, expected in examples:
        done = subprocess.run(
            ["sh", "-c", f"{command} 2>&1"],
            cwd=root,
            env=environment({"PATH": search}),
            capture_output=True,
            text=True,
            check=False,
        )
        pattern = re.escape(expected).replace(re.escape("...\n"), r"(?:.*\n)*")
        assert re.fullmatch(pattern, done.stdout), f"{command}\n{done.stdout}"
