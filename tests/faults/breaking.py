"""Run a command and make the kernel kill it, or fail it, at its n-th system call of a kind."""

import os
import re
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import pytest

from csctool.storage import unit

#: `name(` at the start of a line of strace, after the process number that -f puts there.
_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")


#: Calls by which a process looks after itself. How many there are depends on what its memory looks like.
_OWN = frozenset(
    {"brk", "mmap", "munmap", "mremap", "madvise", "mprotect", "futex", "sched_yield", "gettid", "getpid", "clone3",
     "rseq", "set_robust_list", "rt_sigprocmask", "rt_sigaction", "restart_syscall"}
)  # fmt: skip
#: How often a command is run again because it made another number of calls before its first lock than it did before.
_TRIES = 10


class Point(NamedTuple):
    """The n-th call of a system call: counted from the first lock, which is what makes it the same call in every run,
    and, as a first guess, from the start of the command. None counts from the start alone."""

    call: str
    n: int
    told: str = ""
    locked: int | None = None


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
        select.select([go], [], [])  # no read: whether the tracer sees that one, or it twice, would be chance
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


def warm(root: str, words: str, crowded: int) -> None:
    """Run a command here, so that its children find every module loaded: what a command imports is not the desk's.

    And what is looked at and done between the runs, which may load more.
    """
    from .stage import TUESDAY, follow_up, still_damaged, told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unit, "CROWDED", crowded)
        told(root, "--now", TUESDAY, *words.replace("{root}", root).split(), status=None)
    if not still_damaged(root):
        follow_up(root)


def points(fresh: Callable[[], str], words: str, *, crowded: int, place: str) -> list[Point]:
    """Every system call of a command from taking the first lock to its exit, in order.

    It is run until two runs in a row make the same calls, but for those by which a process looks after itself: the
    first runs read what later ones find ready.
    """
    warm(fresh(), words, crowded)
    before: list[tuple[str, int | None]] = []
    for _ in range(20):
        log = f"{place}/calls"
        ended = run(fresh(), words, crowded=crowded, place=place, trace=("-f", "-o", log))
        assert ended.status in (0, 4, 7), ended
        found = [point for point in _points(log) if point.locked and point.call not in ("exit_group", "rt_sigreturn")]
        same = [(point.call, point.locked) for point in found if point.call not in _OWN]
        if same == before:
            return found
        before = same
    raise AssertionError(f"{words}: never the same calls twice")


def _points(log: str) -> Iterator[Point]:
    """The calls that a log tells of, in their order."""
    counts: dict[str, int] = {}
    outside: dict[str, int] = {}
    locked = False
    for line in _text(log).splitlines():
        called = _CALL.match(line)
        if not called:
            continue
        call, told = called.groups()
        counts[call] = counts.get(call, 0) + 1
        locked = locked or call in ("flock", "mkdir")  # an agency that is being made has no lock yet
        if not locked:
            outside[call] = counts[call]
        yield Point(call, counts[call], told[:120], counts[call] - outside.get(call, 0) if locked else 0)


def broken(
    fresh: Callable[[], str], words: str, point: Point, how: str, *, crowded: int, place: str
) -> Ended:  # fmt: skip
    """Run a command on a fresh desk with an injection (`signal=KILL`, `error=EIO`) at one point.

    Where the command came to its first lock with another number of calls than when the points were numbered, another
    call was hit: then once more, with the right number. A command that does not make the call comes through.
    """
    n, log = point.n, f"{place}/calls"
    for _ in range(_TRIES):
        inject = f"inject={point.call}:{how}:when={n}"
        ended = run(fresh(), words, crowded=crowded, place=place, trace=("-f", "-o", log, "-e", inject))
        if point.locked is None:
            return ended
        calls = [found for found in _points(log) if found.call == point.call]
        right = sum(found.locked == 0 for found in calls) + point.locked
        if right == n or len(calls) < min(n, right):
            return ended
        n = right
    raise AssertionError(f"{words}: never as many calls before the first lock as the time before: {point}")


def _text(path: str) -> str:
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
