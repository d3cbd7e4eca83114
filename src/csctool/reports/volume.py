"""How much comes in, and of what kind."""

from collections.abc import Iterable

import msgspec

from csctool.domain.query import Query
from csctool.domain.ticket import Ticket
from csctool.domain.words import KINDS
from csctool.reports.measures import percent
from csctool.reports.request import Groups, Report, Request, Row, Tally, grouping, names, opened_in_period, present


def wanted(request: Request) -> Query:
    """The tickets opened in the period."""
    return opened_in_period(request)


def build(request: Request, tickets: Iterable[Ticket]) -> Report:
    """One row a group, by agency unless asked otherwise: opened, its share of all, split by kind."""
    request = msgspec.structs.replace(request, by=request.by or "agency")
    groups = Groups(names(request), Volume)
    group = grouping(request)
    for ticket in present(request, tickets):
        if request.period.holds(ticket.opened_at):
            groups.of(group(ticket, ticket.opened_at)).add(ticket)
    total = groups.total()
    for tally in (*groups.found.values(), total):
        tally.all = total.count["opened"]
    return groups.report("volume", total)


class Volume(Tally):
    """What came in for one group, which is a share of all."""

    all = 0

    def add(self, ticket: Ticket) -> None:
        """One more ticket; what was cancelled since stays counted, and is told apart."""
        self.count["opened"] += 1
        self.count[ticket.kind] += 1
        if ticket.status == "cancelled":
            self.count["cancelled"] += 1
            self.count["duplicate"] += ticket.code == "duplicate"

    def row(self) -> Row:
        """Opened, its share of all groups, one column a kind, and of these the cancelled and the duplicates."""
        return {
            "opened": self.count["opened"],
            "share_pct": percent(self.count["opened"], self.all),
            **self.counts(*KINDS, "cancelled", "duplicate"),
        }
