"""Compare Yolk with Egg by turns: `make bench`, or `python -m bench [name ...] [--turns N]`."""

from __future__ import annotations

import argparse
import gc
import platform
import subprocess
import sys
import time
from collections.abc import Sequence

import msgspec
import uvloop

from bench.errors import CannotMeasure, WrongAnswer
from bench.machine import Cpus, describe, prepare
from bench.measurements import FIGURES, MEASUREMENTS, Samples, measure
from bench.results import Comparison
from bench.servers import EGG, ROOT, SIDES, Services, Side, install_egg, services
from bench.table import remarks, table
from yolk.testing.server import StartFailed

DATA = ROOT / "data" / "bench"


def main() -> None:
    """Measure, print the table and keep the figures."""
    arguments = _arguments()
    began = time.strftime("%Y-%m-%d %H:%M:%S")
    try:
        cpus = prepare()
        install_egg()
        comparisons = _measure(arguments.names, arguments.turns, cpus)
    except (CannotMeasure, WrongAnswer, StartFailed) as reason:
        raise SystemExit(str(reason)) from None
    head = [f"{began}, {arguments.turns} turns", describe(), _versions()]
    notes = list(remarks(comparisons))
    print("", *head, "", table(comparisons), "", *notes, sep="\n")
    path = DATA / f"{began.replace(':', '').replace(' ', '-')}.json"
    kept = {"head": head, "comparisons": comparisons, "remarks": notes}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept)))
    print(f"All figures are in {path.relative_to(ROOT)}.")


def _measure(names: Sequence[str], turns: int, cpus: Cpus) -> list[Comparison]:
    """Take every measurement by turns, Egg, Yolk, Egg, Yolk, so that both have the same weather."""
    DATA.mkdir(parents=True, exist_ok=True)
    comparisons = []
    with services(cpus, DATA) as running:
        for name in names:
            taken: dict[Side, list[Samples]] = {side: [] for side in SIDES}
            for turn in range(turns):
                for side in SIDES:
                    samples = _take(running, name, side)
                    taken[side].append(samples)
                    values = ", ".join(f"{key} {one.value:,.1f}" for key, one in samples.items())
                    print(f"{turn + 1}/{turns} {side:4} {values}", flush=True)
            for key, figure in FIGURES.items():
                if key in taken["Egg"][0]:
                    egg, yolk = ([one[key] for one in taken[side]] for side in SIDES)
                    comparisons.append(Comparison(figure, egg, yolk))
    return comparisons


def _take(running: Services, name: str, side: Side) -> Samples:
    """Take one measurement of one side, without the collector of this process in between."""
    gc.collect()
    gc.disable()
    try:
        with running.running(side) as server:
            return uvloop.run(measure(name, server, running.meter(server)))
    finally:
        gc.enable()


def _versions() -> str:
    """Say what was compared."""
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    installed = (EGG / "node_modules" / "egg" / "package.json").read_bytes()
    egg = msgspec.json.decode(installed)["version"]
    return f"Yolk on Python {platform.python_version()}, Egg {egg} on Node {node.stdout.strip()}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(MEASUREMENTS)}")
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in MEASUREMENTS:
            sys.exit(f"There is no measurement {name}; there are {', '.join(MEASUREMENTS)}.")
    if arguments.turns < 1:
        sys.exit("At least one turn is needed.")
    arguments.names = arguments.names or list(MEASUREMENTS)
    return arguments


if __name__ == "__main__":
    main()
