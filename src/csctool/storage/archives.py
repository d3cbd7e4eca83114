"""The finished tickets of one agency, a file for each month, and the index that tells which month has a number.

The index is derived. It is believed only when it leads to the ticket, and made anew from the months when it is missing,
damaged or older than one of them; only writers save it.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache

import msgspec

from csctool.domain.query import Range
from csctool.errors import DamagedError, StorageError
from csctool.storage import codec, container, files
from csctool.storage.database import Database

#: Where finished tickets go that carry no time at all.
UNDATED = "0000-00"
#: Of so many months the tickets are kept in memory for who reads many: messages speak of what ended lately.
MONTHS_AT_HAND = 2


class Shelved(msgspec.Struct, frozen=True):
    """What the index knows of a month: the checksum of the file that was indexed, and the numbers in it."""

    checksum: str
    numbers: tuple[int, ...]


Index = dict[str, Shelved]


class Archives:
    """The directory `closed` of an agency."""

    def __init__(self, directory: str, keep: bool) -> None:
        self.directory = directory
        self._keep = keep
        self._index_path = f"{directory}/index.json"
        #: The months that were archived by what `open.json` says: one of them without a file is damage.
        self.known: list[str] = []
        #: What was just written, by month: the checksum and the documents, so that nobody need read it again.
        self._written: dict[str, tuple[str, Mapping[str, msgspec.Raw]]] = {}

    def names(self) -> list[str]:
        """The names of the files in it. Raises NotPermittedError, StorageError."""
        try:
            return os.listdir(self.directory)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise files.failure(self.directory, error, "read") from error

    def months(self, wanted: Range | None = None, names: Iterable[str] | None = None) -> list[str]:
        """The months that have an archive, in order; only those that reach into the range when one is given.

        `names` are those of the files where they are known. Raises what `names` raises.
        """
        names = self.names() if names is None else names
        months = sorted({month for name in names if (month := _month_name(name))}.union(self.known))
        if wanted is None:
            return months
        first = _month(wanted.since) if wanted.since else ""
        last = _month(wanted.until) if wanted.until else "9999-99"
        return [m for m in months if first <= m <= last]

    def month(self, month: str) -> Database:
        """The tickets of a month; none when it has no file. Raises DamagedError, NotPermittedError, StorageError."""
        path = self.path(month)
        blob = files.read(path)
        if blob is None and (month in self.known or files.exists(files.previous(path))):
            raise container.damaged(path, "it is missing")
        return Database(path, blob)

    def ticket(self, number: int) -> msgspec.Raw | None:
        """The document of an archived ticket."""
        stored = self._stored_index()
        found = self._look_up(number, stored)
        if found is not None:
            return found
        fresh = self._fresh_index(stored)
        return None if fresh == stored else self._look_up(number, fresh)

    def at_hand(self) -> Callable[[int], msgspec.Raw | None]:
        """The same for many tickets: index and months are read when one is first wanted, and the last months kept."""
        index: list[Index] = []
        month = lru_cache(MONTHS_AT_HAND)(self.month)

        def find(number: int) -> msgspec.Raw | None:
            if not index:
                index.append(self._fresh_index(self._stored_index()))
            places = [name for name, shelved in index[0].items() if number in shelved.numbers]
            found = [document for name in places if (document := month(name).ticket(number)) is not None]
            return max(found, key=lambda document: codec.head(document).version, default=None)

        return find

    def _look_up(self, number: int, index: Index) -> msgspec.Raw | None:
        places = [month for month, shelved in index.items() if number in shelved.numbers]
        found = [document for month in places if (document := self.month(month).ticket(number)) is not None]
        return max(found, key=lambda document: codec.head(document).version, default=None)

    def path(self, month: str) -> str:
        """The file of a month."""
        return f"{self.directory}/{month}.json"

    def paths(self) -> list[str]:
        """The files of all months."""
        return list(map(self.path, self.months()))

    def index_is_fresh(self) -> bool:
        """Whether the stored index is as it should be. Raises DamagedError for a month that can't be read."""
        stored = self._stored_index()
        return self._fresh_index(stored) == stored

    # -- writing, under the agency's lock ------------------------------------------------------------------------

    def add(self, months: Mapping[str, Mapping[int, msgspec.Raw]]) -> None:
        """File finished tickets in the months in which they ended, and take them out of any other month.

        Doing it twice changes nothing.
        """
        index = self._fresh_index(self._stored_index())
        self._replace(self._filed(month, documents) for month, documents in sorted(months.items()))
        numbers = {number for documents in months.values() for number in documents}
        stricken = []
        for month, shelved in index.items():
            # A ticket that was reopened and ended again leaves its old month, once it is in the new one.
            stale = numbers.intersection(shelved.numbers).difference(months.get(month, ()))
            if stale:
                archive = self.month(month)
                archive.tickets.remove(doc_ids=stale)
                stricken.append(archive)
        self._replace(stricken)

    def _filed(self, month: str, documents: Mapping[int, msgspec.Raw]) -> Database | None:
        """The month with these tickets; None where it has them all."""
        archive = self.month(month)
        there = archive.tickets.undecoded()
        if all(bytes(there.get(str(n), b"")) == bytes(d) for n, d in documents.items()):
            return None
        archive.tickets.put(documents)
        return archive

    def _replace(self, archives: Iterable[Database | None]) -> None:
        changed = [archive for archive in archives if archive is not None]
        replacements = [archive.replacement(self._keep) for archive in changed]
        files.replace_in_any_order(replacements)
        for archive, replacement in zip(changed, replacements, strict=True):
            checksum = container.read_header(replacement.new, archive.path).checksum
            month = os.path.basename(archive.path).removesuffix(".json")
            self._written[month] = checksum, archive.tickets.undecoded()

    def documents(self, month: str, checksum: str) -> Mapping[str, msgspec.Raw]:
        """The tickets of a month whose file has this checksum. Raises what `month` raises."""
        written = self._written.get(month)
        return written[1] if written and written[0] == checksum else self.month(month).tickets.undecoded()

    # -- the index -----------------------------------------------------------------------------------------------

    def save_index(self) -> None:
        """Save the index if it is not as it should be."""
        stored = self._stored_index()
        fresh = self._fresh_index(stored)
        if fresh == stored:
            return
        table = {month: codec.encode(shelved) for month, shelved in fresh.items()}
        before = files.read(self._index_path)
        blob = container.pack({"months": table}, self._index_generation(before) + 1)
        files.derive(self._index_path, blob)

    def _stored_index(self) -> Index:
        blob = files.read(self._index_path)
        if blob is None:
            return {}
        try:
            _, tables = container.unpack(blob, self._index_path)
            return {month: msgspec.json.decode(d, type=Shelved) for month, d in tables["months"].items()}
        except (StorageError, *codec.UNREADABLE, KeyError):
            # It says nothing that the months don't say: it is made anew.
            return {}

    def _fresh_index(self, stored: Index) -> Index:
        """The index as it should be; only months that were written since it was stored are read whole."""
        index: Index = {}
        for month in self.months():
            path = self.path(month)
            header = header_of(path)
            known = stored.get(month)
            if known and header and known.checksum == header.checksum:
                index[month] = known
                continue
            checksum = header.checksum if header else ""
            index[month] = Shelved(checksum, tuple(map(int, self.documents(month, checksum))))
        return index

    def _index_generation(self, blob: bytes | None) -> int:
        try:
            return container.read_header(blob, self._index_path).generation if blob else 0
        except DamagedError:
            return 0


def header_of(path: str) -> container.Header | None:
    """The header of the store file that lies there now; reads its first bytes only. Raises DamagedError."""
    start = files.read(path, container.HEADER_SIZE)
    return None if start is None else container.read_header(start, path)


def month_of(ticket: codec.Glance) -> str:
    """The archive of a finished ticket: the month (UTC) in which it ended.

    Imported data may say that it ended before it began: then the month of the later time, so that whoever looks for
    what was opened since a day need not read what ended before it.
    """
    stated = (ticket.closed_at, ticket.resolved_at, ticket.opened_at)
    known = [at for at in (stated if ticket.closed_at else (*stated, ticket.updated_at)) if at]
    return _month(max(known)) if known else UNDATED


def _month(at: datetime) -> str:
    return f"{at.year:04d}-{at.month:02d}"


def _month_name(name: str) -> str | None:
    """The month of `2026-10.json`, and of its generation before, which tells that the file must be there."""
    month = name.removesuffix(".json").removesuffix(".prev")
    year, dash, number = month.partition("-")
    is_month = name.endswith(".json") and dash and f"{year}{number}".isdecimal() and len(year) == 4 and len(number) == 2
    return month if is_month else None
