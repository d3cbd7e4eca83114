"""What charts draw: the desk day by day."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from csctool.domain.query import Query, Range
from csctool.domain.ticket import Ticket
from csctool.domain.words import OPEN
from csctool.reports.measures import UNCHANGED
from csctool.reports.request import Report, Request, dates, lived_in_period, present

#: What a day counts, as columns.
COLUMNS = ("day", "opened", "resolved", "cancelled", "reopened", "backlog")

#: How each of them moves the backlog.
_MOVES = {"opened": 1, "resolved": -1, "cancelled": -1, "reopened": 1}


def wanted(request: Request) -> Query:
    """The backlog of the first day is made of what was opened before, and what had ended by then adds nothing to it."""
    return lived_in_period(request)


def daily(request: Request, tickets: Iterable[Ticket]) -> Report:
    """One row a day of the period in the request's zone, days without anything included.

    Every happening counts, so a ticket resolved twice counts twice, and the backlog at a day's end is the one of the
    day before + opened + reopened - resolved - cancelled. A period that is open to the left begins with the first
    happening; one that is open to the right ends with the report's moment.
    """
    day_of = dates(request.zone)
    count: Counter[tuple[str, str]] = Counter()
    for ticket in present(request, tickets):
        for at, what in _happenings(ticket):
            count[day_of(at), what] += 1
    days = list(_days(request, count))
    first = days[0] if days else ""
    backlog = sum(times * _MOVES[what] for (day, what), times in count.items() if day < first)
    rows = []
    for day in days:
        today = {what: count[day, what] for what in _MOVES}
        backlog += sum(times * _MOVES[what] for what, times in today.items())
        rows.append({"day": day, **today, "backlog": backlog})
    return Report("daily", COLUMNS, rows)


def _happenings(ticket: Ticket) -> Iterator[tuple[datetime, str]]:
    """When the ticket entered and left the backlog, by its events; a ticket settled at once does both."""
    before: str | None = None
    for event in ticket.history:
        status = event.changes.get("status", UNCHANGED)[1]
        if status is None:
            continue
        if before is None:
            yield ticket.opened_at or event.at, "opened"
        was_open = before is None or before in OPEN
        if was_open and status not in OPEN:
            yield event.at, "cancelled" if status == "cancelled" else "resolved"
        elif not was_open and status in OPEN:
            yield event.at, "reopened"
        before = status


def _days(request: Request, count: Counter[tuple[str, str]]) -> Iterator[str]:
    """Every day from the first to the last that the period touches."""
    ends = _ends(request.period, request)
    first = ends[0] or min((day for day, _ in count), default=None)
    if first is None:
        return
    day, last = date.fromisoformat(first), date.fromisoformat(ends[1])
    while day <= last:
        yield day.isoformat()
        day += timedelta(days=1)


def _ends(period: Range, request: Request) -> tuple[str | None, str]:
    day_of = dates(request.zone)
    last = min(period.until - timedelta(seconds=1), request.at) if period.until else request.at
    return (day_of(period.since) if period.since else None, day_of(last))
