"""A command is killed by the kernel at every system call: the desk opens, as it was before or as it is after."""

from collections.abc import Callable

import pytest

from . import breaking
from .stage import DEEDS, LONG, Deed, allowed, follow_up, state, still_damaged

# Reading what an import left open is the business of its own tests.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

#: The calls by which anything on the disk can change: in between, all states are alike.
CHANGING = {
    "openat",
    "write",
    "pwrite64",
    "fsync",
    "rename",
    "link",
    "unlink",
    "fchmod",
    "chmod",
    "mkdir",
    "rmdir",
    "unlinkat",
    "renameat2",
}
#: How many points of a command the short form tries; of others one.
SHORT = {"open": 8, "transfer": 8, "close, which archives": 10, "import": 6, "repair": 8, "restore": 10}


def chosen(name: str, points: list[breaking.Point]) -> list[breaking.Point]:
    """All of them for the long form; else spread evenly over those that change something."""
    deed = DEEDS[name]
    if LONG and deed.full:
        return points
    points = [point for point in points if point.call in CHANGING]
    step = 3 if LONG else max(1, len(points) // SHORT.get(name, 1))
    return points[step - 1 :: step]


def test_killed_at_any_system_call_it_is_before_or_after(
    deed: str, fresh: Callable[[Deed], str], quick: str, strace: None, tally: Callable[[str], None]
) -> None:
    act = DEEDS[deed]
    options = {"crowded": act.crowded, "place": quick}
    before = None if deed == "repair" else state(fresh(act))
    points = breaking.points(lambda: fresh(act), act.words, **options)
    root = fresh(act)
    ended = breaking.run(root, act.words, **options)
    assert ended.status in (0, 4), ended
    after = state(root)
    assert after != before or "archive" in deed or deed == "sweep"
    tried = chosen(deed, points)
    finished = missed = 0
    for point in tried:
        ended = breaking.broken(lambda: fresh(act), act.words, point, "signal=KILL", **options)
        if ended.status != -9:  # this run made fewer calls of the kind: it came through
            assert point.call not in CHANGING, (point, ended)
            missed += 1
        if deed == "repair" and still_damaged(root):
            assert not ended.out, point
            breaking.run(root, act.words, **options)
        seen = state(root)
        if before is None:
            assert seen == after, point
        else:
            assert allowed(seen, before, after, act.whole), point
        if ended.out.strip():
            assert seen == after, (point, ended.out)
        finished += seen == after
        if act.again:
            breaking.run(root, act.words, **options)
            assert state(root) == after, point
        follow_up(root)
    assert missed <= len(tried) // 20
    tally(
        f"{len(tried) - missed} points of {len(points)} killed; "
        f"{finished} stood as after, {len(tried) - finished} as before"
    )
