"""The record of what was delivered: a file of JSON Lines for each month, only ever added to.

Whoever delivers makes room for a batch of records, writes each as soon as the other end has taken the message, and
brings the batch to the disk before its notices leave the outbox. What a writer that was killed left behind its last
record (room that was not used, half a line) is no record: readers pass over it, the next writer takes it away.
"""

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from datetime import datetime

import msgspec

from csctool.domain.notice import Delivery
from csctool.errors import DamagedError
from csctool.sharing import make_directory, opened
from csctool.storage import codec, files

#: A notice that was recorded and did not leave the outbox is among the last records that were written: a killed
#: writer's. So many files are looked at, the latest by name and by time of writing.
RECENT = 2
#: What a record may take beyond what was expected of it: the receipt, in octets.
MORE = 1024


class Journal:
    """The deliveries of one agency."""

    def __init__(self, directory: str) -> None:
        self._directory = f"{directory}/sent"

    def since(self, moment: datetime | None = None) -> Iterator[Delivery]:
        """The records from that time on, in their order. Raises NotPermittedError, StorageError."""
        for name in self._names():
            if moment is None or name >= f"{moment:%Y-%m}":
                for line in self._lines(name):
                    with suppress(DamagedError):
                        one = codec.delivery(msgspec.Raw(line))
                        if moment is None or one.at >= moment:
                            yield one

    def known(self, ids: Collection[str]) -> set[str]:
        """Which of these notices stand in the latest records."""
        wanted = set(ids)
        found: set[str] = set()
        names = self._names() if wanted else []
        latest = sorted(names, key=lambda name: os.stat(f"{self._directory}/{name}").st_mtime)
        for name in {*names[-RECENT:], *latest[-RECENT:]}:
            for line in self._lines(name):
                with suppress(DamagedError):
                    found.add(codec.identified(msgspec.Raw(line)))
            found &= wanted
        return found

    def _names(self) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self._directory) if name.endswith(".jsonl"))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise files.failure(self._directory, error, "read") from error

    def _lines(self, name: str) -> Iterator[bytes]:
        path = f"{self._directory}/{name}"
        try:
            with open(path, "rb") as file:
                for line in file:
                    if line.startswith(b"{") and line.endswith(b"}\n"):
                        yield line
        except OSError as error:
            raise files.failure(path, error, "read") from error


class Ledger(Journal):
    """The journal in the hand of the one who delivers. Implements `desk.ports.Ledger`."""

    def __init__(self, directory: str) -> None:
        super().__init__(directory)
        self._path = ""
        self._descriptor = -1
        self._end = 0

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Write records of any time, on disk when this returns. Raises NotPermittedError, StorageError."""
        months: dict[str, list[Delivery]] = {}
        for one in deliveries:
            months.setdefault(f"{one.at:%Y-%m}", []).append(one)
        for records in months.values():
            self.expect(records)
            for one in records:
                self.note(one)
        self.settle()

    def expect(self, deliveries: Collection[Delivery]) -> None:
        """Make room for records like these."""
        self.settle()
        if not deliveries:
            return
        month = next(iter(deliveries)).at
        self._path = f"{self._directory}/{month:%Y-%m}.jsonl"
        try:
            self._open()
            size = sum(len(codec.encode(one)) + MORE for one in deliveries)
            os.posix_fallocate(self._descriptor, self._end, size)
        except OSError as error:
            self._close()
            raise files.failure(self._path, error, "write") from error

    def note(self, delivery: Delivery) -> None:
        """Record one."""
        data = bytes(codec.encode(delivery)) + b"\n"
        try:
            while data:
                written = os.pwrite(self._descriptor, data, self._end)
                self._end += written
                data = data[written:]
        except OSError as error:
            raise files.failure(self._path, error, "write", saved=True) from error

    def settle(self) -> None:
        """Bring what was recorded to the disk, and give back the room that was not used."""
        if self._descriptor < 0:
            return
        try:
            os.ftruncate(self._descriptor, self._end)
            os.fsync(self._descriptor)
        except OSError as error:
            raise files.failure(self._path, error, "write", saved=True) from error
        finally:
            self._close()

    def _open(self) -> None:
        if not os.path.isdir(self._directory):
            make_directory(self._directory)
            files.sync_directory(os.path.dirname(self._directory))
        new = not os.path.exists(self._path)
        self._descriptor = opened(self._path, os.O_RDWR | os.O_NOFOLLOW)
        if new:
            files.sync_directory(self._directory)
        self._end = _end_of_records(self._descriptor)
        os.ftruncate(self._descriptor, self._end)

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _end_of_records(descriptor: int) -> int:
    """Where the last whole line ends: behind it lies at most one batch's room and half a line. Raises OSError."""
    end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - (1 << 16))
        at = os.pread(descriptor, end - start, start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0
