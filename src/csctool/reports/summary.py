"""The desk at a glance: what came, what went, what waits, and how well it was done."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from csctool.domain.query import Query, Range
from csctool.domain.ticket import Ticket
from csctool.domain.words import CALLBACK, INCOMPLETE
from csctool.reports.measures import (
    Spread,
    cancelled_in,
    closed_in,
    dirty,
    first_contact,
    first_level,
    opened_in,
    percent,
    reopened,
    reopened_in,
    resolved_in,
)
from csctool.reports.request import Groups, Report, Request, Row, grouping, names, opened_ever, present

#: What happens to a ticket, and when in the period it happened last.
HAPPENINGS: dict[str, Callable[[Ticket, Range], datetime | None]] = {
    "opened": opened_in,
    "resolved": resolved_in,
    "closed": closed_in,
    "cancelled": cancelled_in,
    "reopened": reopened_in,
}

#: What a live ticket may be waiting with.
WAITING: dict[str, Callable[[Ticket], bool]] = {
    "backlog": lambda ticket: ticket.open,
    "untriaged": lambda ticket: ticket.kind == "contact",
    "incomplete": lambda ticket: INCOMPLETE in ticket.flags,
    "callback_required": lambda ticket: CALLBACK in ticket.flags,
    "on_hold": lambda ticket: ticket.status == "on-hold",
}


def wanted(request: Request) -> Query:
    """Each measure has a date of its own and the backlog none, so every ticket may count."""
    return opened_ever(request)


def build(request: Request, tickets: Iterable[Ticket]) -> Report:
    """One row a measure; with `by`, one row a group and the measures as columns.

    By month or day, each measure counts in the month of its own date; what waits, in the month of its opening.
    """
    groups = Groups(names(request), Summary)
    group = grouping(request)
    for ticket in present(request, tickets):
        dates = {name: at for name, when in HAPPENINGS.items() if (at := when(ticket, request.period))}
        for name, at in dates.items():
            for tally in groups.of(group(ticket, at)):
                tally.count[name] += 1
                tally.count["dirty"] += name == next(iter(dates)) and dirty(ticket)
        if "opened" in dates:
            for tally in groups.of(group(ticket, ticket.opened_at)):
                tally.came(ticket)
        if "resolved" in dates:
            first = first_contact(ticket, request.first_tier)
            for tally in groups.of(group(ticket, dates["resolved"])):
                tally.solved(ticket, dates["resolved"], first=first, level=first_level(ticket, request.first_tier))
        if ticket.live:
            for tally in groups.of(group(ticket, ticket.opened_at)):
                tally.count.update(name for name, waits in WAITING.items() if waits(ticket))
    found = groups.report("summary")
    return found if request.by else _listed(found.rows[0])


class Summary:
    """The measures of one group."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.respond = Spread()
        self.resolve = Spread()

    def came(self, ticket: Ticket) -> None:
        """A ticket opened in the period: how often it changed hands until now."""
        self.count["handovers"] += ticket.handovers
        self.count["handed_over"] += ticket.handovers > 0
        self.count["bounces"] += ticket.bounces
        self.count["bounced"] += ticket.bounces > 0

    def solved(self, ticket: Ticket, at: datetime, *, first: bool, level: bool) -> None:
        """A ticket resolved in the period: how well."""
        self.count["first_contact"] += first
        self.count["first_level"] += level
        self.count["came_back"] += reopened(ticket)
        if not dirty(ticket):
            self.respond.add(ticket.opened_at, ticket.responded_at)
            self.resolve.add(ticket.opened_at, at)

    def row(self) -> Row:
        """The measures in the order in which a manager reads them."""
        count = self.count
        return {
            **{name: count[name] for name in (*HAPPENINGS, *WAITING)},
            "first_contact_pct": percent(count["first_contact"], count["resolved"]),
            "first_level_pct": percent(count["first_level"], count["resolved"]),
            "reopened_pct": percent(count["came_back"], count["resolved"]),
            **self.respond.columns("respond", "median", "p90"),
            **self.resolve.columns("resolve", "median", "p90"),
            **{name: count[name] for name in ("handovers", "handed_over", "bounces", "bounced", "dirty")},
        }


_UNITS = {"_pct": "%", "_h": "hours"}
_TIMES = {"handovers", "bounces"}


def _unit(measure: str) -> str:
    if measure in _TIMES:
        return "times"
    return next((unit for suffix, unit in _UNITS.items() if measure.endswith(suffix)), "tickets")


def _listed(row: Row) -> Report:
    rows = [{"measure": name, "value": value, "unit": _unit(name)} for name, value in row.items()]
    return Report("summary", ("measure", "value", "unit"), rows)
