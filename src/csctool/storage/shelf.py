"""The files of one agency: the live tickets, the archives by month, their index, and the lock."""

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from typing import TypeVar

import msgspec

from csctool.domain.query import Range
from csctool.errors import DamagedError, NotFoundError, StorageError
from csctool.storage import codec, container, files, lock
from csctool.storage.codec import Sketch
from csctool.storage.database import Database

#: How often a reader of several files starts over because of writers, before it asks them to wait.
TRIES = 3

#: An agency's directory with a Unix group of its own: files made in it get the group, others can't look in.
GROUP_MODE = 0o2770

_MONTH_FILE = re.compile(r"([0-9]{4}-[0-9]{2})\.json")
#: Where finished tickets go that carry no time at all.
UNDATED = "0000-00"

T = TypeVar("T")
Documents = Mapping[str, msgspec.Raw]


class Shelved(msgspec.Struct, frozen=True):
    """What the index knows of a month: which writing of its file was indexed, and the numbers in it."""

    generation: int
    numbers: tuple[int, ...]


Index = dict[str, Shelved]


class Shelf:
    """One agency's directory."""

    def __init__(self, root: str, agency: str, keep: bool = True) -> None:
        self.agency = agency
        self.directory = f"{root}/agencies/{agency}"
        self.closed = f"{self.directory}/closed"
        self._lock = f"{self.directory}/.lock"
        self._open = f"{self.directory}/open.json"
        self._index = f"{self.closed}/index.json"
        self._keep = keep

    def locked(self, wait: float, shared: bool = False) -> AbstractContextManager[None]:
        """The agency's lock for a `with` block. Raises NotFoundError for an agency that has no place here."""
        self.require()
        return lock.held(self._lock, self.agency, wait, shared)

    def require(self) -> None:
        """Raise NotFoundError unless the agency has a place here."""
        if not os.path.isdir(self.directory):
            raise NotFoundError(f"no such agency: {self.agency}")

    def create(self, group: int | None) -> None:
        """Make the directory, of that Unix group alone when one is given; one that is complete is left as it is."""
        if os.path.isdir(self.closed):
            return
        place = os.path.dirname(self.directory)
        try:
            os.makedirs(place, exist_ok=True)
            # Nobody else may look in before the group is set.
            with suppress(FileExistsError):
                os.mkdir(self.directory, 0o777 if group is None else 0o700)
            if group is not None:
                os.chown(self.directory, -1, group)
                os.chmod(self.directory, GROUP_MODE)
            lock.make(self._lock)
            self._make_closed()
            for directory in (place, os.path.dirname(place)):
                files.sync_directory(directory)
        except OSError as error:
            raise files.failure(self.directory, error, "make") from error

    def _make_closed(self) -> None:
        # The last step of making an agency's place: what is there is complete.
        _make_directory(self.closed, stat.S_IMODE(os.stat(self.directory).st_mode))
        files.sync_directory(self.directory)

    # -- reading -----------------------------------------------------------------------------------------------

    def live(self) -> Database:
        """The tickets that are not archived, and the counters. Raises NotFoundError, DamagedError, NotPermittedError.

        No file is an agency without tickets only when nothing tells otherwise.
        """
        blob = files.read(self._open)
        if blob is None:
            self.require()
            if os.path.exists(f"{self.directory}/open.prev.json") or self.months():
                raise container.damaged(self._open, "it is missing")
        return Database(self._open, blob)

    def generation(self) -> int:
        """Which writing of the live tickets lies there now."""
        return self._generation(self._open)

    def months(self, wanted: Range | None = None) -> list[str]:
        """The months that have an archive, in order; only those that reach into the range when one is given."""
        try:
            names = os.listdir(self.closed)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise files.failure(self.closed, error, "read") from error
        months = sorted(found[1] for found in map(_MONTH_FILE.fullmatch, names) if found)
        if wanted is None:
            return months
        first = _month(wanted.since) if wanted.since else ""
        last = _month(wanted.until) if wanted.until else "9999-99"
        return [m for m in months if first <= m <= last]

    def month(self, month: str) -> Database:
        """The archive of a month."""
        path = self._month_path(month)
        return Database(path, files.read(path))

    def steady(self, look: Callable[[Database], T], wait: float, live: Database | None = None) -> T:
        """What `look` finds in the live tickets and the archives while nothing was written.

        Starts over when something was; after three tries writers are asked to wait. Raises BusyError.
        """
        for _ in range(TRIES):
            live = live or self.live()
            found = look(live)
            if self.generation() == live.generation:
                return found
            live = None
        with self.locked(wait, shared=True):
            return look(self.live())

    def everything(self, live: Database, wanted: Range | None = None) -> Documents:
        """The documents of the live tickets and of the archives in the range, each ticket once: its highest version."""
        best: dict[str, msgspec.Raw] = {}
        for month in self.months(wanted):
            _merge(best, self.month(month).tickets.undecoded())
        _merge(best, live.tickets.undecoded())
        return best

    def archived(self, number: int) -> msgspec.Raw | None:
        """The document of an archived ticket. The index is believed only when it leads to the ticket."""
        stored = self._stored_index()
        found = self._shelved(number, stored)
        if found is not None:
            return found
        fresh = self._fresh_index(stored)
        return None if fresh == stored else self._shelved(number, fresh)

    def _shelved(self, number: int, index: Index) -> msgspec.Raw | None:
        places = [month for month, shelved in index.items() if number in shelved.numbers]
        found = [document for month in places if (document := self.month(month).ticket(number)) is not None]
        return max(found, key=lambda document: codec.head(document).version, default=None)

    def _month_path(self, month: str) -> str:
        return f"{self.closed}/{month}.json"

    def _generation(self, path: str) -> int:
        start = files.read(path, container.HEADER_SIZE)
        return 0 if start is None else container.generation_of(start, path)

    # -- writing, under the lock -------------------------------------------------------------------------------

    def clear_leftovers(self) -> None:
        """Remove what killed writers left."""
        for directory in (self.directory, self.closed):
            try:
                files.clear_leftovers(directory)
            except OSError as error:
                raise files.failure(directory, error, "write") from error

    def replacement(self, database: Database) -> files.Replacement:
        """The file of a database, ready to be replaced by what was staged."""
        return files.Replacement(database.path, database.packed(), database.before, self._keep)

    def archive(self) -> int:
        """Move finished tickets to the archives of their months; returns how many moved.

        The archives come first, then the removal: between them a ticket lies in both places and counts once. A ticket
        that was reopened and has ended again leaves its old month while it still is among the live ones.
        """
        live = self.live()
        finished = live.finished()
        index = self._refresh_index(save=not finished)
        if not finished:
            return 0
        self._closed_place()
        months = _by_month(finished)
        leaving = {int(number) for number in finished}
        for month, documents in sorted(months.items()):
            self._file(month, documents)
        for month, shelved in index.items():
            stale = leaving.intersection(shelved.numbers).difference(months.get(month, ()))
            if stale:
                self._strike(month, stale)
        live.tickets.remove(doc_ids=leaving)
        files.replace([self.replacement(live)])
        self._refresh_index(save=True)
        return len(finished)

    def _closed_place(self) -> None:
        if os.path.isdir(self.closed):
            return
        try:
            self._make_closed()
        except OSError as error:
            raise files.failure(self.closed, error, "make") from error

    def _file(self, month: str, documents: Mapping[int, msgspec.Raw]) -> None:
        archive = self.month(month)
        there = archive.tickets.undecoded()
        if all(bytes(there.get(str(n), b"")) == bytes(d) for n, d in documents.items()):
            return
        archive.tickets.put(documents)
        files.replace([self.replacement(archive)])

    def _strike(self, month: str, stale: Iterable[int]) -> None:
        archive = self.month(month)
        archive.tickets.remove(doc_ids=stale)
        files.replace([self.replacement(archive)])

    # -- the index: derived from the archives, saved only by writers ---------------------------------------------

    def _stored_index(self) -> Index:
        blob = files.read(self._index)
        if blob is None:
            return {}
        try:
            _, tables = container.unpack(blob, self._index)
            return {month: msgspec.json.decode(d, type=Shelved) for month, d in tables["months"].items()}
        except (StorageError, msgspec.MsgspecError, KeyError):
            # It says nothing that the archives don't say: it is made anew.
            return {}

    def _fresh_index(self, stored: Index) -> Index:
        """The index as it should be; only months that were written since it was stored are read."""
        index: Index = {}
        for month in self.months():
            known = stored.get(month)
            if known and known.generation == self._generation(self._month_path(month)):
                index[month] = known
                continue
            archive = self.month(month)
            index[month] = Shelved(archive.generation, tuple(map(int, archive.tickets.undecoded())))
        return index

    def _refresh_index(self, save: bool) -> Index:
        stored = self._stored_index()
        fresh = self._fresh_index(stored)
        if save and fresh != stored:
            table = {month: codec.encode(shelved) for month, shelved in fresh.items()}
            blob = files.read(self._index)
            generation = self._index_generation(blob) + 1
            files.replace([files.Replacement(self._index, container.pack({"months": table}, generation), blob, False)])
        return fresh

    def _index_generation(self, blob: bytes | None) -> int:
        try:
            return container.generation_of(blob, self._index) if blob else 0
        except DamagedError:
            return 0


