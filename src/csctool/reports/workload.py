"""Who has how much on the table, and who got how much done."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from csctool.domain.query import Query, Range
from csctool.domain.ticket import Ticket
from csctool.reports.measures import UNCHANGED, Spread, dirty, resolved_in
from csctool.reports.request import Groups, Report, Request, Row, grouping, opened_ever, present


def wanted(request: Request) -> Query:
    """What lies on the table has no date, and effort may be booked on any ticket, also on a closed one."""
    return opened_ever(request)


def build(request: Request, tickets: Iterable[Ticket]) -> Report:
    """One row a person, in each group when one is asked for; nobody's work stands last.

    By month or day: what lies on the table in the month of its opening, what got done in the month it was done.
    """
    group = grouping(request)
    inner = request.by not in (None, "assignee")
    groups = Groups((request.by or "", "person") if inner else ("person",), Workload)

    def tallies(ticket: Ticket, at: datetime | None, person: str | None) -> "tuple[Workload, ...]":
        return groups.of(group(ticket, at), person) if inner else groups.of(person)

    for ticket in present(request, tickets):
        if ticket.open:
            for tally in tallies(ticket, ticket.opened_at, ticket.assignee):
                tally.has(ticket)
        resolved = resolved_in(ticket, request.period)
        if resolved:
            for tally in tallies(ticket, resolved, _resolver(ticket)):
                tally.resolved(ticket, resolved)
        if ticket.minutes:
            for person, at, minutes in _effort(ticket, request.period):
                for tally in tallies(ticket, at, person):
                    tally.count["minutes"] += minutes
    return groups.report("workload")


class Workload:
    """What one person has and did."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.resolve = Spread()

    def has(self, ticket: Ticket) -> None:
        """An open ticket lies on the table."""
        self.count["open"] += 1
        self.count[ticket.status] += 1

    def resolved(self, ticket: Ticket, at: datetime) -> None:
        """A ticket got done."""
        self.count["resolved"] += 1
        if dirty(ticket):
            self.count["dirty"] += 1
        else:
            self.resolve.add(ticket.opened_at, at)

    def row(self) -> Row:
        """On the table now, done in the period."""
        count = self.count
        return {
            "open": count["open"],
            "in_progress": count["in-progress"],
            "on_hold": count["on-hold"],
            "resolved": count["resolved"],
            "minutes": count["minutes"],
            **self.resolve.columns("resolve", "median"),
            "dirty": count["dirty"],
        }


def _resolver(ticket: Ticket) -> str | None:
    """Who is credited: the assignee; where nobody was (settled on the phone), whoever resolved it."""
    if ticket.assignee:
        return ticket.assignee
    events = reversed(ticket.history)
    return next((e.actor for e in events if e.changes.get("status", UNCHANGED)[1] == "resolved"), None)


def _effort(ticket: Ticket, period: Range) -> Iterable[tuple[str, datetime, int]]:
    """The minutes booked in the period, each with who booked them and when."""
    for event in ticket.history:
        if "minutes" in event.changes and period.holds(event.at):
            old, new = event.changes["minutes"]
            yield event.actor, event.at, new - (old or 0)
