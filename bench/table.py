"""The results as a Markdown table, with notes below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.results import FULL, Comparison, Sample, middle, middle_by_cpu

_HEAD = ("", "Egg", "Yolk", "ratio", "wanted", "by CPU: Egg", "Yolk", "ratio", "load")


def table(comparisons: Sequence[Comparison]) -> str:
    """
    Return the table in Markdown.

    Medians over all turns; in brackets the smallest and the largest.
    """
    rows = [_HEAD, *(_row(comparison) for comparison in comparisons)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, _line(["-" * width for width in widths], widths))
    return "\n".join(lines)


def remarks(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Return the notes: where the load driver was the limit, and how much noise there was."""
    for comparison in comparisons:
        for side, samples in (("Egg", comparison.egg), ("Yolk", comparison.yolk)):
            driver = max(sample.driver for sample in samples)
            load = max(sample.driver + sample.databases for sample in samples)
            if load >= FULL:
                who = "the load driver" if driver >= FULL else "the load driver and the databases"
                yield f"{comparison.figure.title}: {who} held {side} up ({load:.0%} of their CPU)."
    samples = [sample for one in comparisons for sample in (*one.egg, *one.yolk)]
    here = [sample.others_here for sample in samples]
    there = [sample.others_there for sample in samples]
    yield (
        f"Noise: others used {_mean(here):.0%} of the server's CPU on average (at most "
        f"{max(here):.0%}), and {_mean(there):.0%} of the load's (at most {max(there):.0%})."
    )


def _row(comparison: Comparison) -> tuple[str, ...]:
    figure, ratio = comparison.figure, comparison.ratio
    by_cpu = comparison.ratio_by_cpu
    verdict = figure.verdict(ratio)
    return (
        figure.title,
        _spread(comparison.egg),
        _spread(comparison.yolk),
        f"{ratio:.2f}",
        f"{figure.target()}: {verdict}" if verdict else "",
        _number(middle_by_cpu(comparison.egg)),
        _number(middle_by_cpu(comparison.yolk)),
        "" if by_cpu is None else f"{by_cpu:.2f}",
        f"{_load(comparison.egg)} / {_load(comparison.yolk)}",
    )


def _spread(samples: list[Sample]) -> str:
    values = [sample.value for sample in samples]
    return f"{_number(middle(samples))} ({_number(min(values))}..{_number(max(values))})"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _load(samples: list[Sample]) -> str:
    return f"{_mean([sample.driver + sample.databases for sample in samples]):.0%}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
