"""Run a command and make the kernel kill it, or fail it, at its n-th system call of a kind."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from csctool.storage import unit

#: `name(` at the start of a line of strace, after the process number that -f puts there.
_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")


class Point(NamedTuple):
    """The n-th call of a system call, counted from the start of the command."""

    call: str
    n: int
    told: str


class Ended(NamedTuple):
    """How a command ended: exit status (negative: the signal that killed it), stdout, stderr."""

    status: int
    out: str
    err: str


@cache
def why_not() -> str:
    """Why system calls can't be interfered with on this machine; empty when they can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-o", os.devnull, "-e", "inject=getpid:error=EIO", "true"],
                           capture_output=True, text=True, check=False)  # fmt: skip
    return "" if tried.returncode == 0 else f"strace is not allowed here: {tried.stderr.strip()[:200]}"


def run(root: str, words: str, *, crowded: int, place: str, trace: tuple[str, ...] = ()) -> Ended:
    """Run csctool in a child of this process, with strace attached to it from before its first line.

    A child has the modules of this process loaded already: see `warm`.
    """
    go, ready = os.pipe()
    out, err = f"{place}/out", f"{place}/err"
    child = os.fork()
    if child == 0:
        _command(go, root, words.replace("{root}", root).split(), crowded, out, err)
    os.close(go)
    tracer = None
    if trace:
        tracer = subprocess.Popen(
            ["strace", *trace, "-p", str(child)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        assert tracer.stderr
        line = tracer.stderr.readline()
        assert b"attached" in line, line
    os.write(ready, b".")
    os.close(ready)
    _, status = os.waitpid(child, 0)
    if tracer:
        tracer.communicate()
    code = os.waitstatus_to_exitcode(status)
    return Ended(code, _text(out), _text(err))


def _command(go: int, root: str, words: list[str], crowded: int, out: str, err: str) -> None:
    """The child: never returns."""
    status = 99
    try:
        os.read(go, 1)
        signal.alarm(60)
        for descriptor, path in ((1, out), (2, err)):
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(file, descriptor)
            os.close(file)
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
        unit.CROWDED = crowded
        from csctool.cli import run as command_line

        from .stage import TUESDAY

        status = command_line(["--desk", root, "--now", TUESDAY, *words])
    finally:
        os._exit(status)


def warm(root: str, words: str) -> None:
    """Run a command here, so that its children find every module loaded: what a command imports is not the desk's."""
    from .stage import TUESDAY, told

    told(root, "--now", TUESDAY, *words.replace("{root}", root).split(), status=None)


def points(fresh: Callable[[], str], words: str, *, crowded: int, place: str) -> list[Point]:
    """Every system call of a command from taking the first lock to its exit, in order.

    It is run until two runs in a row make the same calls: the first ones read what later ones find ready.
    """
    warm(fresh(), words)
    before: list[Point] = []
    for _ in range(20):
        found = _points(fresh(), words, crowded=crowded, place=place)
        if [(point.call, point.n) for point in found] == [(point.call, point.n) for point in before]:
            return found
        before = found
    raise AssertionError(f"{words}: never the same calls twice")


def _points(root: str, words: str, *, crowded: int, place: str) -> list[Point]:
    log = f"{place}/calls"
    ended = run(root, words, crowded=crowded, place=place, trace=("-f", "-o", log))
    assert ended.status in (0, 4, 7), ended
    counts: dict[str, int] = {}
    found, locked = [], False
    for line in _text(log).splitlines():
        called = _CALL.match(line)
        if not called:
            continue
        call, told = called.groups()
        counts[call] = counts.get(call, 0) + 1
        locked = locked or call in ("flock", "mkdir")  # an agency that is being made has no lock yet
        if locked and call not in ("exit_group", "rt_sigreturn"):
            found.append(Point(call, counts[call], told[:120]))
    return found


def broken(root: str, words: str, point: Point, how: str, *, crowded: int, place: str) -> Ended:
    """Run a command with an injection (`signal=KILL`, `error=EIO`) at one point."""
    inject = f"inject={point.call}:{how}:when={point.n}"
    return run(root, words, crowded=crowded, place=place, trace=("-f", "-o", os.devnull, "-e", inject))


def _text(path: str) -> str:
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
