"""The store in dictionaries: for tests and for work that is thrown away."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

from csctool.domain.agenda import Agenda, agenda, together
from csctool.domain.audit import Gap, Sealed, chain, gaps_after
from csctool.domain.notice import Delivery, Notice
from csctool.domain.query import Query
from csctool.domain.ticket import Event, Ticket, split_key
from csctool.domain.undoing import Traced
from csctool.domain.words import AGENCY_KEY, FINISHED
from csctool.errors import BusyError, CscError, NotFoundError, UsageError
from csctool.storage import codec
from csctool.storage.sieve import opening


class _Agency:
    def __init__(self) -> None:
        self.tickets: dict[int, Ticket] = {}
        self.seals: dict[int, tuple[str, ...]] = {}
        self.counters: dict[str, int] = {}
        self.calendars: dict[str, Any] = {}
        self.archived: set[int] = set()
        self.outbox: dict[str, Notice] = {}
        self.delivered: list[Delivery] = []
        self.locked = False
        self.delivering = False


class MemoryStore:
    """A desk's tickets for as long as the process lives. A lock that is held is never free in time."""

    def __init__(self) -> None:
        self._agencies: dict[str, _Agency] = {}

    def agencies(self) -> list[str]:
        """The keys of the agencies, sorted."""
        return sorted(self._agencies)

    def create(self, agency: str, group: str | None = None) -> None:  # noqa: ARG002 - memory has no groups
        """Make the agency's place. Raises UsageError for what is no agency key."""
        if not AGENCY_KEY.fullmatch(agency):
            raise UsageError(f"not an agency key: {agency!r}", "a key looks like DHS: capitals and digits, 2 to 10")
        self._agencies.setdefault(agency, _Agency())

    def get(self, key: str) -> Ticket:
        """One ticket. Raises NotFoundError."""
        agency, number = split_key(key)
        return _known(self._agency(agency).tickets, agency, number)

    def find(self, query: Query) -> Iterator[Ticket]:
        """The matching tickets, agency by agency."""
        matches = query.matcher()
        for agency in query.agencies or self.agencies():
            yield from filter(matches, list(self._agency(agency).tickets.values()))

    def traces(self, *wanted: tuple[Literal["op", "actor", "via"], str]) -> Iterator[Traced]:
        """The tickets with an event of such an operation or actor, agency by agency."""
        for name in self.agencies():
            tickets = self._agency(name).tickets.values()
            found = [ticket for ticket in tickets if any(_is_trace(event, wanted) for event in ticket.history)]
            yield Traced(name, datetime.max.replace(tzinfo=UTC), found)

    @contextmanager
    def unit(self, *agencies: str) -> Iterator["MemoryUnit"]:
        """A unit of work over these agencies. Raises BusyError, NotFoundError."""
        held = {agency: self._agency(agency) for agency in sorted(set(agencies))}
        for name, agency in held.items():
            if agency.locked:
                raise BusyError(f"{name} is busy: another unit of work holds its lock", "try again")
        for agency in held.values():
            agency.locked = True
        try:
            unit = MemoryUnit(self, held)
            yield unit
            unit.save()
        finally:
            for agency in held.values():
                agency.locked = False

    def calendars(self, agency: str) -> Mapping[str, Any]:
        """The definitions of the agency's calendars, past ones too, by digest."""
        return self._agency(agency).calendars

    def sealed(self, agency: str) -> Iterator[Sealed]:
        """Every ticket of the agency with its seals."""
        place = self._agency(agency)
        return (Sealed(ticket, place.seals[number], number) for number, ticket in list(place.tickets.items()))

    def counter(self, agency: str, counter: str) -> int:
        """Where a counter of the agency stands."""
        return self._agency(agency).counters.get(counter, 0)

    def gaps(self, agency: str) -> list[Gap]:
        """The numbers that imports passed over: what is in memory is neither restored nor repaired."""
        place = self._agency(agency)
        numbers = sorted(place.tickets)
        return gaps_after([], 0, numbers) if numbers else []

    def archive(self, agency: str) -> int:
        """Count the finished tickets that were not archived before. Raises BusyError."""
        with self.unit(agency):
            place = self._agency(agency)
            finished = {number for number, ticket in place.tickets.items() if ticket.status in FINISHED}
            moved = len(finished - place.archived)
            place.archived = finished
            return moved

    def archivable(self, agency: str) -> int:
        """How many tickets `archive` would count now."""
        place = self._agency(agency)
        return sum(t.status in FINISHED for n, t in place.tickets.items() if n not in place.archived)

    def agenda(self, agency: str) -> Agenda:
        """What the agency's tickets and outbox wait for."""
        place = self._agency(agency)
        tickets = (ticket for number, ticket in place.tickets.items() if number not in place.archived)
        due = (notice.due for notice in place.outbox.values() if notice.state == "waiting")
        return together(map(agenda, tickets), *due)

    def outbox(self, agency: str) -> list[Notice]:
        """What waits in the agency's outbox."""
        return list(self._agency(agency).outbox.values())

    def reading(self, agency: str) -> "MemoryReading":
        """The agency as it stands now."""
        return MemoryReading(self._agency(agency))

    @contextmanager
    def delivering(self, agency: str) -> Iterator["MemoryLedger | None"]:
        """The right to deliver the agency's notices; None while somebody else has it."""
        place = self._agency(agency)
        if place.delivering:
            yield None
            return
        place.delivering = True
        try:
            yield MemoryLedger(place)
        finally:
            place.delivering = False

    def deliveries(self, agency: str, since: datetime | None = None) -> Iterator[Delivery]:
        """What was delivered."""
        return (d for d in list(self._agency(agency).delivered) if since is None or d.at >= since)

    def troubles(self) -> list[CscError]:
        """Nothing: all of memory can be read."""
        return []

    def _agency(self, agency: str) -> _Agency:
        try:
            return self._agencies[agency]
        except KeyError:
            raise NotFoundError(f"no such agency: {agency}") from None


