"""The way of tickets through the tiers: where they entered, from where to where they went, where they ended."""

from collections import Counter
from collections.abc import Iterable, Iterator

from csctool.domain.query import Query
from csctool.domain.ticket import Ticket
from csctool.reports.measures import UNCHANGED
from csctool.reports.request import Report, Request, opened_in_period, present

#: What stands for no tier: before the first, and after the last.
OPENED, RESOLVED, CANCELLED, WAITING = "opened", "resolved", "cancelled", "waiting"
ENDS = (OPENED, RESOLVED, CANCELLED, WAITING)

Move = tuple[str, str]


def wanted(request: Request) -> Query:
    """The tickets opened in the period."""
    return opened_in_period(request)


def moves(request: Request, tickets: Iterable[Ticket]) -> Report:
    """One row a way, `from` and `to`, with how many `times` it was gone.

    The tickets opened in the period, their whole lives until the report's moment: `opened` to the first tier, tier to
    tier, and from the last one to `resolved`, `cancelled` or `waiting`. A move between queues of one tier is no move.
    """
    count: Counter[Move] = Counter()
    seen = 0
    for ticket in present(request, tickets):
        if request.period.holds(ticket.opened_at):
            seen += 1
            count.update(_way(ticket))
    rows = [{"from": a, "to": b, "times": n} for (a, b), n in sorted(count.items(), key=lambda e: (-e[1], e[0]))]
    return Report("moves", ("from", "to", "times"), rows, {"tickets": seen})


def _way(ticket: Ticket) -> Iterator[Move]:
    here = OPENED
    for event in ticket.history:
        tier = event.changes.get("tier", UNCHANGED)[1]
        if tier and tier != here:
            yield here, tier
            here = tier
    if ticket.status == "cancelled":
        yield here, CANCELLED
    else:
        yield here, WAITING if ticket.open else RESOLVED
