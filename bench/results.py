"""The results: one sample per turn, and the comparison over all turns."""

from __future__ import annotations

from statistics import median

import msgspec

from bench.machine import Reading

FULL = 0.95
"""The share of its CPU at which the load driver, and not the server, may be the limit."""


class Figure(msgspec.Struct, frozen=True):
    """A line of the table."""

    title: str
    at_least: float | None = None
    """The goal: the ratio of Yolk to Egg."""
    at_most: float | None = None

    def target(self) -> str:
        """Return the goal as a text."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}" if self.at_most is not None else ""

    def verdict(self, ratio: float) -> str:
        """Return whether the goal is met."""
        if self.at_least is not None:
            return "met" if ratio >= self.at_least else "not met"
        if self.at_most is not None:
            return "met" if ratio <= self.at_most else "not met"
        return ""


class Sample(msgspec.Struct, frozen=True):
    """A figure of one turn. Usage is given as shares of one CPU."""

    value: float
    by_cpu: float | None = None
    """The figure per second of CPU time of the server's processes."""
    driver: float = 0
    """Used by the load driver."""
    databases: float = 0
    """Used by PostgreSQL and Valkey, on the load driver's CPU."""
    others_here: float = 0
    """Used by others on the server's CPU: noise."""
    others_there: float = 0
    """Used by others on the load driver's CPU."""

    @classmethod
    def of(cls, count: float, used: Reading) -> Sample:
        """Return the sample of something that happened *count* times."""
        others_there = used.load_cpu - used.driver - used.databases
        return cls(
            value=count / used.wall,
            by_cpu=count / used.server if used.server else None,
            driver=used.driver / used.wall,
            databases=used.databases / used.wall,
            others_here=max(0.0, used.server_cpu - used.server) / used.wall,
            others_there=max(0.0, others_there) / used.wall,
        )


class Comparison(msgspec.Struct, frozen=True):
    """A figure of both servers, over all turns."""

    figure: Figure
    egg: list[Sample]
    yolk: list[Sample]

    @property
    def ratio(self) -> float:
        """Yolk's median divided by Egg's."""
        return middle(self.yolk) / middle(self.egg)

    @property
    def ratio_by_cpu(self) -> float | None:
        """The same per second of the servers' CPU time."""
        egg, yolk = middle_by_cpu(self.egg), middle_by_cpu(self.yolk)
        return yolk / egg if egg and yolk else None


def middle(samples: list[Sample]) -> float:
    """Return the median."""
    return median(sample.value for sample in samples)


def middle_by_cpu(samples: list[Sample]) -> float | None:
    """Return the median per second of CPU time; None if that means nothing."""
    values = [sample.by_cpu for sample in samples if sample.by_cpu is not None]
    return median(values) if values else None
