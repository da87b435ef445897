"""Commands of applications and plugins, below `python -m yolk`."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from yolk.controller import C, Controller
from yolk.errors import ApiError

UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of characters that could change what a terminal shows."""


class Commands(Controller[C]):
    """
    A group of commands of `python -m yolk`: each coroutine method is one.

    `UserCommands` in `commands/user.py` of the application has the commands `python -m yolk user
    ...`; `LastSeenCommands` in the module `commands` of the plugin `last_seen` has those of `python
    -m yolk last-seen ...`. A method's parameters are the command's arguments and options, as in
    Typer; the first paragraph of its docstring is the help.

    A command runs in a started application that does not serve: plugins and services can be used
    as in a request, `self.ctx` is a context without a request, and `app.serving` is false. A server
    may run beside it. An `ApiError` or `StartError` is printed as one sentence.
    """

    def say(self, text: str) -> None:
        """Print a line. Control characters are escaped, because a terminal would obey them."""
        print(printable(text))

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """
        Print a table: formatted on a terminal, one line for each row elsewhere.

        Args:
            title: the line above the table.
            columns: the names of the columns.
            rows: one cell for each column; None and empty texts are shown as `-`.
        """
        from yolk.cli.table import NOTHING, show_table  # noqa: PLC0415 - a server needs no tables

        cells = [
            [NOTHING if cell in (None, "") else printable(str(cell)) for cell in row]
            for row in rows
        ]
        show_table(printable(title), columns, cells)

    def confirm(self, question: str, *, yes: bool = False) -> None:
        """
        Ask before an act that cannot be undone; stop the command unless the answer is yes.

        Args:
            question: what to ask.
            yes: whether the user has said yes beforehand, as with an option `--yes`.
        """
        import typer  # noqa: PLC0415 - a server has no commands

        if not yes:
            typer.confirm(printable(question), abort=True)

    def translate(self, error: Exception) -> ApiError | None:  # noqa: ARG002 - for subclasses
        """Return the error to print for *error*, or None to print its traceback."""
        return None


def printable(text: str) -> str:
    """Return *text* with control characters, and those that are invisible, escaped."""
    return "".join(
        char.encode("unicode_escape").decode()
        if unicodedata.category(char) in UNPRINTABLE
        else char
        for char in text
    )
