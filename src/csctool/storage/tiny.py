"""The store on plain JSON files: a directory for each agency, TinyDB over each file, one write for a unit of work."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from csctool.desk.ports import Repair, Symptom
from csctool.domain.agenda import Agenda
from csctool.domain.notice import Delivery, Notice
from csctool.domain.query import Query
from csctool.domain.ticket import Ticket, split_key
from csctool.domain.words import AGENCY_KEY
from csctool.errors import BusyError, CscError, DamagedError, NotFoundError, NotPermittedError, UsageError
from csctool.storage import codec, files
from csctool.storage.shelf import Shelf
from csctool.storage.sieve import answers_in_brief, answers_in_outline, sieve

if TYPE_CHECKING:  # what only writers use, or the delivery of messages, is not loaded for the others
    from csctool.domain.audit import Gap, Sealed
    from csctool.domain.undoing import Traced
    from csctool.storage.journal import Ledger
    from csctool.storage.reading import Reading
    from csctool.storage.unit import TinyUnit


class TinyStore:
    """A desk's tickets under `root`. It waits up to `wait` seconds for a lock, and may `keep` the last generation."""

    def __init__(self, root: str, *, wait: float = 10.0, keep: bool = True) -> None:
        self._root = root
        self._wait = wait
        self._keep = keep
        self._troubles: list[CscError] = []

    def agencies(self) -> list[str]:
        """The keys of the agencies that may be read, sorted; the others are told in `troubles`."""
        place = f"{self._root}/agencies"
        try:
            names = os.listdir(place)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise files.failure(place, error, "read") from error
        keys = []
        for name in sorted(filter(AGENCY_KEY.fullmatch, names)):
            path = f"{place}/{name}"
            if os.access(path, os.R_OK | os.X_OK):
                keys.append(name)
            else:
                self._troubles.append(NotPermittedError(f"you may not read {path}", f"{name} was left out"))
        return keys

    def create(self, agency: str, group: str | None = None) -> None:
        """Make the agency's directory, readable by the Unix group (and nobody else) when one is given.

        Raises UsageError for what is no agency key or no group, NotPermittedError, StorageError.
        """
        if not AGENCY_KEY.fullmatch(agency):
            raise UsageError(f"not an agency key: {agency!r}", "a key looks like DHS: capitals and digits, 2 to 10")
        shelf = self._shelf(agency)
        shelf.create(_group_id(group) if group else None)

    def get(self, key: str) -> Ticket:
        """One ticket, archived or not. Raises NotFoundError, DamagedError, NotPermittedError."""
        agency, number = split_key(key)
        shelf = self._shelf(agency)
        live = shelf.live()
        document = live.ticket(number)
        if document is None:
            document = shelf.steady(lambda now: now.ticket(number) or shelf.archives.ticket(number), self._wait, live)
        if document is None:
            raise NotFoundError(f"no such ticket: {agency}-{number}")
        return codec.decode(document)

    def find(self, query: Query) -> Iterator[Ticket]:
        """The matching tickets, agency by agency; without `query.agencies` of all that can be read."""
        look = self._looker(query)
        for agency in query.agencies or self.agencies():
            try:
                yield from look(self._shelf(agency))
            except (DamagedError, NotPermittedError) as error:
                if query.agencies:
                    raise
                self._troubles.append(error)

    def _looker(self, query: Query) -> Callable[[Shelf], Iterator[Ticket]]:
        """The cheapest way to what the query wants of one agency."""
        matches, before = query.matcher(), query.opened.until if query.opened else None
        if answers_in_brief(query):
            return lambda shelf: filter(
                matches, cast("Iterable[Ticket]", shelf.in_brief(self._wait, query.months(), before))
            )
        if answers_in_outline(query):
            return lambda shelf: filter(matches, shelf.outlines())
        pick = sieve(query)
        return lambda shelf: pick(self._documents(shelf, query))

    def _documents(self, shelf: Shelf, query: Query) -> Iterable[msgspec.Raw]:
        if not query.finished():
            return shelf.live().tickets.undecoded().values()
        return shelf.steady(lambda live: shelf.everything(live, query.months()), self._wait).values()

    def traces(self, *wanted: tuple[Literal["op", "actor", "via"], str]) -> "Iterator[Traced]":
        """The tickets with an event of such an operation or actor, in batches, what was written last first."""
        from csctool.storage.tracing import by_recency, trace

        words = [trace(word, text) for word, text in wanted]
        return by_recency(list(map(self._shelf, self.agencies())), words, self._troubles.append)

    @contextmanager
    def unit(self, *agencies: str) -> "Iterator[TinyUnit]":
        """A unit of work over these agencies. Raises BusyError, NotFoundError, NotPermittedError."""
        from csctool.storage.unit import TinyUnit, Work

        until = time.monotonic() + self._wait
        with ExitStack() as locks:
            shelves = {agency: self._shelf(agency) for agency in sorted(set(agencies))}
            for shelf in shelves.values():
                locks.enter_context(shelf.locked(max(0.0, until - time.monotonic())))
            unit = TinyUnit(self.get, {agency: Work(shelf) for agency, shelf in shelves.items()})
            yield unit
            self._troubles += unit.save()

    def calendars(self, agency: str) -> Mapping[str, Any]:
        """The definitions of the agency's calendars, past ones too, by digest."""
        return self._shelf(agency).live().kept_calendars()

    def counter(self, agency: str, counter: str) -> int:
        """Where a counter of the agency stands. Raises NotFoundError, DamagedError, NotPermittedError."""
        return self._shelf(agency).live().counter(counter)

    def gaps(self, agency: str) -> "list[Gap]":
        """Numbers whose tickets a restore or a repair lost. Raises NotFoundError, DamagedError, NotPermittedError."""
        return self._shelf(agency).live().known_gaps()

    def sealed(self, agency: str) -> "Iterator[Sealed]":
        """Every ticket of the agency with its seals. Raises NotFoundError, DamagedError, NotPermittedError."""
        from csctool.domain.audit import Sealed

        shelf = self._shelf(agency)
        documents = shelf.steady(shelf.everything, self._wait)
        return (Sealed(codec.decode(found), codec.seals(found), int(number)) for number, found in documents.items())

    def archive(self, agency: str) -> int:
        """Move finished tickets to the archive of the month in which they ended; returns how many moved."""
        shelf = self._shelf(agency)
        with shelf.locked(self._wait):
            shelf.settle()
            return shelf.archive()

    def archivable(self, agency: str) -> int:
        """How many tickets `archive` would move now."""
        return len(self._shelf(agency).live().finished())

    def agenda(self, agency: str) -> Agenda | None:
        """What the agency's tickets and outbox wait for; None where only they can tell."""
        return self._shelf(agency).agenda()

    def outbox(self, agency: str) -> list[Notice]:
        """What waits in the agency's outbox. Raises NotFoundError, DamagedError, NotPermittedError."""
        return list(self._shelf(agency).live().notices().values())

    def reading(self, agency: str) -> "Reading":
        """The agency as it stands now. Raises NotFoundError, DamagedError, NotPermittedError."""
        from csctool.storage.reading import Reading

        return Reading(self._shelf(agency))

    @contextmanager
    def delivering(self, agency: str) -> "Iterator[Ledger | None]":
        """The right to deliver the agency's notices, with the ledger; None while another process has it."""
        from csctool.storage import lock
        from csctool.storage.journal import Ledger

        shelf = self._shelf(agency)
        shelf.require()
        with ExitStack() as held:
            try:
                held.enter_context(lock.held(f"{shelf.directory}/.delivering", agency, 0))
            except BusyError:
                yield None
                return
            ledger = Ledger(shelf.directory)
            try:
                yield ledger
            finally:
                ledger.settle()

    def deliveries(self, agency: str, since: datetime | None = None) -> Iterator[Delivery]:
        """What was delivered since then, or ever. Raises NotPermittedError, StorageError."""
        from csctool.storage.journal import Journal

        return Journal(self._shelf(agency).directory).since(since)

    def examine(self, agency: str, now: datetime) -> list[Symptom]:
        """What is wrong or odd in an agency's files."""
        from csctool.storage.examine import examine

        return list(examine(self._root, self._shelf(agency), now))

    def repair(self, agency: str, *, dry_run: bool) -> list[Repair]:
        """Save what can be saved of damaged files, and keep the originals. Raises BusyError, StorageError."""
        from csctool.storage.salvage import repair

        return repair(self._shelf(agency), self._wait, dry_run=dry_run)

    def surroundings(self) -> list[Symptom]:
        """What speaks against the place where the store lies."""
        from csctool.storage import access, members, mounts

        found = mounts.network(self._root)
        return [*([found] if found else []), *access.of_desk(self._root, members.agencies(self._root))]

    def troubles(self) -> list[CscError]:
        """What was left out since the last call, and forgets it."""
        told, self._troubles = self._troubles, []
        return list({str(error): error for error in told}.values())  # each once, however often it was asked for

    def _shelf(self, agency: str) -> Shelf:
        if not AGENCY_KEY.fullmatch(agency):
            raise NotFoundError(f"no such agency: {agency}")
        return Shelf(self._root, agency, self._keep)


def _group_id(name: str) -> int:
    import grp

    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise UsageError(f"no such Unix group: {name!r}") from None
