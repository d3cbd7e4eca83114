"""A snapshot is the desk at one moment, whatever others do while it is taken."""

import os
import resource
import signal
import stat
from contextlib import suppress

import pytest

from csctool.errors import BusyError, StorageError
from csctool.storage import container
from csctool.storage.snapshot import Snapshot
from csctool.storage.tiny import TinyStore

from .helpers import ended, filled, opened

HOME, OTHER = "AAA", "BBB"


@pytest.fixture
def root(tmp_path) -> str:
    filled(str(tmp_path / "desk"), opened(1, HOME), opened(1, OTHER))
    (tmp_path / "desk/csctool.toml").write_text("format = 1\n")
    return str(tmp_path / "desk")


def both(root, number, wait=0.0):
    """A change over both agencies: a ticket in each, or in none."""
    with TinyStore(root, wait=wait).unit(HOME, OTHER) as unit:
        unit.put(opened(number, HOME))
        unit.put(opened(number, OTHER))


def taken(snapshot) -> dict[str, list[int]]:
    """The numbers that a snapshot has of each agency."""
    found = {}
    for member in snapshot.members:
        if member.name.endswith("open.json"):
            _, tables = container.unpack(b"".join(snapshot.content(member)), member.name)
            found[member.name.split("/")[1]] = sorted(map(int, tables["tickets"]))
    return found


def between(monkeypatch, work):
    """Let `work` happen after each file that a snapshot opens."""
    pin = Snapshot._pin

    def pinned(snapshot, path, name, identity):
        result = pin(snapshot, path, name, identity)
        if name.endswith(".json"):
            work()
        return result

    monkeypatch.setattr(Snapshot, "_pin", pinned)


def test_a_change_over_two_agencies_between_opening_the_one_and_the_other_is_whole(root, monkeypatch):
    numbers = iter([2])

    def transfer():
        for number in numbers:
            both(root, number)

    between(monkeypatch, transfer)
    with Snapshot(root, 1) as snapshot:
        assert taken(snapshot) == {HOME: [1, 2], OTHER: [1, 2]}


def test_who_writes_all_the_time_is_asked_to_wait(root, monkeypatch):
    numbers = iter(range(2, 1000))
    waited = []

    def transfer():
        with suppress(BusyError):
            both(root, next(numbers))
            return
        waited.append(1)

    between(monkeypatch, transfer)
    with Snapshot(root, 1) as snapshot:
        found = taken(snapshot)
    assert found[HOME] == found[OTHER]
    assert len(found[HOME]) > 1
    assert waited
    both(root, 1000)  # and may go on at once


def test_a_holder_who_was_stopped_keeps_nobody_from_a_backup_of_a_quiet_desk(root):
    with TinyStore(root).unit(HOME), Snapshot(root, 0) as snapshot:
        assert taken(snapshot) == {HOME: [1], OTHER: [1]}


def test_a_busy_desk_with_a_holder_who_was_stopped_is_busy(root, monkeypatch):
    """The others are not kept waiting for the one, and the message names it."""
    numbers = iter(range(2, 1000))

    def work():
        with suppress(BusyError), TinyStore(root, wait=0).unit(OTHER) as unit:
            unit.put(opened(next(numbers), OTHER))

    between(monkeypatch, work)
    with TinyStore(root).unit(HOME), pytest.raises(BusyError, match="AAA is busy"):
        Snapshot(root, 0.1)


def test_what_waits_to_be_put_in_place_is_in_it_when_it_was_saved(root, monkeypatch):
    """The writer died after the file that decides, and before the other one."""
    child = os.fork()
    if child == 0:
        rename = os.rename

        def dying(old, new):
            if old.endswith(f"{OTHER}/open.json.next"):
                os.kill(os.getpid(), signal.SIGKILL)
            rename(old, new)

        os.rename = dying
        both(root, 2)
    os.waitpid(child, 0)
    assert os.path.exists(f"{root}/agencies/{OTHER}/open.json.next")
    with Snapshot(root, 0) as snapshot:
        assert taken(snapshot) == {HOME: [1, 2], OTHER: [1, 2]}


def test_what_was_never_saved_is_not_in_it(root):
    with open(f"{root}/agencies/{OTHER}/open.json", "rb") as file:
        blob = file.read()
    with open(f"{root}/agencies/{OTHER}/open.json.next", "wb") as file:
        file.write(blob)
    with Snapshot(root, 0) as snapshot:
        assert taken(snapshot)[OTHER] == [1]


def test_archives_of_later_do_not_slip_in(root, monkeypatch):
    with TinyStore(root).unit(HOME) as unit:
        unit.put(ended(2, HOME))
    moves = iter([1])

    def archive():
        for _ in moves:
            TinyStore(root).archive(HOME)

    between(monkeypatch, archive)
    with Snapshot(root, 1) as snapshot:
        assert taken(snapshot)[HOME] == [1]
        assert f"agencies/{HOME}/closed/2026-10.json" in {member.name for member in snapshot.members}


def test_a_store_file_may_change_after_the_moment(root):
    with Snapshot(root, 0) as snapshot:
        both(root, 2)
        assert taken(snapshot) == {HOME: [1], OTHER: [1]}


def test_more_files_than_a_process_may_open_are_told(root, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (8, 8))
    with pytest.raises(StorageError, match="needs 67 open files at once; ulimit -n 67"):
        Snapshot(root, 0)


def test_the_soft_limit_of_open_files_is_raised(root, monkeypatch):
    asked = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (8, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    with Snapshot(root, 0):
        assert asked == [(67, 4096)]


def test_no_descriptor_stays_open(root):
    before = len(os.listdir("/proc/self/fd"))
    with Snapshot(root, 0) as snapshot:
        taken(snapshot)
    for agency in (HOME, OTHER):
        os.truncate(f"{root}/agencies/{agency}/open.json", 5)
    with Snapshot(root, 0) as snapshot:
        assert snapshot.skipped == [HOME, OTHER]
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_that_is_no_plain_file_is_not_opened(root):
    os.mkfifo(f"{root}/agencies/{HOME}/rules.toml")
    with Snapshot(root, 0) as snapshot:
        assert snapshot.left_out == [f"agencies/{HOME}/rules.toml"]
    assert stat.S_ISFIFO(os.stat(f"{root}/agencies/{HOME}/rules.toml").st_mode)
