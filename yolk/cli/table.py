"""Tables: formatted on a terminal, plain text elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import typer
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

Cell: TypeAlias = str | Text

NOTHING = "-"
GAP = "  "


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """
    Print a table.

    If stdout is not a terminal, each row is one line without colours or frames.

    Args:
        title: the line above the table.
        columns: the names of the columns.
        rows: one cell for each column.
    """
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        typer.echo("\n".join([title, *_plain([columns, *rows])]))
        return
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(Text(title, style="bold"))
    console.print(table)


def _plain(rows: Sequence[Sequence[Cell]]) -> list[str]:
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*texts, strict=True)]
    return [
        GAP.join(
            text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in texts
    ]
