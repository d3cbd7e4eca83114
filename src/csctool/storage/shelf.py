"""The files of one agency: the live tickets, the archives, and the lock over both."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from csctool.domain.agenda import Agenda
from csctool.domain.query import Range
from csctool.domain.ticket import Ticket
from csctool.errors import NotFoundError, NotPermittedError
from csctool.sharing import make_directory
from csctool.storage import agendas, codec, container, files
from csctool.storage.archives import Archives, header_of, month_of
from csctool.storage.database import Database

if TYPE_CHECKING:
    from csctool.storage.partial import Brief

#: How often a reader of several files starts over because of writers, before it asks them to wait.
TRIES = 3
#: An agency's directory with a Unix group of its own: files made in it get the group, others can't look in.
GROUP_MODE = 0o2770

S = TypeVar("S")
T = TypeVar("T")


class Shelf:
    """One agency's directory."""

    def __init__(self, root: str, agency: str, keep: bool = True) -> None:
        self._root = root
        self.agency = agency
        self.directory = f"{root}/agencies/{agency}"
        self.archives = Archives(f"{self.directory}/closed", keep)
        self._keep = keep
        self._lock = f"{self.directory}/.lock"
        self.path = f"{self.directory}/open.json"
        self._waiting = self.path + files.WAITING

    def locked(self, wait: float, shared: bool = False) -> AbstractContextManager[None]:
        """The agency's lock for a `with` block. Raises NotFoundError for an agency that has no place here."""
        from csctool.storage import lock

        self.require()
        return lock.held(self._lock, self.agency, wait, shared)

    def require(self) -> None:
        """Raise NotFoundError unless the agency has a place here."""
        if not files.exists(self.directory):
            raise NotFoundError(f"no such agency: {self.agency}")

    def create(self, group: int | None) -> None:
        """Make the directory, of that Unix group alone when one is given; one that is complete is left as it is."""
        if os.path.isdir(self.archives.directory):
            return
        from csctool.storage import lock

        place = os.path.dirname(self.directory)
        try:
            os.makedirs(place, exist_ok=True)
            # Nobody else may look in before the group is set.
            with suppress(FileExistsError):
                os.mkdir(self.directory, 0o777 if group is None else 0o700)
            if os.geteuid() == 0:
                os.chown(self.directory, os.stat(place).st_uid, os.stat(place).st_gid)
            if group is not None:
                os.chown(self.directory, -1, group)
                os.chmod(self.directory, GROUP_MODE)
            lock.make(self._lock)
            self._make_closed()
            for directory in (place, os.path.dirname(place)):
                files.sync_directory(directory)
        except OSError as error:
            told = files.failure(self.directory, error, "make")
            told.hint = "do it again when the cause is gone; what was made already is kept"
            raise told from error

    def _make_closed(self) -> None:
        # The last step of making an agency's place: where this is, the place is complete.
        if not os.path.isdir(self.archives.directory):
            make_directory(self.archives.directory)
            files.sync_directory(self.directory)

    # -- reading -------------------------------------------------------------------------------------------------

    def live(self) -> Database:
        """The tickets that are not archived, and the counters. Raises NotFoundError, DamagedError, NotPermittedError.

        No file is an agency without tickets only when nothing tells otherwise.
        """
        live = Database(self.path, self._blob())
        self.archives.known = live.known_months()
        return live

    def _blob(self) -> bytes | None:
        blob = files.read(self.path)
        if files.exists(self._waiting):
            blob = self._joined() or files.read(self.path)
        if blob is None:
            self.require()
            if files.exists(files.previous(self.path)) or self.archives.months():
                raise container.damaged(self.path, "it is missing")
        return blob

    def outlines(self) -> Collection[Ticket]:
        """The live tickets in outline. Raises what `live` raises."""
        blob = self._blob()
        if blob is None:
            return ()
        container.check(blob, self.path)
        return codec.outlines(msgspec.Raw(blob))

    def agenda(self) -> Agenda | None:
        """What the agency waits for; None where only its tickets can tell. Raises DamagedError, NotPermittedError."""
        return None if files.exists(self._waiting) else agendas.read(self.path)

    def current(self) -> str:
        """The path of the file that holds the live tickets: the one that waits, when its unit of work was saved."""
        return self._waiting if files.exists(self._waiting) and self._joined() else self.path

    def _joined(self) -> bytes | None:
        """The file that waits to be put in place, when the unit of work that it belongs to was saved."""
        blob = files.read(self._waiting)
        if blob is None:
            return None
        try:
            return blob if self._was_saved(blob) else None
        except NotPermittedError:
            # Who may not read the other agency sees this one as it was before; a writer is refused in `settle`.
            return None

    def _was_saved(self, waiting: bytes) -> bool:
        from csctool.storage import joint

        home = joint.home(Database(self._waiting, waiting))
        return joint.saved(Shelf(self._root, home).live(), self.agency, waiting)

    def steady(self, look: Callable[[Database], T], wait: float, live: Database | None = None) -> T:
        """What `look` finds in the live tickets and the archives while nothing was written.

        Starts over when something was; after three tries writers are asked to wait. Raises BusyError.
        """
        return self._steady(self._numbered, look, wait, None if live is None else (live.generation, live))

    def _numbered(self) -> tuple[int, Database]:
        live = self.live()
        return live.generation, live

    def _steady(
        self, load: Callable[[], tuple[int, S]], look: Callable[[S], T], wait: float,
        loaded: tuple[int, S] | None = None,
    ) -> T:  # fmt: skip
        """The same of anything that can be loaded of the live tickets' file, with the generation that it is of."""
        for _ in range(TRIES):
            generation, live = loaded or load()
            found = look(live)
            header = header_of(self.path)
            if (header.generation if header else 0) == generation:
                return found
            loaded = None
        with self.locked(wait, shared=True):
            return look(load()[1])

    def everything(self, live: Database, wanted: Range | None = None) -> Mapping[str, msgspec.Raw]:
        """The documents of the live tickets and of the archives in the range, each ticket once: its highest version."""
        best: dict[str, msgspec.Raw] = {}
        for month in self.archives.months(wanted):
            _merge(best, self.archives.month(month).tickets.undecoded())
        _merge(best, live.tickets.undecoded())
        return best

    def in_brief(
        self, wait: float, wanted: Range | None = None, opened_before: datetime | None = None
    ) -> "Collection[Brief]":
        """The same without texts and histories, while nothing was written; those that were opened later than wanted may
        be left out. Raises BusyError."""
        return self._steady(self._live_in_brief, lambda live: self._all_in_brief(live, wanted, opened_before), wait)

    def _live_in_brief(self) -> "tuple[int, Collection[Brief]]":
        blob = self._blob()
        if blob is None:
            return 0, ()
        header, found = container.check(blob, self.path), codec.briefs(msgspec.Raw(blob))
        self.archives.known = found.months.get("1", [])
        return header.generation, found.tickets.values()

    def _all_in_brief(
        self, live: "Collection[Brief]", wanted: Range | None, opened_before: datetime | None
    ) -> "Collection[Brief]":
        from csctool.storage.briefs import Shelved

        names = self.archives.names()
        shelved = Shelved(self.archives, names)
        best: dict[int, Brief] = {}
        for month in self.archives.months(wanted, names):
            _merge_briefs(best, shelved.month(month, opened_before))
        _merge_briefs(best, live)
        return best.values()

    # -- writing, under the lock ---------------------------------------------------------------------------------

    def settle(self) -> None:
        """Finish or remove what killed writers left: to be called before anything is written."""
        try:
            if files.exists(self._waiting):
                if self._was_saved(files.read(self._waiting) or b""):
                    os.rename(self._waiting, self.path)
                    files.sync_directory(self.directory)
                else:
                    files.remove(self._waiting)
            for directory in (self.directory, self.archives.directory):
                files.clear_leftovers(directory)
        except OSError as error:
            raise files.failure(self.directory, error, "write") from error

    def replacement(self, database: Database, waits: bool = False) -> files.Replacement:
        """The live tickets' file, ready to be replaced by what was staged; `waits` when another file goes first."""
        database.upgrade()
        agendas.note(database)
        return database.replacement(self._keep, waits)

    def archive(self, live: Database | None = None) -> int:
        """Move finished tickets to the archives of their months; returns how many moved. `live` is what was just saved.

        The archives come first, then the removal: between them a ticket lies in both places and counts once.
        """
        from csctool.storage import briefs

        live = live or self.live()
        finished = live.finished()
        if finished:
            live.upgrade()
            months: dict[str, dict[int, msgspec.Raw]] = {}
            for number, document, glance in live.glances():
                if number in finished:
                    months.setdefault(month_of(glance), {})[int(number)] = document
            try:
                self._make_closed()
            except OSError as error:
                raise files.failure(self.archives.directory, error, "make") from error
            self.archives.add(months)
            live.tickets.remove(doc_ids=list(map(int, finished)))
            live.months.put({1: codec.encode(self.archives.months())})
            files.replace([self.replacement(live)])
        self.archives.save_index()
        briefs.save(self.archives, changed=bool(finished))
        return len(finished)


def _merge_briefs(best: "dict[int, Brief]", briefs: "Iterable[Brief]") -> None:
    """The same of briefs."""
    for brief in briefs:
        known = best.get(brief.number)
        if known is None or known.version <= brief.version:
            best[brief.number] = brief


def _merge(best: dict[str, msgspec.Raw], documents: Mapping[str, msgspec.Raw]) -> None:
    """Take the documents over, unless a higher version of the ticket is there."""
    common = best.keys() & documents.keys()
    higher = {n: best[n] for n in common if codec.head(best[n]).version > codec.head(documents[n]).version}
    best.update(documents)
    best.update(higher)
