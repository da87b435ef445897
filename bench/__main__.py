"""Measure Yolk and Egg by turns: `make bench`, or `python -m bench [name ...] [--turns N]`."""

from __future__ import annotations

import argparse
import gc
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import msgspec
import uvloop

from bench.conversations import conversations
from bench.errors import CannotMeasure, WrongAnswer
from bench.findings import Finding, findings_table
from bench.history import history
from bench.latency import latency
from bench.machine import describe, prepare
from bench.measurements import FIGURES, MEASUREMENTS, Samples, measure
from bench.page import page
from bench.results import Comparison
from bench.sends import sends
from bench.servers import EGG, ROOT, SIDES, Services, Side, install_egg, services
from bench.sockets import sockets
from bench.table import remarks, table
from bench.uploads import uploads
from yolk.testing.server import StartFailed

DATA = ROOT / "data" / "bench"

ALONE: dict[str, Callable[[Services, int], list[Finding]]] = {
    "latency": latency,
    "history": history,
    "conversations": conversations,
    "sockets": sockets,
    "page": page,
    "uploads": uploads,
}
"""Measurements of Yolk only."""
BY_NAME = ["sends", *ALONE]
"""Measurements that run only when they are named: all of them would take too long."""


def main() -> None:
    """Measure, print the tables and save the figures."""
    arguments = _arguments()
    began = time.strftime("%Y-%m-%d %H:%M:%S")
    try:
        cpus = prepare()
        install_egg()
        DATA.mkdir(parents=True, exist_ok=True)
        with services(cpus, DATA) as running:
            comparisons, findings = _measure(running, arguments.names, arguments.turns)
    except (CannotMeasure, WrongAnswer, StartFailed) as reason:
        raise SystemExit(str(reason)) from None
    head = [f"{began}, {arguments.turns} turns", describe(), _versions()]
    notes = list(remarks(comparisons)) if comparisons else []
    print("", *head, sep="\n")
    if comparisons:
        print("", table(comparisons), "", *notes, sep="\n")
    if findings:
        print("", findings_table(findings), sep="\n")
    path = DATA / f"{began.replace(':', '').replace(' ', '-')}.json"
    kept = {"head": head, "comparisons": comparisons, "findings": findings, "remarks": notes}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept)))
    print(f"\nAll figures are in {path.relative_to(ROOT)}.")


def _measure(
    running: Services, names: Sequence[str], turns: int
) -> tuple[list[Comparison], list[Finding]]:
    """Take all measurements, with garbage collection of this process turned off."""
    gc.disable()
    comparisons: list[Comparison] = []
    findings: list[Finding] = []
    for name in names:
        if name in ALONE:
            findings += ALONE[name](running, turns)
        elif name == "sends":
            comparisons += sends(running, turns)
        else:
            comparisons += _compare(running, name, turns)
    return comparisons, findings


def _compare(running: Services, name: str, turns: int) -> list[Comparison]:
    """Take one measurement by turns, Egg, Yolk, Egg, Yolk, so that conditions are the same."""
    taken: dict[Side, list[Samples]] = {side: [] for side in SIDES}
    for turn in range(turns):
        for side in SIDES:
            gc.collect()
            with running.running(side) as server:
                samples = uvloop.run(measure(name, server, running.meter(server)))
            taken[side].append(samples)
            values = ", ".join(f"{key} {one.value:,.1f}" for key, one in samples.items())
            print(f"{turn + 1}/{turns} {side:4} {values}", flush=True)
    return [
        Comparison(figure, *([one[key] for one in taken[side]] for side in SIDES))
        for key, figure in FIGURES.items()
        if key in taken["Egg"][0]
    ]


def _versions() -> str:
    """Return the versions of what was compared."""
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    installed = (EGG / "node_modules" / "egg" / "package.json").read_bytes()
    egg = msgspec.json.decode(installed)["version"]
    return f"Yolk on Python {platform.python_version()}, Egg {egg} on Node {node.stdout.strip()}"


def _arguments() -> argparse.Namespace:
    names = [*MEASUREMENTS, *BY_NAME]
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(names)}")
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in names:
            sys.exit(f"There is no measurement {name}; there are {', '.join(names)}.")
    if arguments.turns < 1:
        sys.exit("At least one turn is needed.")
    arguments.names = arguments.names or list(MEASUREMENTS)
    return arguments


if __name__ == "__main__":
    main()
