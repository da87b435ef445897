"""Commands of an application and of its plugins, below `python -m yolk`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.yolk.small_apps import plugin
from tests.yolk.test_cli import answer, run, small

HOOKS = """
from yolk import Boot

class Hooks(Boot):
    def main_process_start(self):
        print("main start")

    async def did_load(self):
        print("load", self.app.serving)
        self.app.provide("shelf", ["tea", "salt"])

    async def did_ready(self):
        print("never")

    async def before_close(self):
        print("close")

    def main_process_stop(self):
        print("main stop")
"""
STOCK = '''
"""The stock."""

from typing import Annotated

import typer

from yolk import ApiError, Commands


class StockCommands(Commands):
    """Look after the stock."""

    async def list(self, start: str = "") -> None:
        """
        List the goods.

        Args:
            start: the beginning of the name.
        """
        goods = [(name, None) for name in self.ctx.app.shelf if name.startswith(start)]
        self.table("Goods", ("Name", "Price"), goods)

    async def take_out(
        self, name: Annotated[str, typer.Argument()], count: int, all: bool = False
    ) -> None:
        """Take something out of the stock."""
        if name not in self.ctx.app.shelf:
            raise ApiError(1, "There is none")
        self.say(f"{count} {name} {all} by {self.ctx.request.path}")

    async def drop(self) -> None:
        """Drop everything."""
        self.confirm("Drop everything?")
        raise KeyError("a fault of the command")

    def not_a_command(self): ...

    async def _hidden(self): ...
'''
TILL = """
from yolk import Commands

class TillCommands(Commands):
    \"\"\"Look after the till.\"\"\"

    async def count(self):
        \"\"\"Count the money.\"\"\"
        self.say(f"{self.app.plugins['till'].name} 0")
"""
FILES = {
    "hooks.py": HOOKS,
    "commands/__init__.py": "",
    "commands/stock.py": STOCK,
    "config/plugin.py": "till = {'path': 'parts/till'}\nbag = {'path': 'parts/bag'}",
    "parts/till/__init__.py": plugin("till"),
    "parts/till/commands.py": TILL,
    "parts/bag/__init__.py": plugin("bag"),
}


def printed(text: str) -> list[str]:
    """Return the lines that the command itself printed."""
    own = ("main start", "load False", "close", "main stop")
    return [line for line in text.splitlines() if line not in own]


def test_a_command_runs_in_a_started_application_that_does_not_serve(tmp_path: Path) -> None:
    """The hooks run in their order, up to the time when a worker would serve."""
    root = small(tmp_path, FILES)

    text = answer(root, "stock", "list", "--start", "t")

    assert text.splitlines() == [
        *("main start", "load False", "Goods", "Name  Price", "tea   -", "close", "main stop")
    ]


def test_parameters_are_arguments_and_options(tmp_path: Path) -> None:
    """Their types are converted, and names are written with hyphens."""
    root = small(tmp_path, FILES)

    text = answer(root, "stock", "take-out", "tea", "3", "--all")

    assert printed(text) == ["3 tea True by StockCommands.take_out"]
    assert run(root, "stock", "take-out", "tea", "many").returncode == 2


def test_a_plugin_contributes_the_group_of_its_name(tmp_path: Path) -> None:
    """Its commands are in the module `commands` of its package; it need not have any."""
    root = small(tmp_path, FILES)

    assert printed(answer(root, "till", "count")) == ["till 0"]
    assert run(root, "bag").returncode == 2


def test_the_help_lists_contributed_commands(tmp_path: Path) -> None:
    """Each has the first paragraph of its docstring. Nothing is started for it."""
    root = small(tmp_path, FILES)

    top, stock = answer(root, "--help"), answer(root, "stock", "--help")

    assert "Look after the stock." in top
    assert "Look after the till." in top
    for word in ("list", "take-out", "drop", "List the goods."):
        assert word in stock
    for word in ("beginning of the name", "hidden", "not-a-command", "load False"):
        assert word not in stock


def test_a_refusal_is_one_sentence(tmp_path: Path) -> None:
    """The application is stopped, and the status is 1."""
    done = run(small(tmp_path, FILES), "stock", "take-out", "gold", "1")

    assert (done.returncode, done.stderr) == (1, "yolk: There is none.\n")
    assert done.stdout.splitlines() == ["main start", "load False", "close", "main stop"]


def test_a_fault_of_a_command_has_its_traceback(tmp_path: Path) -> None:
    """The application is stopped first."""
    done = run(
        small(tmp_path, {**FILES, "commands/stock.py": STOCK.replace("self.confirm", "str")}),
        "stock",
        "drop",
    )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "KeyError: 'a fault of the command'"
    assert done.stdout.splitlines()[-2:] == ["close", "main stop"]


def test_nothing_is_done_without_a_confirmation(tmp_path: Path) -> None:
    """Without an answer the command stops."""
    done = run(small(tmp_path, FILES), "stock", "drop")

    assert done.returncode == 1
    assert "Drop everything? [y/N]:" in done.stdout
    assert "KeyError" not in done.stderr


def test_an_application_that_does_not_start_is_stopped(tmp_path: Path) -> None:
    """Only what was started is closed."""
    hooks = HOOKS.replace('print("load", self.app.serving)', "raise OSError('no shelf')")

    done = run(small(tmp_path, {**FILES, "hooks.py": hooks}), "stock", "list")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "yolk: the application's Boot: did_load failed: OSError: no shelf; fix it in app.py."
    )
    assert done.stdout.splitlines() == ["main start", "main stop"]


def test_root_makes_no_files_for_a_server_of_another_user(tmp_path: Path) -> None:
    """The server could not write them. A folder of root's own is used."""
    if os.geteuid() != 0:
        return  # only root is refused
    root = small(tmp_path, FILES)
    (root / "data").mkdir()
    made = root / "data" / "made"
    made.touch()
    assert run(root, "till", "count").returncode == 0
    os.chown(made, 12345, 12345)

    done = run(root, "till", "count")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"yolk: {made} belongs to the user 12345; run the command as that user, not as root.\n"
    )


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            {"commands/routes.py": STOCK.replace("StockC", "RoutesC")},
            "commands/routes.py: there is a command routes already, of yolk; rename one of the two",
        ),
        (
            {"commands/till.py": STOCK.replace("StockC", "TillC")},
            "the plugin till: there is a command till already, of commands/till.py; rename one of",
        ),
        (
            {"commands/stock.py": STOCK.replace("StockC", "GoodsC")},
            "commands/stock.py: the class GoodsCommands must be named StockCommands, after its",
        ),
        (
            {"parts/till/commands.py": ""},
            "the plugin till: parts.till.commands must have a class TillCommands.",
        ),
        (
            {"commands/more/stock.py": STOCK},
            "commands/more is a folder; put commands into commands/NAME.py.",
        ),
    ],
)
def test_a_wrong_group_is_one_sentence(tmp_path: Path, files: dict[str, str], problem: str) -> None:
    """The sentence names the file; the framework's own commands still work."""
    root = small(tmp_path, {**FILES, **files})

    done = run(root, "stock", "list")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"yolk: {problem}")
    assert done.stderr.count("\n") == 1
    assert "till" in answer(root, "plugins")
    assert "plugins" in answer(root, "--help")


def test_an_unknown_command_is_a_wrong_call(tmp_path: Path) -> None:
    """The status is 2, with and without an application."""
    for root in (small(tmp_path, FILES), tmp_path / "parts"):
        done = run(root, "stok")

        assert done.returncode == 2
        assert "No such command 'stok'" in done.stderr
