"""What `extend/application.py` declares, held against the application itself."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.yolk.small_apps import YOLK, own_rooms
from yolk import Application, StartError
from yolk.tree import find

DECLARED = YOLK / "extend" / "application.py"


@pytest.fixture(scope="module")
def chat() -> Iterator[Application]:
    """Give the real application, loaded and not started."""
    with own_rooms(), pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(YOLK))
        patch.delenv("YOLK_ENV", raising=False)
        yield importlib.import_module("app").create_app()


@pytest.mark.parametrize(
    ("tree", "protocol"), [("controller", "Controllers"), ("service", "Services")]
)
def test_the_declared_trees_are_those_of_the_folders(
    chat: Application, tree: str, protocol: str
) -> None:
    """Each controller and service is declared under its name with its class, and no other is."""
    found = getattr(chat, tree)
    names = {dotted: find(found, dotted).__name__ for dotted in found}

    assert names
    assert dict(declared(protocol)) == names


def test_controllers_are_classes_and_services_are_objects(chat: Application) -> None:
    """A route names a class's method; `ctx.service.x` is bound to its context."""
    controllers = {text.startswith("type[") for _, text in attributes(protocol("Controllers"))}
    services = {text.startswith("type[") for _, text in attributes(protocol("Services"))}

    assert (controllers, services) == ({True}, {False})


def test_prod_asks_for_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chat's configuration for prod is read, and what only its owner can know is missing."""
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


def declared(name: str) -> Iterator[tuple[str, str]]:
    """Give dotted names and class names of what the protocol *name* declares."""
    for dotted, text in attributes(protocol(name)):
        yield dotted, text.removeprefix("type[").removesuffix("]")


def protocol(name: str) -> ast.ClassDef:
    """Find a class of extend/application.py. It is read as text: a type checker does no more."""
    module = ast.parse(Path(DECLARED).read_text(encoding="utf-8"))
    return next(
        node for node in module.body if isinstance(node, ast.ClassDef) and node.name == name
    )


def attributes(kind: ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Go through the attributes of a protocol and of the protocols that it is built of."""
    inner = {node.name: node for node in kind.body if isinstance(node, ast.ClassDef)}
    for node in kind.body:
        if isinstance(node, ast.AnnAssign):
            name, text = ast.unparse(node.target), ast.unparse(node.annotation)
            if text in inner:
                yield from attributes(inner[text], f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", text
