"""`python -m benchmarks`: make the reference desks, measure row by row, print one table."""

import argparse
import gc
import os
import platform
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from tabulate import tabulate

from benchmarks.rows import ROWS, Bench, lines

HEADERS = ("what", "csctool", "beside", "ratio", "processor time", "promised", "reached")


def main() -> None:
    """Read the options, run the rows, print the table."""
    said = _said()
    bench = Bench(said.dir, quick=said.quick)
    found = []
    try:
        for name in said.only or ROWS:
            for line in lines(bench, name):
                print(f"  {line.name}: {line.figure} {line.limit}", file=sys.stderr, flush=True)
                found.append(line)
            gc.collect()
    finally:
        shutil.rmtree(bench.work, ignore_errors=True)
    print(f"{_machine()}; median of {bench.runs} pairs, of {bench.few} where a run takes seconds\n")
    print(tabulate(found, HEADERS, tablefmt="github", disable_numparse=True))


def _said() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 tickets instead of 100,000, and fewer runs")
    parser.add_argument(
        "--only", action="append", choices=list(ROWS), metavar="NAME", help=f"one of: {', '.join(ROWS)}"
    )
    kept = Path(tempfile.gettempdir(), "csctool-benchmarks")
    parser.add_argument("--dir", type=Path, default=kept, help=f"where desks are made and kept (default: {kept})")
    return parser.parse_args()


def _machine() -> str:
    cores = len(os.sched_getaffinity(0))
    libraries = ", ".join(f"{name} {version(name)}" for name in ("click", "pluggy", "tinydb", "msgspec"))
    return f"{platform.system()}, {cores} cores, Python {platform.python_version()}, {libraries}"


if __name__ == "__main__":
    main()