def _merge(best: dict[str, msgspec.Raw], documents: Documents) -> None:
    """Take the documents over, unless a higher version of the ticket is there."""
    common = best.keys() & documents.keys()
    higher = {n: best[n] for n in common if codec.head(best[n]).version > codec.head(documents[n]).version}
    best.update(documents)
    best.update(higher)


def _by_month(finished: Documents) -> dict[str, dict[int, msgspec.Raw]]:
    months: dict[str, dict[int, msgspec.Raw]] = {}
    for number, document in finished.items():
        months.setdefault(month_of(codec.sketch(document)), {})[int(number)] = document
    return months


def month_of(ticket: Sketch) -> str:
    """The archive of a finished ticket: the month (UTC) in which it ended, or last had any known time."""
    if ticket.closed_at:
        return _month(ticket.closed_at)
    known = [at for at in (ticket.resolved_at, ticket.updated_at, ticket.opened_at) if at]
    return _month(max(known)) if known else UNDATED


def _month(at: datetime) -> str:
    return f"{at.year:04d}-{at.month:02d}"


def _make_directory(path: str, mode: int) -> None:
    """Make a directory that has its mode, whatever the umask is, from the moment it has its name."""
    if os.path.isdir(path):
        return
    temporary = path + files.TEMPORARY
    os.makedirs(temporary, exist_ok=True)
    os.chmod(temporary, mode)
    os.rename(temporary, path)
