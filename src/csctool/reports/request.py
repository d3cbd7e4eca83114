"""What a report is asked, what it answers, and how tickets fall into groups."""

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import msgspec

from csctool.domain.effects import standing
from csctool.domain.past import ticket_as_of
from csctool.domain.query import Query, Range
from csctool.domain.ticket import Ticket
from csctool.errors import UsageError
from csctool.reports.measures import Spread

if TYPE_CHECKING:  # most reports measure no working time and need not load it
    from csctool.domain.business_hours import Calendar

Row = dict[str, Any]

#: What tickets may be grouped by. Month and day are those of the date that puts a ticket into the report.
DIMENSIONS = (
    "agency", "queue", "tier", "kind", "category", "service", "priority", "status", "assignee", "channel", "desk",
    "month", "day",
)  # fmt: skip
_DATES = {"month": len("2026-10"), "day": len("2026-10-02")}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of any report.

    `period` is from since (included) to until (excluded); `zone` decides where months and days begin; `as_of` asks
    for the answer of a past moment; `first_tier` is the name of the settings' first tier, `tiers` are all, in order.
    `hours` answers the calendar of an agency; without it nothing is measured in working time.
    """

    now: datetime
    period: Range = Range()
    by: str | None = None
    zone: tzinfo = UTC
    as_of: datetime | None = None
    first_tier: str = "1"
    tiers: tuple[str, ...] = ()
    hours: "Callable[[str], Calendar] | None" = None

    @property
    def at(self) -> datetime:
        """The moment the report speaks of: ages and running times end here."""
        return self.as_of or self.now


class Report(msgspec.Struct, frozen=True):
    """Rows of plain JSON values, the order of their columns, and the same columns over all tickets.

    Column names tell the unit: `_h` hours, `_pct` per cent, anything else is a number of tickets or what its name
    says. `total` is None where the rows are the total already. Medians and shares can't be added up from rows:
    whoever wants them for everything reads `total`.
    """

    name: str
    columns: tuple[str, ...]
    rows: list[Row]
    total: Row | None = None


class Tally(ABC):
    """What is counted and timed for one group of tickets; each report says which columns that makes."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.times: defaultdict[str, Spread] = defaultdict(Spread)

    def merge(self, other: Self) -> None:
        """Add another group's counts and times to these."""
        self.count.update(other.count)
        for name, spread in other.times.items():
            self.times[name].seconds.extend(spread.seconds)

    def took(self, request: Request, ticket: Ticket, resolved: datetime) -> None:
        """Response and resolution of one ticket, elapsed and in the working time of its agency."""
        ends = {"respond": ticket.responded_at, "resolve": resolved}
        hours = request.hours(ticket.agency) if request.hours else None
        for name, end in ends.items():
            self.times[name].add(ticket.opened_at, end)
            if hours is not None:
                self.times[f"{name}_working"].add_working(hours, ticket.opened_at, end)

    def spreads(self, *wanted: str) -> Row:
        """`wanted` of mean, median and p90 of all that `took` measured."""
        found: Row = {}
        for name in ("respond", "respond_working", "resolve", "resolve_working"):
            found.update(self.times[name].columns(name, *wanted))
        return found

    def counts(self, *wanted: str) -> Row:
        """Columns that are counts, 0 where nothing was."""
        return {name: self.count[name] for name in wanted}

    @abstractmethod
    def row(self) -> Row:
        """The columns in their order."""


T = TypeVar("T", bound=Tally)
Key = tuple[str | None, ...]


