"""Tickets in whose histories a word stands, found in undecoded files: what was written last is looked at first.

A file holds nothing that is younger than itself, so whoever knows since when a word can stand there leaves the older
files alone, and whoever looks for the latest stops where nothing later can come.
"""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import count
from typing import Literal

import msgspec

from csctool.domain.undoing import Traced
from csctool.errors import CscError, DamagedError, NotPermittedError
from csctool.storage import codec, files
from csctool.storage.database import Database
from csctool.storage.shelf import Shelf

Word = Literal["op", "actor", "via"]
Documents = dict[int, msgspec.Raw]


def trace(word: Word, text: str) -> bytes:
    """The bytes that a document has where an event's operation has `text` in it, or its actor or
    `via` is `text`."""
    # csctool's own encoder wrote the documents, so their bytes can be looked at before any decoding.
    quoted = bytes(codec.encode(text))
    return quoted[1:-1] if word == "op" else b'"%s":%s' % (word.encode(), quoted)


def by_recency(
    shelves: Collection[Shelf], wanted: Sequence[bytes], leave_out: Callable[[CscError], None]
) -> Iterator[Traced]:
    """The tickets with such bytes, file by file; agencies that can't be read are handed to `leave_out`.

    Of an agency the live tickets are read before the archives are looked up: what is archived meanwhile is in its
    archive before it leaves the live ones, so that it is seen once at least. What an archive still has of a ticket that
    lives again is its past, and does not count.
    """
    numbers = count()
    lives: dict[str, Database] = {}
    heap: list[tuple[float, int, Shelf, str | None]] = []
    for shelf in shelves:
        heappush(heap, (-_live_time(shelf), next(numbers), shelf, None))
    while heap:
        before, _, shelf, month = heappop(heap)
        try:
            if month is None:
                database = lives[shelf.agency] = shelf.live()
                for other in shelf.archives.months():
                    # Archived was what had been live, so it is not younger than that.
                    time = min(_time(shelf.archives.path(other)), -before)
                    heappush(heap, (-time, next(numbers), shelf, other))
            else:
                database = shelf.archives.month(month)
            found = _with(database, wanted)
            if month is not None:
                found = {at: document for at, document in found.items() if lives[shelf.agency].ticket(at) is None}
            tickets = [codec.decode(document) for document in found.values()]
        except (DamagedError, NotPermittedError) as error:
            leave_out(error)
            continue
        yield Traced(shelf.agency, datetime.fromtimestamp(-before, UTC), tickets)


def under_lock(shelf: Shelf, live: Database, wanted: Sequence[bytes], since: datetime) -> Documents:
    """The documents with such bytes, each in its highest version; months that were not written since then are left
    out."""
    best: Documents = {}
    for month in shelf.archives.months():
        if _time(shelf.archives.path(month)) < since.timestamp():
            continue
        for number, document in _with(shelf.archives.month(month), wanted).items():
            if number not in best or codec.head(best[number]).version < codec.head(document).version:
                best[number] = document
    for number in best:
        best[number] = live.ticket(number) or best[number]
    return best | _with(live, wanted)


def _with(database: Database, wanted: Sequence[bytes]) -> Documents:
    whole = database.before or b""
    there = [text for text in wanted if text in whole]
    if not there:
        return {}
    documents = database.tickets.undecoded().items()
    return {int(number): document for number, document in documents if any(t in bytes(document) for t in there)}


def _live_time(shelf: Shelf) -> float:
    return max(_time(shelf.path), _time(shelf.path + files.WAITING))


def _time(path: str) -> float:
    """When the file was written, in seconds of the epoch; 0 for none, and for one that can't be asked: told when it is
    read."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
