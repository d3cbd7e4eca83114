"""The disk fails: full, read-only, broken, at every step. Told with exit 7, before or after and whole."""

import errno
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from . import breaking
from .stage import DEEDS, LONG, TUESDAY, Deed, allowed, follow_up, leftovers, state, told

# Reading what an import left open is the business of its own tests.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

#: What can go wrong at each system call that a change makes.
ERRORS = {
    "openat": ("ENOSPC", "EIO"), "read": ("EIO",), "write": ("ENOSPC", "EIO"), "pwrite64": ("ENOSPC",),
    "fsync": ("EIO", "ENOSPC"), "rename": ("ENOSPC", "EIO", "EROFS"), "link": ("EIO",), "unlink": ("EIO",),
    "close": ("EIO", "ENOSPC"), "fchmod": ("EROFS",), "mkdir": ("ENOSPC",), "flock": ("EIO", "ENOLCK"),
    "getdents64": ("EIO",), "newfstatat": ("EIO",),
}  # fmt: skip
#: A command that delivers tells of what it could not deliver in its own way.
TOLD = (7, 9)
#: How many failures of a command the short form tries; of others two.
SHORT = {"open": 14, "transfer": 14, "close, which archives": 20, "import": 8, "repair": 10}


def chosen(name: str, found: list[tuple[breaking.Point, str]]) -> list[tuple[breaking.Point, str]]:
    step = (1 if DEEDS[name].full else 5) if LONG else max(1, len(found) // SHORT.get(name, 2))
    return found[step - 1 :: step]


def test_a_failing_step_is_told_and_nothing_is_half_done(
    deed: str, fresh: Callable[[Deed], str], quick: str, strace: None, tally: Callable[[str], None]
) -> None:
    act = DEEDS[deed]
    options = {"crowded": act.crowded, "place": quick}
    before = None if deed == "repair" else state(fresh(act))
    every = [(point, error) for point in breaking.points(lambda: fresh(act), act.words, **options)
             for error in ERRORS.get(point.call, ())]  # fmt: skip
    root = fresh(act)
    usual = breaking.run(root, act.words, **options)
    after = state(root)
    others = []
    if act.also:
        breaking.run(root := fresh(act), act.also, **options)
        others.append(state(root))
    refused = 0
    tried = chosen(deed, every)
    for point, error in tried:
        ended = breaking.broken(lambda: fresh(act), act.words, point, f"error={error}", **options)
        where = (point, error, ended)
        assert "Traceback" not in ended.err, where
        assert ended.status in ((7, usual.status) if deed != "notify send" else (*TOLD, usual.status)), where
        refused += ended.status in TOLD
        if before is None:
            continue
        seen = state(root)
        assert seen in others or allowed(seen, before, after, act.whole), where
        if ended.status not in TOLD:
            assert seen == after, where
        elif act.whole == "desk":
            if seen != before:
                assert any(words in ended.err for words in ("all the same", "interrupted is finished")), where
            if ended.out.strip():
                assert seen == after, where
        follow_up(root)
    tally(f"{len(tried)} of {len(every)} failures: {refused} told with exit 7, {len(tried) - refused} did no harm")


@contextmanager
def blind(path: str, turn: int) -> Iterator[list[str]]:
    """The disk can't say what is at `path` when it is asked for the `turn`-th time; answers how often it was asked."""
    look, asked = os.stat, []

    def stat(place: Any, **more: Any) -> os.stat_result:
        if place == path:
            asked.append(path)
            if len(asked) == turn:
                raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return look(place, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "stat", stat)
        yield asked


@pytest.mark.parametrize(
    ("name", "path"), [("escalate", "rules.toml"), ("restore", "agencies/DHS"), ("restore", "agencies")]
)
def test_what_the_disk_can_not_say_is_not_taken_for_nothing_there(
    name: str, path: str, fresh: Callable[[Deed], str]
) -> None:
    act = DEEDS[name]
    before, root = state(fresh(act)), fresh(act)
    words = ("--now", TUESDAY, *act.words.format(root=root).split())
    told(root, *words)
    after = state(root)
    assert after != before
    for turn in range(1, 100):
        fresh(act)
        with blind(f"{root}/{path}", turn) as asked:
            status, _, err = told(root, *words, status=None)
        assert status in (0, 7), err
        assert state(root) == (before if status else after), (turn, err)
        if len(asked) < turn:
            break


@pytest.mark.parametrize("name", ["open", "transfer", "close, which archives"])
def test_failing_again_and_again_leaves_no_growing_rubbish(
    name: str, fresh: Callable[[Deed], str], quick: str, strace: None
) -> None:
    act = DEEDS[name]
    root = fresh(act)
    for call in ("write", "fsync", "rename"):
        for error in ("ENOSPC", "EIO"):
            point = breaking.Point(call, 1)
            ended = breaking.broken(lambda: root, act.words, point, f"error={error}", crowded=1, place=quick)
            assert ended.status == 7
            assert len(leftovers(root)) <= 1, call
    follow_up(root)


@pytest.fixture
def small_disk(quick: str) -> Iterator[str]:
    """A real file system of 256 KiB; only root can make one."""
    place = f"{quick}/small"
    os.makedirs(place)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk can't be made here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)
    os.rmdir(place)


def test_a_disk_that_runs_full_keeps_every_ticket_that_was_told_of(
    small_disk: str, tally: Callable[[str], None]
) -> None:
    root = f"{small_disk}/desk"
    told(root, "init", root)
    told(root, "agency", "add", "DHS")
    keys: list[str] = []
    failures = 0
    for number in range(200):
        text = f"{number} " + "what happened " * 100
        status, out, err = told(root, "open", "Trouble", "--agency", "DHS", "--description", text, status=None)
        assert status in (0, 7), err
        if status == 0:
            keys.append(out.strip())
        else:
            failures += 1
            assert out == ""
            assert "No space left" in err
            assert "nothing was changed" in err
            assert leftovers(root) == []
        if failures == 20:
            break
    assert failures == 20
    assert sorted(state(root)["DHS"]) == sorted(keys)
    os.unlink(f"{root}/agencies/DHS/open.prev.json")  # somebody makes room
    keys.append(told(root, "open", "Trouble", "--agency", "DHS")[1].strip())
    assert sorted(state(root)["DHS"]) == sorted(keys)
    tally(f"{len(keys)} tickets told of, {len(keys)} there; {failures} refused with exit 7")


def test_a_limit_of_the_file_size_is_told_like_a_full_disk(fresh: Callable[[Deed], str], quick: str) -> None:
    """As with `ulimit -f`."""
    root = fresh(DEEDS["open"])
    before = state(root)
    size = os.path.getsize(f"{root}/agencies/DHS/open.json")
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, old[1]))
    try:
        ended = breaking.run(root, DEEDS["open"].words, crowded=500, place=quick)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert ended.status == 7
    assert "File too large" in ended.err
    assert state(root) == before
    assert leftovers(root) == []
