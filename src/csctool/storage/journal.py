"""The record of what was delivered: a file of JSON Lines for each month, only ever added to.

A line is on disk before its notice leaves the outbox. A writer that is killed may leave half a line at the end, which
was never acknowledged: the next one begins a line of its own, and readers pass over what is no record.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

import msgspec

from csctool.domain.notice import Delivery
from csctool.errors import DamagedError
from csctool.storage import codec, files

#: Without a wish this many months are read: a notice is given up long before.
RECENT = 2


class Journal:
    """The deliveries of one agency."""

    def __init__(self, directory: str) -> None:
        self._directory = f"{directory}/sent"

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Write records, on disk when this returns. Raises NotPermittedError, StorageError."""
        months: dict[str, list[bytes]] = {}
        for one in deliveries:
            months.setdefault(f"{one.at:%Y-%m}", []).append(bytes(codec.encode(one)) + b"\n")
        for month, lines in months.items():
            path = f"{self._directory}/{month}.jsonl"
            try:
                self._append(path, b"".join(lines))
            except OSError as error:
                raise files.failure(path, error, "write", saved=True) from error

    def since(self, moment: datetime | None = None) -> list[Delivery]:
        """The records from that time on, in their order."""
        names = self._names()
        wanted = names[-RECENT:] if moment is None else [name for name in names if name >= f"{moment:%Y-%m}"]
        return [one for one in self._read(wanted) if moment is None or one.at >= moment]

    def all(self) -> list[Delivery]:
        """Every record there is. Raises NotPermittedError, StorageError."""
        return self._read(self._names())

    def _names(self) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self._directory) if name.endswith(".jsonl"))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise files.failure(self._directory, error, "read") from error

    def _read(self, wanted: Iterable[str]) -> list[Delivery]:
        found: list[Delivery] = []
        for name in wanted:
            for line in (files.read(f"{self._directory}/{name}") or b"").splitlines():
                with suppress(DamagedError):  # half a line of a writer that was killed
                    found.append(codec.delivery(msgspec.Raw(line)))
        return found

    def _append(self, path: str, data: bytes) -> None:
        made = not os.path.isdir(self._directory)
        if made:
            os.makedirs(self._directory, exist_ok=True)
            os.chmod(self._directory, os.stat(os.path.dirname(self._directory)).st_mode & 0o7777)
        new = not os.path.exists(path)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if new:
                os.fchmod(descriptor, files.file_mode(self._directory))
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                data = b"\n" + data
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if new:
            files.sync_directory(self._directory)
        if made:
            files.sync_directory(os.path.dirname(self._directory))
