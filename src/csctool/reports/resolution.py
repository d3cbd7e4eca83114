"""What was settled, how fast, by whom at once, and how it ended."""

from collections.abc import Iterable
from datetime import datetime

from csctool.domain.query import Query
from csctool.domain.ticket import Ticket
from csctool.reports.measures import dirty, first_contact, first_level, percent, reopened, resolved_in
from csctool.reports.request import Groups, Report, Request, Row, Tally, grouping, lived_in_period, names, present


def wanted(request: Request) -> Query:
    """What was resolved in the period may be open again, so every ticket opened before its end may count."""
    return lived_in_period(request)


def build(request: Request, tickets: Iterable[Ticket]) -> Report:
    """One row a group, or one for all. A ticket counts once, at its last resolution in the period."""
    codes: set[str] = set()
    groups = Groups(names(request), lambda: Resolution(codes))
    group = grouping(request)
    for ticket in present(request, tickets):
        at = resolved_in(ticket, request.period)
        if at:
            groups.of(group(ticket, at)).add(ticket, at, request.first_tier)
    return groups.report("resolution")


class Resolution(Tally):
    """What was resolved in one group. `codes` is shared by all groups, so that they have the same columns."""

    def __init__(self, codes: set[str]) -> None:
        super().__init__()
        self.codes = codes

    def add(self, ticket: Ticket, at: datetime, first_tier: str) -> None:
        """One ticket resolved at `at`."""
        count = self.count
        count["resolved"] += 1
        count["first_contact"] += first_contact(ticket, first_tier)
        count["first_level"] += first_level(ticket, first_tier)
        count["reopened"] += reopened(ticket)
        count["minutes"] += ticket.minutes
        count[_training(ticket)] += 1
        if ticket.code:
            self.codes.add(ticket.code)
            count[f"code_{ticket.code}"] += 1
        if dirty(ticket):
            count["dirty"] += 1
            return
        self.times["respond"].add(ticket.opened_at, ticket.responded_at)
        self.times["resolve"].add(ticket.opened_at, at)

    def row(self) -> Row:
        """Counts, times, rates, effort, training, then one column a code."""
        count = self.count
        return {
            "resolved": count["resolved"],
            **self.times["resolve"].columns("resolve", "mean", "median", "p90"),
            **self.times["respond"].columns("respond", "mean", "median", "p90"),
            **self.counts("first_contact", "first_level", "reopened"),
            "first_contact_pct": percent(count["first_contact"], count["resolved"]),
            "first_level_pct": percent(count["first_level"], count["resolved"]),
            "reopened_pct": percent(count["reopened"], count["resolved"]),
            **self.counts("minutes", *_TRAINING, "dirty"),
            **self.counts(*(f"code_{code}" for code in sorted(self.codes))),
        }


_TRAINING = ("training_none", "training_needed", "training_undetermined")


def _training(ticket: Ticket) -> str:
    if ticket.training is None:
        return "training_undetermined"
    return "training_none" if ticket.training == "none" else "training_needed"
