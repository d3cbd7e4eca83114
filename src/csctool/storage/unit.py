"""A unit of work on plain JSON files: what it put is staged in memory and written once, when its block ends well."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from csctool.domain.notice import Notice
from csctool.domain.query import Query, Range
from csctool.domain.ticket import Ticket, split_key
from csctool.domain.words import FINISHED
from csctool.errors import CscError, NotFoundError
from csctool.storage import codec, files, joint
from csctool.storage.database import Database
from csctool.storage.outboxes import Outbox
from csctool.storage.shelf import Shelf
from csctool.storage.sieve import opened_with, opening, sieve

#: How many finished tickets may wait among the live ones before a write archives them by itself: about as many as
#: live ones, so that no command reads more than twice what it needs.
CROWDED = 500


class Work:
    """What a unit does to one agency: the state under the lock, read on first use, and what is staged over it."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.staged: dict[int, Ticket] = {}
        self._archived: dict[int, msgspec.Raw] = {}
        self._live: Database | None = None
        self._counters: dict[str, int] | None = None
        self._counted = False
        self._calendars: dict[str, Any] | None = None
        self._kept = False
        self._outbox: Outbox | None = None

    @property
    def live(self) -> Database:
        """The agency's tickets before this unit."""
        if self._live is None:
            self._live = self.shelf.live()
        return self._live

    @property
    def counters(self) -> dict[str, int]:
        """The agency's counters as this unit sees them."""
        if self._counters is None:
            self._counters = codec.counters(self.live.counters.undecoded().get("1"))
        return self._counters

    def raise_to(self, counter: str, least: int) -> None:
        """Make a counter at least this much."""
        if self.counters.get(counter, 0) < least:
            self.counters[counter] = least
            self._counted = True

    @property
    def calendars(self) -> dict[str, Any]:
        """The definitions of calendars that the agency keeps, as this unit sees them."""
        if self._calendars is None:
            self._calendars = self.live.kept_calendars()
        return self._calendars

    def keep_calendar(self, digest: str, definition: Mapping[str, Any]) -> None:
        """Keep one more definition."""
        if digest not in self.calendars:
            self.calendars[digest] = definition
            self._kept = True

    @property
    def outbox(self) -> Outbox:
        """The agency's outbox as this unit sees it."""
        if self._outbox is None:
            self._outbox = Outbox(self.live.outbox, self._next_place)
        return self._outbox

    def _next_place(self) -> int:
        place = self.counters.get("outbox", 0) + 1
        self.raise_to("outbox", place)
        return place

    def untouched(self, archives: bool, months: Range | None = None) -> Iterator[msgspec.Raw]:
        """The documents of the tickets that this unit has not put: the live ones, or those of the archives too."""
        documents = self.shelf.everything(self.live, months) if archives else self.live.tickets.undecoded()
        return (document for number, document in documents.items() if int(number) not in self.staged)

    def stage(self) -> bool:
        """Stage everything in the database; False when nothing changed."""
        posted = self._outbox is not None and self._outbox.stage()
        if not self.staged and not self._counted and not self._kept and not posted:
            return False
        if self.staged:
            given = self.live.counter("number")
            before = {number: self.before(number) if number <= given else None for number in self.staged}
            documents = {n: codec.sealed(ticket, before[n]) for n, ticket in self.staged.items()}
            if min(documents) > given:
                self.live.tickets.append(documents)
            else:
                self.live.tickets.put(documents)
            self._pass_over(given, sorted(number for number, document in before.items() if document is None))
            # A number once seen is never given out again, also when it came with an import.
            self.raise_to("number", max(self.staged))
        if self._kept:
            self.live.calendars.put({1: codec.encode(self.calendars)})
        self.live.counters.put({1: codec.encode(self.counters)})
        return True

    def _pass_over(self, given: int, entered: list[int]) -> None:
        """Note the numbers that an import leaves out, so that an audit does not take them for tickets that are gone."""
        in_order = entered == list(range(given + 1, given + 1 + len(entered)))
        if not in_order:
            from csctool.domain.audit import gaps_after

            self.live.gaps.put({1: codec.encode(gaps_after(self.live.known_gaps(), given, entered))})

    def before(self, number: int) -> msgspec.Raw | None:
        """A ticket's document before this unit, live or archived."""
        return self.live.ticket(number) or self._archived.get(number) or self.shelf.archives.ticket(number)

    def traces(self, op: str, since: datetime) -> list[Ticket]:
        """Every ticket with an event of that operation. Archived ones are remembered: whoever looks for them is about
        to change them all."""
        from csctool.storage.tracing import trace, under_lock

        found = under_lock(self.shelf, self.live, [trace("op", op)], since)
        self._archived.update(found)
        tickets = {number: codec.decode(document) for number, document in found.items()}
        return list((tickets | self.staged).values())

    def tidy(self) -> CscError | None:
        """Archive when many finished tickets lie among the live ones; the error when that failed.

        The change is saved by now: a failure here is told, and its exit status is 0, so that the command succeeds.
        """
        if not any(ticket.status in FINISHED for ticket in self.staged.values()):
            return None
        if len(self.live.finished()) <= CROWDED:
            return None
        try:
            self.shelf.archive(self.live)
        except CscError as error:
            error.message = f"saved, but {self.shelf.agency} could not be archived after it: {error.message}"
            error.hint = "csctool archive tries again"
            error.exit = 0
            return error
        return None


