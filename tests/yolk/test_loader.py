"""Controllers, services, middlewares and routes, found by folder."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.yolk.conftest import Load
from tests.yolk.small_apps import serving
from yolk import Controller, StartError
from yolk.context import Context
from yolk.tree import BoundTree, find

CONTROLLER = """
from yolk import Controller

class {name}Controller(Controller):
    async def index(self):
        self.ctx.api_success("{name}")

    async def show(self):
        self.ctx.api_success([self.ctx.params.id, await self.service.user.find(7)])
"""

SERVICE = """
from yolk import Service

class UserService(Service):
    async def find(self, id):
        return f"user {id} for {self.ctx.query.who} in {self.app.name}"
"""

NAMED = """
from yolk import Service

class {name}Service(Service):
    def hello(self):
        return type(self).__name__
"""

FILES = {
    "controllers/home.py": CONTROLLER.format(name="Home"),
    "controllers/api/chat/chatwebsocket.py": CONTROLLER.format(name="Chatwebsocket"),
    "controllers/api/user_profile.py": CONTROLLER.format(name="UserProfile"),
    "controllers/api/helpers.py": "from yolk import Controller\nLIMIT = 3",
    "controllers/api/_hidden.py": "raise RuntimeError('imported')",
    "services/user.py": SERVICE,
}


def test_controllers_are_found_by_folder(load: Load) -> None:
    """`app.controller.api.chat.chatwebsocket` is the class in the file of that path."""
    app = load(FILES)

    assert list(app.controller) == ["api.chat.chatwebsocket", "api.user_profile", "home"]
    assert dir(app.controller.api) == ["chat", "user_profile"]
    found = app.controller.api.chat.chatwebsocket
    assert issubclass(found, Controller)
    assert (found.__name__, found.__module__) == (
        "ChatwebsocketController",
        "controllers.api.chat.chatwebsocket",
    )


def test_a_dotted_name_leads_to_a_method(load: Load) -> None:
    """A dotted name finds the same class."""
    tree = load(FILES).controller

    assert find(tree, "api.chat.chatwebsocket.index") is tree.api.chat.chatwebsocket.index


def test_without_folders_the_trees_are_empty(load: Load) -> None:
    """An application needs neither controllers nor services."""
    app = load()

    assert list(app.controller) == list(app.service) == []
    with pytest.raises(AttributeError, match=r"^app\.controller has no home; there is nothing\.$"):
        _ = app.controller.home


def test_a_name_that_does_not_exist_lists_those_that_do(load: Load) -> None:
    """The error lists the existing names and the nearest one."""
    app = load(FILES)

    with pytest.raises(AttributeError) as missing:
        _ = app.controller.api.chats
    assert str(missing.value) == (
        "app.controller.api has no chats; there is chat, user_profile. Did you mean chat?"
    )
    with pytest.raises(AttributeError) as missing:
        _ = app.controller.zzz
    assert str(missing.value) == "app.controller has no zzz; there is api, home."
    with pytest.raises(AttributeError) as missing:
        find(app.controller, "home.indx")
    assert str(missing.value) == "HomeController has no method indx; there is index, show."


async def test_services_are_bound_to_the_context(load: Load) -> None:
    """`ctx.service.user` is a service of that request; so is a controller's `self.service`."""
    app = load(FILES)
    app.http.get("/users/<id:int>", app.controller.home.show)

    async def same(ctx: Any) -> None:
        ctx.body = [ctx.service.user.ctx is ctx, dir(ctx.service)]

    app.http.get("/same", same)
    async with serving(app) as client:
        ada = await client.get("/users/7?who=ada")
        bob = await client.get("/users/7?who=bob")
        bound = await client.get("/same")

    assert ada.json()["data"] == ["7", f"user 7 for ada in {app.name}"]
    assert bob.json()["data"] == ["7", f"user 7 for bob in {app.name}"]
    assert bound.json() == [True, ["user"]]


