"""A writer is killed at every system call: afterwards the desk opens, in the state before or the state after."""

import os
import signal
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest

from csctool.domain import lifecycle
from csctool.domain.query import Query
from csctool.storage.tiny import TinyStore

from .helpers import ended, filled, opened, stamp

CALLS = ("open", "write", "pwrite", "fsync", "rename", "link", "unlink", "close", "fchmod", "mkdir", "chmod", "listdir")


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Run `work` in a process of its own that kills itself at its n-th system call; False when it made fewer."""
    child = os.fork()
    if child == 0:
        arm(step)
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status != 0


def arm(step: int) -> None:
    left = step

    def wrap(name: str) -> None:
        real = getattr(os, name)

        def call(*args, **kwargs):
            nonlocal left
            if left == 0:
                if name == "write":
                    real(args[0], args[1][: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return real(*args, **kwargs)

        setattr(os, name, call)

    for name in CALLS:
        wrap(name)


def state(root: str) -> dict[str, tuple[int, str]]:
    """Every ticket's version and status; each ticket must be there once."""
    store = TinyStore(root)
    found = list(store.find(Query(everything=True)))
    told = {ticket.key: (ticket.version, ticket.status) for ticket in found}
    assert len(told) == len(found)
    assert store.troubles() == []
    for key, seen in told.items():
        ticket = store.get(key)
        assert (ticket.version, ticket.status) == seen
    return told


def leftovers(root: str) -> list[str]:
    return [name for _, _, names in os.walk(root) for name in names if name.endswith((".tmp", ".next"))]


def open_first(store: TinyStore) -> None:
    with store.unit("DHS") as unit:
        unit.put(opened(unit.count("DHS", "number")))


def change(store: TinyStore) -> None:
    with store.unit("DHS") as unit:
        unit.put(lifecycle.start(unit.get("DHS-1"), stamp(900)))
        unit.put(opened(unit.count("DHS", "number")))


def transfer(store: TinyStore) -> None:
    with store.unit("DHS", "DOT", "EPA") as unit:
        unit.put(lifecycle.cancel(unit.get("EPA-1"), stamp(900), "see DHS", code="transferred"))
        unit.put(opened(unit.count("DHS", "number")))
        unit.put(opened(unit.count("DOT", "number"), "DOT"))


def archive(store: TinyStore) -> None:
    store.archive("DHS")


def desk_of_three(root: str) -> None:
    filled(root, opened(1), opened(1, "DOT"), opened(1, "EPA"))


def desk_with_a_ticket_closed_twice(root: str) -> None:
    store = filled(root, opened(1), ended(2), ended(3))
    store.archive("DHS")
    with store.unit("DHS") as unit:
        again = lifecycle.reopen(unit.get("DHS-2"), stamp(800), "it is back", until=None)
        unit.put(lifecycle.close(lifecycle.resolve(again, stamp(801), "gone"), stamp(801)))
        unit.put(ended(4, hours=800))


def empty_desk(root: str) -> None:
    TinyStore(root).create("DHS")


@pytest.mark.parametrize(
    ("prepare", "work"),
    [
        (empty_desk, open_first),
        (desk_of_three, change),
        (desk_of_three, transfer),
        (desk_with_a_ticket_closed_twice, archive),
    ],
)
def test_a_change_is_whole_or_not_at_all_wherever_its_writer_is_killed(tmp_path, prepare, work):
    prepare(str(tmp_path / "model"))
    before = state(str(tmp_path / "model"))
    work(TinyStore(str(tmp_path / "model")))
    after = state(str(tmp_path / "model"))
    step, seen = 0, []
    while True:
        root = str(tmp_path / f"desk{step}")
        prepare(root)
        killed = killed_at(step, lambda root=root: work(TinyStore(root)))
        seen.append(state(root))
        assert seen[-1] in (before, after)
        follow_up(root)
        if not killed:
            break
        step += 1
    assert step > 15
    assert seen[-1] == after
    changes = [old == new for old, new in pairwise(seen)].count(False)
    assert changes == (before != after)


def follow_up(root: str) -> None:
    """The next technician comes, and works in every agency."""
    store = TinyStore(root, wait=0.5)
    was = state(root)
    for agency in store.agencies():
        with store.unit(agency) as unit:
            number = unit.count(agency, "number")
            unit.put(opened(number, agency))
        store.archive(agency)
        was[f"{agency}-{number}"] = (1, "queued")
    assert state(root) == was
    assert leftovers(root) == []


def test_making_an_agency_can_be_done_again_wherever_it_was_killed(tmp_path):
    step = 0
    while killed_at(step, partial(TinyStore(f"{tmp_path}/desk{step}").create, "DHS", group_of_this_user())):
        root = f"{tmp_path}/desk{step}"
        assert state(root) == {}
        TinyStore(root).create("DHS", group_of_this_user())
        assert oct(os.stat(f"{root}/agencies/DHS").st_mode)[-4:] == "2770"
        assert oct(os.stat(f"{root}/agencies/DHS/closed").st_mode)[-4:] == "2770"
        open_first(TinyStore(root))
        step += 1
    assert step > 5


def group_of_this_user() -> str:
    import grp

    return grp.getgrgid(os.getgid()).gr_name


def test_a_power_cut_keeps_nothing_that_was_not_brought_to_the_disk(tmp_path, monkeypatch):
    """Every name is given to a file whose bytes were synced, and the directory is synced before the unit ends."""
    root = str(tmp_path)
    desk_of_three(root)
    told: list[tuple[str, str]] = []
    paths: dict[int, str] = {}

    def spy(name, note):
        real = getattr(os, name)

        def call(*args, **kwargs):
            answer = real(*args, **kwargs)
            note(answer, *args)
            return answer

        monkeypatch.setattr(os, name, call)

    spy("open", lambda answer, path, *_: paths.__setitem__(answer, str(path).removeprefix(root + "/agencies/")))
    spy("write", lambda _, descriptor, __: told.append(("write", paths[descriptor])))
    spy("fsync", lambda _, descriptor: told.append(("fsync", paths[descriptor])))
    spy("rename", lambda _, __, new: told.append(("rename", str(new).removeprefix(root + "/agencies/"))))
    transfer(TinyStore(root))
    assert told == [
        ("write", "DHS/open.json.tmp"), ("fsync", "DHS/open.json.tmp"),
        ("write", "DOT/open.json.tmp"), ("fsync", "DOT/open.json.tmp"), ("rename", "DOT/open.json.next"),
        ("write", "EPA/open.json.tmp"), ("fsync", "EPA/open.json.tmp"), ("rename", "EPA/open.json.next"),
        ("fsync", "DOT"), ("fsync", "EPA"),
        ("rename", "DHS/open.prev.json"), ("rename", "DHS/open.json"), ("fsync", "DHS"),
        ("rename", "DOT/open.prev.json"), ("rename", "DOT/open.json"), ("fsync", "DOT"),
        ("rename", "EPA/open.prev.json"), ("rename", "EPA/open.json"), ("fsync", "EPA"),
    ]  # fmt: skip