class TinyUnit:
    """A unit of work of a TinyStore: see `desk.ports.Unit`. `elsewhere` gets tickets of agencies outside the unit."""

    def __init__(self, elsewhere: Callable[[str], Ticket], work: dict[str, Work]) -> None:
        self._elsewhere = elsewhere
        self._work = work
        self._discarded = False

    def get(self, key: str) -> Ticket:
        """The ticket as this unit sees it, archived or not; one of another agency is read as anybody reads it."""
        agency, number = split_key(key)
        if agency not in self._work:
            return self._elsewhere(key)
        work = self._work[agency]
        if number in work.staged:
            return work.staged[number]
        document = work.before(number)
        if document is None:
            raise NotFoundError(f"no such ticket: {agency}-{number}")
        return codec.decode(document)

    def put(self, ticket: Ticket) -> None:
        """Stage a new or changed ticket. An agency outside the unit is a mistake in csctool: KeyError."""
        self._work[ticket.agency].staged[ticket.number] = ticket

    def find(self, query: Query) -> Iterator[Ticket]:
        """The matching tickets as this unit sees them."""
        matches, pick = query.matcher(), sieve(query)
        for agency in query.agencies or self._work:
            work = self._work[agency]
            yield from filter(matches, list(work.staged.values()))
            yield from pick(work.untouched(query.finished(), query.months()))

    def traces(self, agency: str, op: str, since: datetime) -> list[Ticket]:
        """Every ticket of the agency with an event of that operation, as this unit sees them."""
        return self._work[agency].traces(op, since)

    def once(self, agency: str, identity: str) -> Ticket | None:
        """The live ticket that was opened with that `--once` identity."""
        opened = self._opened_with("once", agency, archives=False)
        return next((ticket for found, ticket in opened if found == identity and ticket.live), None)

    def count(self, agency: str, counter: str) -> int:
        """Raise a counter by one and return it."""
        work = self._work[agency]
        value = work.counters.get(counter, 0) + 1
        work.raise_to(counter, value)
        return value

    def raise_to(self, agency: str, counter: str, least: int) -> int:
        """Make a counter at least this much and return it."""
        work = self._work[agency]
        work.raise_to(counter, least)
        return work.counters.get(counter, 0)

    def identities(self, agency: str) -> Iterator[tuple[str, Ticket]]:
        """Every imported identity of the agency with its ticket, archives included."""
        return self._opened_with("identity", agency, archives=True)

    def calendars(self, agency: str) -> Mapping[str, Any]:
        """The definitions of the agency's calendars, past ones too, by digest."""
        return self._work[agency].calendars

    def keep_calendar(self, agency: str, digest: str, definition: Mapping[str, Any]) -> None:
        """Keep a definition for ever."""
        self._work[agency].keep_calendar(digest, definition)

    def outbox(self, agency: str) -> list[Notice]:
        """The agency's outbox as this unit sees it."""
        return self._work[agency].outbox.notices()

    def post(self, agency: str, notices: Iterable[Notice]) -> None:
        """Put notices into the agency's outbox."""
        self._work[agency].outbox.post(notices)

    def drop(self, agency: str, ids: Collection[str]) -> None:
        """Take notices out of the agency's outbox."""
        self._work[agency].outbox.drop(ids)

    def _opened_with(self, word: str, agency: str, archives: bool) -> Iterator[tuple[str, Ticket]]:
        work = self._work[agency]
        for ticket in list(work.staged.values()):
            value = opening(ticket, word)
            if value is not None:
                yield value, ticket
        yield from opened_with(word, work.untouched(archives))

    def discard(self) -> None:
        """Save nothing when the unit ends: for `--dry-run`."""
        self._discarded = True

    def save(self) -> list[CscError]:
        """Write what was put, each agency's file once; returns what went wrong afterwards, in the housekeeping."""
        if self._discarded:
            return []
        changed = [work for work in self._work.values() if work.stage()]
        for work in changed:
            work.shelf.settle()
        replacements = _replacements(changed)
        files.replace(replacements)
        for work, replacement in zip(changed, replacements, strict=True):
            work.live.saved(replacement.new)
        return [error for work in changed if (error := work.tidy())]


def _replacements(changed: list[Work]) -> list[files.Replacement]:
    """The files to replace, tied together when there are several: the first agency's decides for all."""
    if not changed:
        return []
    home, *others = changed
    members = {}
    for work in others:
        joint.follow(work.live, home.shelf.agency)
        members[work.shelf.agency] = work.shelf.replacement(work.live, waits=True)
    if members:
        joint.lead(home.live, {agency: replacement.new for agency, replacement in members.items()})
    return [home.shelf.replacement(home.live), *members.values()]
