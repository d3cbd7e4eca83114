"""Measuring whole processes in pairs: A B A B …, so that both sides meet the same weather on the machine."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import NamedTuple

#: Variables that would make the two sides differ from what a user has: byte code is written once and used, output is
#: buffered, and nothing names another desk or clock.
LEFT_OUT = (
    "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPROFILEIMPORTTIME",
    "CSCTOOL_DESK", "CSCTOOL_NOW", "CSCTOOL_AS",
)  # fmt: skip


class FailedError(Exception):
    """A measured command failed, so its time means nothing."""


class Command(NamedTuple):
    """What is run: the words, and variables besides the common ones."""

    words: list[str]
    env: Mapping[str, str] = {}


#: The command of the n-th run; counting begins at 0, with the run that is not counted.
Maker = Callable[[int], Command]


class Cost(NamedTuple):
    """One process: seconds on the clock, seconds of processor time, and MiB at its largest."""

    wall: float
    cpu: float
    peak: float


class Pairs(NamedTuple):
    """Runs of two commands in turn."""

    a: list[Cost]
    b: list[Cost]

    def ratio(self) -> float:
        """The median over the pairs of A's time by B's."""
        return median(a.wall / b.wall for a, b in zip(self.a, self.b, strict=True))

    def work(self) -> float:
        """The same of processor time, which other people's work on the machine moves less."""
        return median(a.cpu / max(b.cpu, 1e-6) for a, b in zip(self.a, self.b, strict=True))


def compare(a: Maker, b: Maker, runs: int, warm: bool = True) -> Pairs:
    """`runs` pairs, after one of each that is not counted where `warm`."""
    if warm:
        cost(a(0))
        cost(b(0))
    pairs = Pairs([], [])
    for run in range(1, runs + 1):
        pairs.a.append(cost(a(run)))
        pairs.b.append(cost(b(run)))
    return pairs


def cost(command: Command) -> Cost:
    """Run a process to its end. Raises FailedError unless it succeeds."""
    env = {name: value for name, value in os.environ.items() if name not in LEFT_OUT} | dict(command.env)
    with open(os.devnull, "r+b") as null, tempfile.TemporaryFile() as told:
        began = time.perf_counter()
        process = subprocess.Popen(command.words, stdin=null, stdout=null, stderr=told, env=env)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            last = told.read().decode(errors="replace").strip().splitlines()[-1:]
            name = " ".join([os.path.basename(command.words[0]), *command.words[1:]])
            raise FailedError(f"exit {process.returncode} of {name[:60]}…: {' '.join(last)[:120]}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
