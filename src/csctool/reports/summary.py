"""The desk at a glance: what came, what went, what waits, and how well it was done."""

from collections.abc import Callable, Iterable
from datetime import datetime

from csctool.domain.query import Query
from csctool.domain.ticket import Ticket
from csctool.domain.words import CALLBACK, INCOMPLETE
from csctool.reports.measures import dirty, first_contact, first_level, happened, percent, reopened
from csctool.reports.request import Groups, Report, Request, Row, Tally, grouping, names, present, waits_or_lived

#: What happens to a ticket.
HAPPENINGS = ("opened", "resolved", "closed", "cancelled", "reopened")

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
    return waits_or_lived(request)


def build(request: Request, tickets: Iterable[Ticket]) -> Report:
    """One row a measure; with `by`, one row a group and the measures as columns.

    By month or day, each measure counts in the month of its own date; what waits, in the month of its opening.
    """
    groups = Groups(names(request), Summary)
    group = grouping(request)
    for ticket in present(request, tickets):
        dates = happened(ticket, request.period)
        untrue = bool(dates) and dirty(ticket)
        for name, at in dates.items():
            groups.of(group(ticket, at)).count[name] += 1
        if untrue:
            groups.of(group(ticket, min(dates.values()))).count["dirty"] += 1
        if "opened" in dates and ticket.handovers:
            groups.of(group(ticket, ticket.opened_at)).wandered(ticket)
        if "resolved" in dates:
            at = dates["resolved"]
            groups.of(group(ticket, at)).solved(request, ticket, None if untrue else at)
        if ticket.live:
            waiting = groups.of(group(ticket, ticket.opened_at)).count
            waiting.update(name for name, waits in WAITING.items() if waits(ticket))
    found = groups.report("summary")
    return found if request.by else _listed(found.rows[0])


class Summary(Tally):
    """The measures of one group."""

    def wandered(self, ticket: Ticket) -> None:
        """A ticket opened in the period changed hands, and how often."""
        self.count["handovers"] += ticket.handovers
        self.count["handed_over"] += 1
        self.count["bounces"] += ticket.bounces
        self.count["bounced"] += ticket.bounces > 0

    def solved(self, request: Request, ticket: Ticket, at: datetime | None) -> None:
        """A ticket resolved in the period: how well, and how fast where its times can be believed."""
        self.count["first_contact"] += first_contact(ticket, request.first_tier)
        self.count["first_level"] += first_level(ticket, request.first_tier)
        self.count["came_back"] += reopened(ticket)
        if at:
            self.took(request, ticket, at)

    def row(self) -> Row:
        """The measures in the order in which a manager reads them."""
        count = self.count
        return {
            **self.counts(*HAPPENINGS, *WAITING),
            "first_contact_pct": percent(count["first_contact"], count["resolved"]),
            "first_level_pct": percent(count["first_level"], count["resolved"]),
            "reopened_pct": percent(count["came_back"], count["resolved"]),
            **self.spreads("median", "p90"),
            **self.counts("handovers", "handed_over", "bounces", "bounced", "dirty"),
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
