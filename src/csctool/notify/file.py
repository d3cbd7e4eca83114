"""The transport `file`: a line of JSON for each message, for programs that read a file and for trying things out."""

import os

import msgspec

from csctool.desk.ports import Letter, Outcome, Wording


class FileTransport:
    """Appends to one file, which is on disk before a delivery counts."""

    def __init__(self, path: str) -> None:
        self._path = path

    def deliver(self, letter: Letter, words: Wording) -> Outcome:
        """Write a line."""
        notice = letter.notice
        line = msgspec.json.encode({
            "id": notice.id, "ticket": notice.ticket, "event": notice.event, "to": notice.to, "role": notice.role,
            "subject": words.subject, "text": words.text,
        })  # fmt: skip
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o660)
            try:
                os.write(descriptor, line + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            return Outcome(error=f"{self._path}: {error.strerror}")
        return Outcome(notice.id)

    def close(self) -> None:
        """Nothing to end: the file is opened for each line."""
