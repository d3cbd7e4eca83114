"""What a report is asked, what it answers, and how tickets fall into groups."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from csctool.domain.past import ticket_as_of
from csctool.domain.query import Query, Range
from csctool.domain.ticket import Ticket
from csctool.errors import UsageError

Row = dict[str, Any]

#: What tickets may be grouped by. Month and day are those of the date that puts a ticket into the report.
DIMENSIONS = (
    "agency", "queue", "tier", "kind", "category", "service", "priority", "assignee", "channel", "desk", "month", "day",
)  # fmt: skip
_DATES = {"month": "%Y-%m", "day": "%Y-%m-%d"}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of any report.

    `period` is from since (included) to until (excluded); `zone` decides where months and days begin; `as_of` asks
    for the answer of a past moment; `first_tier` is the name of the settings' first tier.
    """

    now: datetime
    period: Range = Range()
    by: str | None = None
    zone: tzinfo = UTC
    as_of: datetime | None = None
    first_tier: str = "1"

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


class Tally(Protocol):
    """What is counted for one group of tickets."""

    def row(self) -> Row:
        """The counts as columns, in their order."""


T = TypeVar("T", bound=Tally)
Key = tuple[str | None, ...]


class Groups(Generic[T]):
    """One tally a group and one over all; a ticket is added to both."""

    def __init__(self, names: tuple[str, ...], make: Callable[[], T]) -> None:
        self.names = names
        self.make = make
        self.total = make()
        self.found: dict[Key, T] = {}

    def of(self, *key: str | None) -> tuple[T, ...]:
        """The tallies to which a ticket of the group `key` adds: its group's and the total's."""
        return (self.group(*key), self.total) if self.names else (self.total,)

    def group(self, *key: str | None) -> T:
        """The tally of one group alone."""
        tally = self.found.get(key)
        if tally is None:
            tally = self.found[key] = self.make()
        return tally

    def report(self, name: str) -> Report:
        """The groups in order, those without a name last."""
        total = self.total.row()
        if not self.names:
            return Report(name, tuple(total), [total])
        keys = sorted(self.found, key=lambda key: tuple((part is None, part or "") for part in key))
        rows = [{**dict(zip(self.names, key, strict=True)), **self.found[key].row()} for key in keys]
        return Report(name, (*self.names, *total), rows, total)


def grouping(request: Request) -> Callable[[Ticket, datetime | None], str | None]:
    """Which group a ticket belongs to, given the date that puts it there. Raises UsageError for what is no group."""
    by = request.by
    if by is None:
        return lambda _ticket, _at: None
    if by not in DIMENSIONS:
        raise UsageError(f"can't group by {by!r}", f"group by one of {', '.join(DIMENSIONS)}")
    if by in _DATES:
        form, zone = _DATES[by], request.zone
        return lambda _ticket, at: at.astimezone(zone).strftime(form) if at else None
    return lambda ticket, _at: getattr(ticket, by)


def names(request: Request) -> tuple[str, ...]:
    """The columns that name a group: the dimension asked for, or none."""
    return (request.by,) if request.by else ()


def present(request: Request, tickets: Iterable[Ticket]) -> Iterator[Ticket]:
    """The tickets as the report shall see them: now, or folded back to `as_of`."""
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


def opened_ever(request: Request) -> Query:
    """Every ticket there was: what waits now may have been opened after the period."""
    return Query(everything=True, opened=_known(request, Range()))


def _known(request: Request, period: Range) -> Range | None:
    """The part of a period that had happened at `as_of`; None asks for no date at all."""
    if request.as_of is not None:
        end = request.as_of + timedelta(seconds=1)
        period = Range(period.since, min(period.until, end) if period.until else end)
    return None if period == Range() else period
