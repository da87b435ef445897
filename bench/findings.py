"""Figures of Yolk alone, and their table."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """A figure over all turns."""

    title: str
    values: list[float]
    at_most: float | None = None
    """The goal."""

    @property
    def middle(self) -> float:
        """The median of all turns."""
        return median(self.values)

    def verdict(self) -> str:
        """Return the goal, and whether it is met."""
        if self.at_most is None:
            return ""
        met = "met" if self.middle <= self.at_most else "not met"
        return f"<= {self.at_most:g}: {met}"


def findings_table(findings: Sequence[Finding]) -> str:
    """
    Return the table in Markdown.

    Medians over all turns; in brackets the smallest and the largest.
    """
    rows = [("", "Yolk", "wanted"), *(_row(finding) for finding in findings)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    rows.insert(1, ("-" * widths[0], "-" * widths[1], "-" * widths[2]))
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in padded)


def _row(finding: Finding) -> tuple[str, str, str]:
    low, high = min(finding.values), max(finding.values)
    return finding.title, f"{finding.middle:,.2f} ({low:,.2f}..{high:,.2f})", finding.verdict()
