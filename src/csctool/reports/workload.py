"""Who has how much on the table, and who got how much done."""

from collections.abc import Iterable
from datetime import datetime

from csctool.domain.query import Query, Range
from csctool.domain.ticket import Ticket
from csctool.reports.measures import UNCHANGED, dirty, resolved_in
from csctool.reports.request import Groups, Report, Request, Row, Tally, grouping, opened_ever, present


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

    def tally(ticket: Ticket, at: datetime | None, person: str | None) -> "Workload":
        return groups.of(group(ticket, at), person) if inner else groups.of(person)

    for ticket in present(request, tickets):
        if ticket.open:
            tally(ticket, ticket.opened_at, ticket.assignee).has(ticket)
        resolved = resolved_in(ticket, request.period)
        if resolved:
            tally(ticket, resolved, _resolver(ticket)).resolved(ticket, resolved)
        if ticket.minutes:
            for person, at, minutes in _effort(ticket, request.period):
                tally(ticket, at, person).count["minutes"] += minutes
    return groups.report("workload")


class Workload(Tally):
    """What one person has and did."""

    def has(self, ticket: Ticket) -> None:
        """An open ticket lies on the table."""
        self.count["open"] += 1
        self.count[_STATUS.get(ticket.status, "waiting")] += 1

    def resolved(self, ticket: Ticket, at: datetime) -> None:
        """A ticket got done."""
        self.count["resolved"] += 1
        if dirty(ticket):
            self.count["dirty"] += 1
        else:
            self.times["resolve"].add(ticket.opened_at, at)

    def row(self) -> Row:
        """On the table now, done in the period."""
        return {
            **self.counts("open", "in_progress", "on_hold", "resolved", "minutes"),
            **self.times["resolve"].columns("resolve", "median"),
            **self.counts("dirty"),
        }


_STATUS = {"in-progress": "in_progress", "on-hold": "on_hold"}


def _resolver(ticket: Ticket) -> str | None:
    """Who is credited: the assignee; where nobody was (settled on the phone), whoever resolved it."""
    if ticket.assignee:
        return ticket.assignee
    events = reversed(ticket.history)
    return next((e.actor for e in events if e.changes.get("status", UNCHANGED)[1] == "resolved"), None)


def _effort(ticket: Ticket, period: Range) -> Iterable[tuple[str, datetime, int]]:
    """The minutes booked in the period, each with who booked them and when. What a merge took over was booked on the
    duplicate, by whoever worked on it."""
    for event in ticket.history:
        if "minutes" in event.changes and event.verb != "merge" and period.holds(event.at):
            old, new = event.changes["minutes"]
            yield event.actor, event.at, new - (old or 0)
