"""What was measured: one sample a turn, and what all turns say together."""

from __future__ import annotations

from statistics import median

import msgspec

from bench.machine import Reading

FULL = 0.95
"""The share of its CPU at which the load, and not the server, may be what limits."""


class Figure(msgspec.Struct, frozen=True):
    """One line of the table."""

    title: str
    at_least: float | None = None
    """What Yolk wants to be, in Egg apps."""
    at_most: float | None = None

    def target(self) -> str:
        """Say what is wanted."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}" if self.at_most is not None else ""

    def verdict(self, ratio: float) -> str:
        """Say whether it is so."""
        if self.at_least is not None:
            return "met" if ratio >= self.at_least else "not met"
        if self.at_most is not None:
            return "met" if ratio <= self.at_most else "not met"
        return ""


class Sample(msgspec.Struct, frozen=True):
    """One figure of one turn; what was used are shares of one CPU."""

    value: float
    by_cpu: float | None = None
    """The same by second of CPU time of the server's processes."""
    driver: float = 0
    """What the load driver used."""
    databases: float = 0
    """What PostgreSQL and Valkey used, on the load's CPU."""
    others_here: float = 0
    """What others used of the server's CPU: noise."""
    others_there: float = 0
    """What others used of the load's CPU."""

    @classmethod
    def of(cls, count: float, used: Reading) -> Sample:
        """Make a sample of something that happened *count* times."""
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
    """One figure of both, over all turns."""

    figure: Figure
    egg: list[Sample]
    yolk: list[Sample]

    @property
    def ratio(self) -> float:
        """How many times Egg's median Yolk's is."""
        return middle(self.yolk) / middle(self.egg)

    @property
    def ratio_by_cpu(self) -> float | None:
        """The same by second of the servers' CPU time."""
        egg, yolk = middle_by_cpu(self.egg), middle_by_cpu(self.yolk)
        return yolk / egg if egg and yolk else None


def middle(samples: list[Sample]) -> float:
    """Give the median."""
    return median(sample.value for sample in samples)


def middle_by_cpu(samples: list[Sample]) -> float | None:
    """Give the median by second of CPU time; None where that means nothing."""
    values = [sample.by_cpu for sample in samples if sample.by_cpu is not None]
    return median(values) if values else None