class Groups(Generic[T]):
    """One tally a group, under the names of the columns that tell the groups apart (none: one group for all)."""

    def __init__(self, names: tuple[str, ...], make: Callable[[], T]) -> None:
        self.names = names
        self.make = make
        self.found: dict[Key, T] = {}

    def of(self, *key: str | None) -> T:
        """The tally of the group `key`."""
        if not self.names:
            key = ()
        tally = self.found.get(key)
        if tally is None:
            tally = self.found[key] = self.make()
        return tally

    def total(self) -> T:
        """All groups together; right where no ticket counts in two of them."""
        total = self.make()
        for tally in self.found.values():
            total.merge(tally)
        return total

    def report(self, name: str, total: T | None = None) -> Report:
        """The groups in order, those without a name last."""
        whole = (self.total() if total is None else total).row()
        if not self.names:
            return Report(name, tuple(whole), [whole])
        keys = sorted(self.found, key=lambda key: tuple((part is None, part or "") for part in key))
        rows = [{**dict(zip(self.names, key, strict=True)), **self.found[key].row()} for key in keys]
        return Report(name, (*self.names, *whole), rows, whole)


def grouping(request: Request) -> Callable[[Ticket, datetime | None], str | None]:
    """Which group a ticket belongs to, given the date that puts it there. Raises UsageError for what is no group."""
    by = request.by
    if by is None:
        return lambda _ticket, _at: None
    if by not in DIMENSIONS:
        raise UsageError(f"can't group by {by!r}", f"group by one of {', '.join(DIMENSIONS)}")
    if by in _DATES:
        date = dates(request.zone, _DATES[by])
        return lambda _ticket, at: date(at) if at else None
    field = attrgetter(by)
    return lambda ticket, _at: field(ticket)


def dates(zone: tzinfo, length: int = _DATES["day"]) -> Callable[[datetime], str]:
    """The local date of a time, or the first `length` characters of it.

    Remembered by the quarter of an hour, which no zone's midnight has cut since 1972: asking the zone every time would
    cost more than the rest of a report.
    """
    known: dict[int, str] = {}

    def date(at: datetime) -> str:
        quarter = int(at.timestamp()) // 900
        found = known.get(quarter)
        if found is None:
            found = known[quarter] = at.astimezone(zone).isoformat()[:length]
        return found

    return date


def names(request: Request) -> tuple[str, ...]:
    """The columns that name a group: the dimension asked for, or none."""
    return (request.by,) if request.by else ()


def present(request: Request, tickets: Iterable[Ticket]) -> Iterator[Ticket]:
    """The tickets as a report that looks into histories shall see them: what was undone by then did not happen."""
    for ticket in as_of(request, tickets):
        history = standing(ticket.history)
        yield ticket if history is ticket.history else msgspec.structs.replace(ticket, history=tuple(history))


def as_of(request: Request, tickets: Iterable[Ticket]) -> Iterator[Ticket]:
    """The tickets as they are now, or folded back to `as_of`."""
    if request.as_of is None:
        yield from tickets
        return
    for ticket in tickets:
        then = ticket_as_of(ticket, request.as_of)
        if then is not None:
            yield then


def opened_in_period(request: Request) -> Query:
    """The tickets opened in the period, whatever became of them."""
    return Query(everything=True, opened=_known(request, request.period))


def opened_before_end(request: Request) -> Query:
    """The tickets that could have done anything in the period: all that were opened before it ended."""
    return Query(everything=True, opened=_known(request, Range(None, request.period.until)))


def lived_in_period(request: Request) -> Query:
    """The tickets to which anything can have happened in the period: opened before its end, not finished before it."""
    return msgspec.structs.replace(opened_before_end(request), unfinished_since=request.period.since)


def waits_or_lived(request: Request) -> Query:
    """The same and everything that waits now, which may have been opened after the period."""
    return msgspec.structs.replace(opened_ever(request), unfinished_since=request.period.since)


def opened_ever(request: Request) -> Query:
    """Every ticket there was: what waits now may have been opened after the period."""
    return Query(everything=True, opened=_known(request, Range()))


def _known(request: Request, period: Range) -> Range | None:
    """The part of a period that had happened at `as_of`; None asks for no date at all."""
    if request.as_of is not None:
        end = request.as_of + timedelta(seconds=1)
        period = Range(period.since, min(period.until, end) if period.until else end)
    return None if period == Range() else period