class MemoryReading:
    """An agency at one moment: see `desk.ports.Reading`."""

    def __init__(self, place: _Agency) -> None:
        self._outbox = list(place.outbox.values())
        self._tickets = dict(place.tickets)

    def outbox(self) -> list[Notice]:
        """What waited."""
        return self._outbox

    def ticket(self, key: str) -> Ticket:
        """One ticket of the agency."""
        agency, number = split_key(key)
        if agency not in {ticket.agency for ticket in self._tickets.values()}:
            raise NotFoundError(f"no such ticket: {key}")
        return _known(self._tickets, agency, number)


class MemoryLedger:
    """Who delivers writes here: see `desk.ports.Ledger`."""

    def __init__(self, place: _Agency) -> None:
        self._place = place

    def known(self, ids: Collection[str]) -> set[str]:
        """Which of these were delivered."""
        return {one.id for one in self._place.delivered}.intersection(ids)

    def expect(self, deliveries: Collection[Delivery]) -> None:
        """There is room."""

    def note(self, delivery: Delivery) -> None:
        """Remember one."""
        self._place.delivered.append(delivery)

    def settle(self) -> None:
        """Nothing outlives memory."""


class MemoryUnit:
    """A unit of work of a MemoryStore: see `desk.ports.Unit`."""

    def __init__(self, store: MemoryStore, held: dict[str, _Agency]) -> None:
        self._store = store
        self._held = held
        self._tickets = {name: dict(agency.tickets) for name, agency in held.items()}
        self._counters = {name: dict(agency.counters) for name, agency in held.items()}
        self._calendars = {name: dict(agency.calendars) for name, agency in held.items()}
        self._put: dict[str, set[int]] = {name: set() for name in held}
        self._outbox = {name: dict(agency.outbox) for name, agency in held.items()}
        self._discarded = False

    def get(self, key: str) -> Ticket:
        """The ticket as this unit sees it; one of another agency is read as anybody reads it."""
        agency, number = split_key(key)
        if agency not in self._held:
            return self._store.get(key)
        return _known(self._tickets[agency], agency, number)

    def put(self, ticket: Ticket) -> None:
        """Stage a new or changed ticket. An agency outside the unit is a mistake in csctool: KeyError."""
        # Through the codec, so that a test sees what every other store would give back (lists for tuples in history).
        self._tickets[ticket.agency][ticket.number] = codec.decode(codec.document(ticket))
        self._put[ticket.agency].add(ticket.number)
        self.raise_to(ticket.agency, "number", ticket.number)

    def find(self, query: Query) -> Iterator[Ticket]:
        """The matching tickets as this unit sees them."""
        matches = query.matcher()
        for agency in query.agencies or self._held:
            yield from filter(matches, list(self._tickets[agency].values()))

    def traces(self, agency: str, op: str, since: datetime) -> list[Ticket]:  # noqa: ARG002 - all of memory is quick
        """Every ticket of the agency with an event of that operation, as this unit sees them."""
        return [ticket for ticket in self._tickets[agency].values() if any(e.op == op for e in ticket.history)]

    def once(self, agency: str, identity: str) -> Ticket | None:
        """The live ticket that was opened with that `--once` identity."""
        tickets = self._tickets[agency].values()
        return next((t for t in tickets if t.live and opening(t, "once") == identity), None)

    def count(self, agency: str, counter: str) -> int:
        """Raise a counter by one and return it."""
        counters = self._counters[agency]
        counters[counter] = counters.get(counter, 0) + 1
        return counters[counter]

    def raise_to(self, agency: str, counter: str, least: int) -> int:
        """Make a counter at least this much and return it."""
        counters = self._counters[agency]
        counters[counter] = max(counters.get(counter, 0), least)
        return counters[counter]

    def identities(self, agency: str) -> Iterator[tuple[str, Ticket]]:
        """Every imported identity of the agency with its ticket."""
        for ticket in list(self._tickets[agency].values()):
            identity = opening(ticket, "identity")
            if identity is not None:
                yield identity, ticket

    def calendars(self, agency: str) -> Mapping[str, Any]:
        """The definitions of the agency's calendars, past ones too, by digest."""
        return self._calendars[agency]

    def keep_calendar(self, agency: str, digest: str, definition: Mapping[str, Any]) -> None:
        """Keep a definition for as long as the process lives."""
        self._calendars[agency].setdefault(digest, definition)

    def outbox(self, agency: str) -> list[Notice]:
        """The agency's outbox as this unit sees it."""
        return list(self._outbox[agency].values())

    def post(self, agency: str, notices: Iterable[Notice]) -> None:
        """Put notices into the agency's outbox."""
        self._outbox[agency].update({notice.id: notice for notice in notices})

    def drop(self, agency: str, ids: Collection[str]) -> None:
        """Take notices out of the agency's outbox."""
        self._outbox[agency] = {n: notice for n, notice in self._outbox[agency].items() if n not in ids}

    def discard(self) -> None:
        """Save nothing when the unit ends."""
        self._discarded = True

    def save(self) -> None:
        """Take over what was put."""
        if self._discarded:
            return
        for name, agency in self._held.items():
            agency.tickets = self._tickets[name]
            for number in self._put[name]:
                agency.seals[number] = chain(agency.tickets[number], agency.seals.get(number, ()))
            agency.counters = self._counters[name]
            agency.calendars = self._calendars[name]
            agency.outbox = self._outbox[name]
            agency.archived -= self._put[name]


def _is_trace(event: Event, wanted: Iterable[tuple[str, str]]) -> bool:
    return any(text in event.op if word == "op" else text == getattr(event, word) for word, text in wanted)


def _known(tickets: dict[int, Ticket], agency: str, number: int) -> Ticket:
    try:
        return tickets[number]
    except KeyError:
        raise NotFoundError(f"no such ticket: {agency}-{number}") from None
