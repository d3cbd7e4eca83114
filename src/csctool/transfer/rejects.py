"""The reject file: rows that were not taken in, as they were read, each with its line and the reason.

It has the form of the input, so that it can be mended and imported again: a CSV or TSV gets two columns more in front,
a JSON object two keys more. Both are passed over when the file is read the next time.
"""

import csv
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

import msgspec

from csctool.domain.intake import Rejected
from csctool.errors import CscError, NotPermittedError, RefusedError, StorageError, UsageError

LINE = "reject_line"
REASON = "reject_reason"
TEXT = "reject_text"


#: How many rejected tickets are named one by one when no file keeps them.
SHOWN = 20


class Refusals:
    """Rejected rows on their way to the reject file; without one, the first are kept to be told."""

    def __init__(self, file: "RejectFile | None") -> None:
        self.rows = 0
        self._file = file
        self._tickets = 0
        self._told: list[CscError] = []

    def add(self, rejected: Rejected) -> None:
        """All rows of one rejected ticket."""
        self.rows += len(rejected.raw)
        self._tickets += 1
        if self._file:
            try:
                self._file.add(rejected)
            except CscError:
                self._file.abandon()
                self._file = None  # it has not got them all, and nobody is to be told that it has
                raise
        elif self._tickets <= SHOWN:
            self._told.append(RefusedError(f"line {rejected.line}: {rejected.reason}"))

    def close(self) -> list[CscError]:
        """What the user is to be told."""
        if self._file:
            self._file.close()
            if self.rows:
                many = f"{self.rows} rejected rows are" if self.rows > 1 else "1 rejected row is"
                self._told.append(RefusedError(f"{many} in {self._file.path}", "mend and import that file"))
        elif self._told and self._tickets > SHOWN:
            more = self._tickets - SHOWN
            self._told.append(RefusedError(f"{more} more were rejected", "--rejects FILE keeps them all"))
        return self._told


class RejectFile:
    """Written row by row; made when the first row is rejected, so that a clean import leaves no empty file.

    `kind` is the input's: `csv`, `tsv` or `jsonl`. Raises NotPermittedError, StorageError, and UsageError for a path
    that is the input itself, or no file.
    """

    def __init__(self, path: str, source: str, kind: str, columns: Sequence[str], delimiter: str) -> None:
        if source != "-" and os.path.exists(path) and os.path.exists(source) and os.path.samefile(path, source):
            raise UsageError(f"--rejects {path} is the file that is imported", "name another one")
        if os.path.isdir(path) or not os.path.isdir(os.path.dirname(os.path.realpath(path))):
            wrong = "is a directory" if os.path.isdir(path) else "lies in no directory that there is"
            raise UsageError(f"--rejects {path} {wrong}", "name a file")
        self.path = path
        self._kind = kind
        self._stale = 2 if tuple(columns[:2]) == (LINE, REASON) else 0  # columns of an earlier reject file
        self._columns = columns[self._stale :]
        self._delimiter = delimiter
        self._file: IO[str] | None = None
        self._writer: Any = None

    def add(self, rejected: Rejected) -> None:
        """All rows of one rejected ticket."""
        try:
            file = self._file or self._open()
            for line, data in rejected.raw:
                if self._writer:
                    self._writer.writerow([line, rejected.reason, *data.split("\0")[self._stale :]])
                else:
                    row = _old(msgspec.json.decode(data)) if isinstance(data, bytes) else {TEXT: _encodable(data)}
                    file.write(msgspec.json.encode({LINE: line, REASON: rejected.reason, **row}).decode() + "\n")
        except OSError as error:
            raise _failed(self.path, error) from None

    def close(self) -> None:
        """Everything on the disk."""
        if self._file is None:
            return
        try:
            self._file.close()
        except OSError as error:
            raise _failed(self.path, error) from None

    def abandon(self) -> None:
        """Close it as it is: what it could not take is lost."""
        with suppress(CscError):
            self.close()

    def _open(self) -> IO[str]:
        file = open(self.path, "w", encoding="utf-8", errors="backslashreplace", newline="")  # noqa: SIM115 - close()
        self._file = file
        if self._kind != "jsonl":
            self._writer = csv.writer(file, delimiter=self._delimiter, lineterminator="\n")
            self._writer.writerow([LINE, REASON, *self._columns])
        return file


def _old(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in (LINE, REASON)}


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _failed(path: str, error: OSError) -> CscError:
    if isinstance(error, PermissionError):
        return NotPermittedError(f"you may not write {path}: {error.strerror}")
    return StorageError(f"can't write {path}: {error.strerror or error}")