async def test_a_service_that_does_not_exist_says_so_in_the_log(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    """The client receives no details; the log names the existing services."""

    async def handler(ctx: Any) -> None:
        await ctx.service.usr.find(1)

    app = load(FILES)
    app.http.get("/x", handler)
    async with serving(app) as client:
        answer = await client.get("/x")

    assert answer.status_code == 500
    assert "app.service has no usr; there is user. Did you mean user?" in caplog.text


def test_a_class_must_be_named_after_its_file(load: Load) -> None:
    """A class that is not named after its file stops the start."""
    with pytest.raises(StartError) as refusal:
        load({"controllers/api/user.py": CONTROLLER.format(name="People")})

    assert str(refusal.value) == (
        "controllers/api/user.py: the class PeopleController must be named UserController, "
        "after its file."
    )


def test_a_file_named_after_its_folder_holds_the_folders_own_class(load: Load) -> None:
    """Its methods stand beside the folder's other files, for services and controllers alike."""
    app = load(
        {
            "services/team/team.py": NAMED.format(name="Team"),
            "services/team/members.py": NAMED.format(name="Members"),
            "controllers/api/chat/chat.py": CONTROLLER.format(name="Chat"),
            "controllers/api/chat/room.py": CONTROLLER.format(name="Room"),
        }
    )
    ctx = Context.__new__(Context)
    services = BoundTree(app.service, ctx)

    assert services.team.hello() == "TeamService"
    assert services.team.members.hello() == "MembersService"
    assert app.controller.api.chat.index.__qualname__ == "ChatController.index"
    assert app.controller.api.chat.room.index.__qualname__ == "RoomController.index"
    assert list(app.service) == ["team", "team.members"]
    assert "hello" in dir(app.service.team)


def test_a_file_and_a_method_of_one_name_stop_the_start(load: Load) -> None:
    """One of them would hide the other."""
    with pytest.raises(StartError) as refusal:
        load(
            {
                "services/team/team.py": NAMED.format(name="Team"),
                "services/team/hello.py": NAMED.format(name="Hello"),
            }
        )

    assert str(refusal.value) == (
        "services/team/hello: TeamService has a method of the same name; rename one of the two."
    )


@pytest.mark.parametrize("package", [True, False])
def test_a_file_beside_a_folder_of_its_name_stops_the_start(load: Load, package: bool) -> None:
    """Python imports only one of the two: the error says where the file belongs."""
    files = {
        "controllers/api/chat.py": CONTROLLER.format(name="Chat"),
        "controllers/api/chat/room.py": CONTROLLER.format(name="Room"),
    }
    with pytest.raises(StartError) as refusal:
        load(files | ({"controllers/api/chat/__init__.py": ""} if package else {}))

    assert str(refusal.value) == (
        "controllers/api/chat.py: there is a folder chat beside it, and Python imports only one "
        "of the two; move the file to controllers/api/chat/chat.py, where its methods keep their "
        "names."
    )


def test_an_error_in_a_file_comes_through(load: Load) -> None:
    """An error in the application's own file keeps its traceback."""
    with pytest.raises(ZeroDivisionError) as error:
        load({"services/user.py": "1 / 0"})

    assert str(error.traceback[-1].path).endswith("/services/user.py")


# --- what a route may name


async def test_a_subclass_override_counts(load: Load) -> None:
    """An inherited method runs in the controller that the route names, with its overrides."""
    files = {
        "controllers/base.py": """
        from yolk import Controller

        class BaseController(Controller):
            async def index(self):
                self.ctx.body = self.greeting()

            def greeting(self):
                return "base"
        """,
        "controllers/admin.py": """
        from controllers.base import BaseController

        class AdminController(BaseController):
            def greeting(self):
                return f"admin, {super().greeting()}"
        """,
    }
    app = load(files)
    app.http.get("/method", app.controller.admin.index)
    app.http.get("/name", "admin.index")
    app.http.get("/base", "base.index")
    async with serving(app) as client:
        answers = [(await client.get(path)).text for path in ("/method", "/name", "/base")]

    assert answers == ["admin, base", "admin, base", "base"]


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (
            "'home.indx'",
            "no handler 'home.indx': HomeController has no method indx; there is index, show.",
        ),
        (
            "'hom.index'",
            "no handler 'hom.index': app.controller has no hom; there is api, home. "
            "Did you mean home?",
        ),
        (
            "'home'",
            "<class 'controllers.home.HomeController'> is not a handler; name a controller's",
        ),
        (
            "app.controller.home",
            "<class 'controllers.home.HomeController'> is not a handler; name a",
        ),
        ("7", "7 is not a handler; name a controller's method."),
    ],
)
def test_a_route_without_a_handler_stops_the_start(load: Load, target: str, sentence: str) -> None:
    """The sentence contains the route's name and the existing names."""
    with pytest.raises(StartError) as refusal:
        load(
            {
                **FILES,
                "routes/__init__.py": f"def mount(app):\n    app.http.get('/', {target})\n",
            }
        )

    assert str(refusal.value).startswith(f"routes: {sentence}")


def test_routes_must_have_mount(load: Load) -> None:
    """The sentence describes the main router."""
    with pytest.raises(StartError) as refusal:
        load({"routes/__init__.py": ""})

    assert str(refusal.value) == "routes/__init__.py must have a function mount(app)."


def test_the_context_must_be_one(load: Load) -> None:
    """A class of another kind in extend/context.py is refused."""
    with pytest.raises(StartError) as refusal:
        load({"extend/context.py": "class Context:\n    pass"})

    assert str(refusal.value) == "extend/context.py must have a class Context(yolk.Context)."


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            {"config/config_local.py": "middleware = ['timing']"},
            "config/config_local.py: middleware names timing, but there is no "
            "middleware/timing.py.",
        ),
        (
            {
                "config/config_local.py": "middleware = ['timing']",
                "middleware/timing.py": "async def time(ctx, next): ...",
            },
            "middleware/timing.py must have a function timing(ctx, next).",
        ),
    ],
)
def test_a_middleware_that_does_not_exist_stops_the_start(
    load: Load, files: dict[str, str], sentence: str
) -> None:
    """The sentence names it and the file that refers to it."""
    with pytest.raises(StartError) as refusal:
        load(files)

    assert str(refusal.value) == sentence


def test_a_file_hidden_by_another_module_stops_the_start(
    load: Load, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Another package called `services` is not confused with the application's."""
    other = tmp_path_factory.mktemp("other")
    (other / "services").mkdir()
    (other / "services" / "__init__.py").write_text("")
    (other / "services" / "user.py").write_text("")
    app = load()
    sys.path.insert(0, str(other))  # `load` puts the path back
    (app.root / "services").mkdir()
    (app.root / "services" / "user.py").write_text(SERVICE)
    with pytest.raises(StartError) as refusal:
        load()

    assert str(refusal.value) == (
        f"services/user.py is hidden by another module of that name "
        f"({other}/services/user.py); start in the application's folder."
    )
