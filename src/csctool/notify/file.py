"""The transport `file`: a line of JSON for each message, for programs that read a file and for trying things out."""

import os

from csctool.desk.ports import Letter, Outcome, Wording
from csctool.domain.transports import File
from csctool.notify.transport import ShutError, document
from csctool.sharing import opened


class FileTransport:
    """Appends to one file of an agency's directory, or to one elsewhere; each line is on disk before it counts."""

    def __init__(self, table: File, root: str) -> None:
        self._table = table
        self._root = root

    def deliver(self, letter: Letter, words: Wording) -> Outcome:
        """Write a line."""
        path = os.path.join(f"{self._root}/agencies/{letter.agency}", self._table.path)
        try:
            _append(path, document(letter, words) + b"\n")
        except OSError as error:
            raise ShutError(f"can't write {path}: {error.strerror}") from None
        return Outcome(letter.notice.id)

    def close(self) -> None:
        """Nothing to end: the file is opened for each line, so that it may be moved away at any time."""


def _append(path: str, line: bytes) -> None:
    directory = os.path.dirname(path)
    new = not os.path.exists(path)
    descriptor = opened(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line  # half a line of a writer that was killed stays alone
        while line:
            line = line[os.write(descriptor, line) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
