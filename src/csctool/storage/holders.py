"""Which processes hold an agency's locks or wait for them, as the system tells (Linux: /proc)."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from csctool.desk.ports import Symptom
from csctool.storage import files, lock
from csctool.storage.shelf import Shelf

#: A lock that has been held for this many seconds is no ordinary change any more.
LONG_HELD = 60
#: What each lock is for.
LOCKS = {".lock": "write", ".delivering": "deliver"}


class Process(NamedTuple):
    """A process that has a lock's file open: its number, its name, and whether it is stopped."""

    number: int
    name: str
    stopped: bool


def of_agency(shelf: Shelf) -> Iterator[Symptom]:
    """Who holds a lock for long, and who is stopped while others wait."""
    for name, purpose in LOCKS.items():
        path = f"{shelf.directory}/{name}"
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue  # the first who needs it makes it
        except OSError as error:
            told = files.failure(path, error, "lock")
            yield Symptom("damage" if told.exit == 7 else "warning", shelf.agency, path, told.message, told.hint)
            continue
        try:
            yield from _looked_at(shelf, path, descriptor, purpose)
        except OSError as error:
            told = files.failure(path, error, "lock")
            yield Symptom("damage", shelf.agency, path, told.message, told.hint)
        finally:
            os.close(descriptor)


def _looked_at(shelf: Shelf, path: str, descriptor: int, purpose: str) -> Iterator[Symptom]:
    holder = since = 0
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        if not lock.queued(descriptor):
            return
    except BlockingIOError:
        holder, since = lock.signed(os.pread(descriptor, 64, 0))
    there = {process.number: process for process in processes(descriptor)}
    stopped = [process for process in there.values() if process.stopped]
    for process in stopped:
        does = f"holds the right to {purpose}" if process.number == holder else f"waits for the right to {purpose}"
        yield Symptom("warning", shelf.agency, path,
                      f"process {process.number} ({process.name}) is stopped and {does} in {shelf.agency}",
                      f"kill -CONT {process.number} lets it go on, kill -KILL {process.number} ends it")  # fmt: skip
    held = time.time() - since
    if since and holder not in {process.number for process in stopped} and held > LONG_HELD:
        waiting = len(there.keys() - {holder})
        queue = f", and {waiting} wait{'s' * (waiting == 1)}" if waiting else ""
        yield Symptom("warning", shelf.agency, path,
                      f"process {holder} has held the lock of {shelf.agency} for {held:.0f} s{queue}",
                      f"look at it (ps {holder}); the lock is free when it ends")  # fmt: skip


def processes(descriptor: int) -> Iterator[Process]:
    """Other processes that have the same file open; only one's own, unless one is root."""
    wanted = os.fstat(descriptor)
    for number in _numbers():
        if number != os.getpid() and _has_open(number, wanted):
            with suppress(OSError, ValueError):  # it ended meanwhile
                with open(f"/proc/{number}/stat", encoding="utf-8", errors="replace") as file:
                    before, _, after = file.read().rpartition(")")
                yield Process(number, before.partition("(")[2], after.split()[0] in "Tt")


def _numbers() -> list[int]:
    try:
        return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    except OSError:
        return []  # a system that does not tell


def _has_open(number: int, wanted: os.stat_result) -> bool:
    place = f"/proc/{number}/fd"
    try:
        names = os.listdir(place)
    except OSError:
        return False  # another user's, or gone
    for name in names:
        with suppress(OSError):
            found = os.stat(f"{place}/{name}")
            if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                return True
    return False
