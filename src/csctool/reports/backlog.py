"""What waits, for how long, and why."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Self

import msgspec

from csctool.domain.query import Query, Range, breached
from csctool.domain.ticket import Ticket
from csctool.domain.words import INCOMPLETE, LIVE
from csctool.reports.measures import hours
from csctool.reports.request import Groups, Report, Request, Row, Tally, grouping, names, opened_in_period, present

#: Age buckets: a ticket exactly as old as a limit falls into the later one.
LIMITS = tuple(timedelta(days=days).total_seconds() for days in (1, 3, 7, 30))
BUCKETS = ("under_1d", "1_to_3d", "3_to_7d", "7_to_30d", "over_30d")


def wanted(request: Request) -> Query:
    """The live tickets opened in the period; what lived at a past moment may be finished by now."""
    query = opened_in_period(request)
    return query if request.as_of else msgspec.structs.replace(query, statuses=tuple(sorted(LIVE)), everything=False)


def build(request: Request, tickets: Iterable[Ticket]) -> Report:
    """One row a group, by agency unless asked otherwise."""
    request = msgspec.structs.replace(request, by=request.by or "agency")
    everything = request.period == Range()
    groups = Groups(names(request), Backlog)
    group = grouping(request)
    for ticket in present(request, tickets):
        if ticket.live and (everything or request.period.holds(ticket.opened_at)):
            groups.of(group(ticket, ticket.opened_at)).add(ticket, request.at)
    return groups.report("backlog")


class Backlog(Tally):
    """What waits in one group."""

    oldest: str | None = None
    age = -1.0

    def merge(self, other: Self) -> None:
        """Of two groups, the older of the oldest is the oldest."""
        super().merge(other)
        if other.age > self.age:
            self.oldest, self.age = other.oldest, other.age

    def add(self, ticket: Ticket, at: datetime) -> None:
        """One live ticket; one that is resolved waits only for its triage."""
        count = self.count
        count["untriaged"] += ticket.kind == "contact"
        count["incomplete"] += INCOMPLETE in ticket.flags
        if not ticket.open:
            return
        count["open"] += 1
        count["unassigned"] += ticket.assignee is None
        count["on_hold"] += ticket.status == "on-hold"
        count["breached"] += breached(ticket, at)
        age = (at - ticket.opened_at).total_seconds() if ticket.opened_at else -1.0
        if age < 0:
            count["dirty"] += 1
            return
        count[BUCKETS[bisect_right(LIMITS, age)]] += 1
        if age > self.age:
            self.oldest, self.age = ticket.key, age

    def row(self) -> Row:
        """Open tickets, their ages, the oldest, and what they wait with."""
        return {
            **self.counts("open", *BUCKETS),
            "oldest": self.oldest,
            "oldest_h": hours(self.age) if self.oldest else None,
            **self.counts("unassigned", "on_hold", "untriaged", "incomplete", "breached", "dirty"),
        }
