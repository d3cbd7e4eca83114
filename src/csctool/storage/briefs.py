"""Archives in brief: beside each month, its tickets without texts and history, a quarter of its size.

A report over years reads these. They are derived: one carries the checksum of the month that it was made from in its
name, so it is valid exactly while that month is as it was, and a reader that finds none reads the month. Only writers
save them, after the archive.
"""

import os
from collections.abc import Mapping

import msgspec

from csctool.errors import StorageError
from csctool.storage import codec, container, files
from csctool.storage.archives import Archives, header_of

_WORD = ".brief-"


def brief(archives: Archives, month: str) -> Mapping[str, msgspec.Raw]:
    """The documents of a month, in brief where that is kept. Raises what reading the month raises."""
    header = header_of(archives.path(month))
    blob = files.read(_path(archives, month, header.checksum)) if header else None
    if blob is not None:
        try:
            return container.unpack(blob, "")[1].get("tickets", {})
        except StorageError:
            pass  # it says nothing that the month doesn't say
    return archives.month(month).tickets.undecoded()


def save(archives: Archives, *, changed: bool = True) -> None:
    """Make the briefs that are missing and remove those of months that have changed.

    Where nothing was archived (not `changed`) and there are as many briefs as months, nothing is looked at.
    """
    there = {name for name in _names(archives) if _WORD in name}
    months = archives.months()
    if not changed and len(there) == len(months):
        return
    for month in months:
        header = header_of(archives.path(month))
        path = _path(archives, month, header.checksum) if header else ""
        if os.path.basename(path) in there:
            there.discard(os.path.basename(path))
        elif header:
            _save(archives, month, path)
    for name in sorted(there):
        files.remove(os.path.join(archives.directory, name))


def _save(archives: Archives, month: str, path: str) -> None:
    documents = archives.month(month).tickets.undecoded()
    tickets = {number: codec.encode(codec.brief(document)) for number, document in documents.items()}
    files.replace([files.Replacement(path, container.pack({"tickets": tickets}, 1), None, keep=False)])


def _path(archives: Archives, month: str, checksum: str) -> str:
    return f"{archives.directory}/{month}{_WORD}{checksum}.json"


def _names(archives: Archives) -> list[str]:
    try:
        return os.listdir(archives.directory)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise files.failure(archives.directory, error, "read") from error
