"""What was settled, how fast, by whom at once, and how it ended."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from math import isfinite
from typing import Self

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
            groups.of(group(ticket, at)).add(request, ticket, at)
    return groups.report("resolution")


class Resolution(Tally):
    """What was resolved in one group. `codes` is shared by all groups, so that they have the same columns."""

    def __init__(self, codes: set[str]) -> None:
        super().__init__()
        self.codes = codes
        self.topics: Counter[str] = Counter()
        self.answers: list[float] = []

    def merge(self, other: Self) -> None:
        """Add another group's topics and answers too."""
        super().merge(other)
        self.topics.update(other.topics)
        self.answers += other.answers

    def add(self, request: Request, ticket: Ticket, at: datetime) -> None:
        """One ticket resolved at `at`."""
        count = self.count
        count["resolved"] += 1
        count["first_contact"] += first_contact(ticket, request.first_tier)
        count["first_level"] += first_level(ticket, request.first_tier)
        count["reopened"] += reopened(ticket)
        count["minutes"] += ticket.minutes
        count[_training(ticket)] += 1
        if ticket.training and ticket.training.startswith(_NEEDED):
            self.topics[ticket.training.removeprefix(_NEEDED)] += 1
        answer = _satisfaction(ticket)
        if answer is not None:
            self.answers.append(answer)
        if ticket.code:
            self.codes.add(ticket.code)
            count[f"code_{ticket.code}"] += 1
        if dirty(ticket):
            count["dirty"] += 1
            return
        self.took(request, ticket, at)

    def row(self) -> Row:
        """Counts, times, rates, effort, training, then one column a code."""
        count = self.count
        return {
            "resolved": count["resolved"],
            **self.spreads("mean", "median", "p90"),
            **self.counts("first_contact", "first_level", "reopened"),
            "first_contact_pct": percent(count["first_contact"], count["resolved"]),
            "first_level_pct": percent(count["first_level"], count["resolved"]),
            "reopened_pct": percent(count["reopened"], count["resolved"]),
            **self.counts("minutes", *_TRAINING),
            "training_topics": dict(self.topics.most_common()),
            "satisfaction_answers": len(self.answers),
            "satisfaction_mean": round(sum(self.answers) / len(self.answers), 2) if self.answers else None,
            **self.counts("dirty"),
            **self.counts(*(f"code_{code}" for code in sorted(self.codes))),
        }


#: How `resolve --training` begins where training is needed; the topic follows.
_NEEDED = "needed:"


def _satisfaction(ticket: Ticket) -> float | None:
    """What the requester said, as the agency keeps it: the field `satisfaction`, a number; on which scale is theirs."""
    text = ticket.fields.get("satisfaction")
    try:
        answer = float(text) if isinstance(text, str | int | float) else None
    except ValueError:
        return None
    return answer if answer is not None and isfinite(answer) else None


_TRAINING = ("training_none", "training_needed", "training_undetermined")


def _training(ticket: Ticket) -> str:
    if ticket.training is None:
        return "training_undetermined"
    return "training_none" if ticket.training == "none" else "training_needed"
