"""The types of the application, compared with the application itself."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from tests.yolk.conftest import Load
from tests.yolk.small_apps import YOLK, own_rooms
from yolk import Application, StartError
from yolk.cli.types import render_types

DECLARED = YOLK / "extend" / "trees.py"


@pytest.fixture(scope="module")
def chat() -> Iterator[Application]:
    """Return the real application, loaded and not started."""
    with own_rooms(), pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(YOLK))
        patch.delenv("YOLK_ENV", raising=False)
        yield importlib.import_module("app").create_app()


def test_the_declared_trees_are_those_of_the_folders(chat: Application) -> None:
    """`extend/trees.py` is what `python -m yolk types` writes."""
    assert DECLARED.read_text(encoding="utf-8") == render_types(chat.controller, chat.service)


def test_controllers_are_classes_and_services_are_objects(load: Load) -> None:
    """A route names a class's method; `ctx.service.x` is bound to its context."""
    app = load(
        {
            "controllers/api/user.py": "from yolk import Controller\n"
            "class UserController(Controller): pass\n",
            "services/team/team.py": "from yolk import Service\nclass TeamService(Service): pass\n",
            "services/team/members.py": "from yolk import Service\n"
            "class MembersService(Service): pass\n",
        }
    )

    text = render_types(app.controller, app.service)

    assert "user: type[UserController]" in text
    assert "class _Team(TeamService):\n            members: MembersService" in text
    assert "team: _Team" in text


def test_prod_asks_for_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration for prod is complete, except for secrets."""
    monkeypatch.setenv("YOLK_ENV", "prod")
    monkeypatch.syspath_prepend(str(YOLK))
    with own_rooms():
        monkeypatch.delenv("JWT_SECRET", raising=False)
        with pytest.raises(StartError, match="no secret in prod; set JWT_SECRET"):
            importlib.import_module("app").create_app()
    with own_rooms():
        monkeypatch.setenv("JWT_SECRET", "0" * 32)
        with pytest.raises(StartError, match=r"say in config/config_prod\.py who may connect"):
            importlib.import_module("app").create_app()
