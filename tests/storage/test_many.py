"""Many at once: writers wait for each other within a limit and lose nothing; readers never wait, never see a half."""

import os
import re
import signal
import time
from collections.abc import Callable

import pytest

from csctool.domain import lifecycle
from csctool.domain.query import Query
from csctool.errors import BusyError
from csctool.storage.tiny import TinyStore

from .helpers import ended, filled, opened, stamp

WRITERS, CHANGES = 8, 20


@pytest.fixture
def root(tmp_path) -> str:
    return str(tmp_path / "desk")


def spawn(work: Callable[[], object]) -> int:
    """Run `work` in a process of its own, which exits with 1 when it raises."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def join(children: list[int]) -> None:
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(children)


def technician(root: str) -> None:
    """Opens a ticket, works on the common one, closes the one before; the desk archives now and then."""
    store = TinyStore(root, wait=60)
    for turn in range(CHANGES):
        with store.unit("DHS") as unit:
            unit.put(lifecycle.note(unit.get("DHS-1"), stamp(1), "seen"))
            unit.put(ended(unit.count("DHS", "number")))
        if turn % 7 == 0:
            store.archive("DHS")


def reader(root: str, writers: list[int]) -> None:
    """Looks at everything until the writers are gone: numbers only grow, nothing is missing, nothing is there twice."""
    store = TinyStore(root, wait=60)
    most = seen = 0
    while seen < 5 or any(alive(writer) for writer in writers):
        numbers = [ticket.number for ticket in store.find(Query(agencies=("DHS",), everything=True))]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        assert len(numbers) >= most
        most = len(numbers)
        assert store.get(f"DHS-{most}").number == most
        seen += 1


def alive(process: int) -> bool:
    with open(f"/proc/{process}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"


def test_many_writers_lose_nothing_and_readers_see_whole_states(root):
    filled(root, opened(1))
    writers = [spawn(lambda: technician(root)) for _ in range(WRITERS)]
    join([spawn(lambda: reader(root, writers)) for _ in range(2)])
    join(writers)
    store = TinyStore(root)
    tickets = list(store.find(Query(everything=True)))
    assert sorted(t.number for t in tickets) == list(range(1, WRITERS * CHANGES + 2))
    common = store.get("DHS-1")
    assert [event.seq for event in common.history] == list(range(1, WRITERS * CHANGES + 2))


def test_units_over_two_agencies_do_not_wait_for_each_other_for_ever(root):
    filled(root, opened(1), opened(1, "DOT"))

    def both(*agencies: str) -> None:
        store = TinyStore(root, wait=60)
        for _ in range(10):
            with store.unit(*agencies) as unit:
                for agency in agencies:
                    unit.put(lifecycle.note(unit.get(f"{agency}-1"), stamp(1), "seen"))

    join([spawn(lambda order=order: both(*order)) for order in (("DHS", "DOT"), ("DOT", "DHS")) * 2])
    store = TinyStore(root)
    assert store.get("DHS-1").version == store.get("DOT-1").version == 41


def hold_the_lock(root: str) -> int:
    """A process that holds the agency's lock until it is killed."""
    ready, told = os.pipe()

    def hold() -> None:
        with TinyStore(root).unit("DHS") as unit:
            unit.put(opened(unit.count("DHS", "number")))
            os.write(told, b".")
            time.sleep(60)

    child = spawn(hold)
    os.read(ready, 1)
    os.close(ready)
    os.close(told)
    return child


def test_who_waits_in_vain_is_told_how_long_and_for_whom(root):
    filled(root, opened(1))
    holder = hold_the_lock(root)
    began = time.monotonic()
    with pytest.raises(BusyError) as told, TinyStore(root, wait=0.2).unit("DHS"):
        pass
    assert 0.2 <= time.monotonic() - began < 2
    assert re.search(rf"not free for 0\.\d+ s \(held by process {holder}\)", told.value.message)
    os.kill(holder, signal.SIGSTOP)
    with pytest.raises(BusyError):
        TinyStore(root, wait=0).archive("DHS")
    assert TinyStore(root).get("DHS-1").key == "DHS-1"
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)


def test_a_dead_holder_frees_the_lock_and_leaves_nothing(root):
    filled(root, opened(1))
    holder = hold_the_lock(root)
    os.kill(holder, signal.SIGKILL)
    began = time.monotonic()
    with TinyStore(root).unit("DHS") as unit:
        unit.put(opened(unit.count("DHS", "number")))
    os.waitpid(holder, 0)
    assert time.monotonic() - began < 1
    assert sorted(t.key for t in TinyStore(root).find(Query())) == ["DHS-1", "DHS-2"]


def test_what_the_lock_file_says_is_never_believed(root):
    filled(root, opened(1))
    for content in (b"", b"not a number\n", b"1\n", b"\xff" * 50):
        with open(f"{root}/agencies/DHS/.lock", "wb") as file:
            file.write(content)
        with TinyStore(root, wait=0).unit("DHS") as unit:
            unit.put(lifecycle.note(unit.get("DHS-1"), stamp(1), "seen"))


def test_the_lock_file_is_never_unlinked(root):
    store = filled(root, opened(1))
    before = os.stat(f"{root}/agencies/DHS/.lock").st_ino
    store.archive("DHS")
    with store.unit("DHS"):
        pass
    assert os.stat(f"{root}/agencies/DHS/.lock").st_ino == before


def test_writers_of_other_agencies_do_not_wait(root):
    filled(root, opened(1), opened(1, "DOT"))
    holder = hold_the_lock(root)
    with TinyStore(root, wait=0).unit("DOT") as unit:
        unit.put(opened(unit.count("DOT", "number"), "DOT"))
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)


def test_who_comes_first_is_served_first_whoever_comes_again(root):
    """Six wait one after the other; the holder, when it is done, wants the lock again at once and is the seventh."""
    filled(root, opened(1))
    out, line = os.pipe()

    def wait_and_tell(name: int) -> None:
        with TinyStore(root, wait=60).unit("DHS"):
            os.write(line, b"%d" % name)

    children = []
    with TinyStore(root).unit("DHS"):
        for name in range(1, 7):
            children.append(spawn(lambda name=name: wait_and_tell(name)))
            until_it_waits(children[-1])
    with TinyStore(root, wait=60).unit("DHS"):
        os.write(line, b"7")
    join(children)
    assert os.read(out, 20) == b"1234567"


def until_it_waits(process: int) -> None:
    """Until a second thread of the process sleeps for the lock."""
    while len(os.listdir(f"/proc/{process}/task")) < 2:
        time.sleep(0.005)
    time.sleep(0.02)
