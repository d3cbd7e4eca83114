"""How tickets wander: where they stay, who hands them on, and what comes back."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from csctool.domain.handover import in_queues
from csctool.domain.query import Query
from csctool.domain.ticket import Event, Ticket
from csctool.reports.measures import UNCHANGED, Spread, dirty, percent
from csctool.reports.request import Groups, Key, Report, Request, Row, grouping, names, opened_in_period, present

#: Grouped by one of these (nothing asked: by both), a ticket counts wherever it stayed, and what happened to it counts
#: where it happened; grouped by anything else, all of it counts in the ticket's one group. Indexes into a place.
PLACES: dict[str | None, tuple[int, ...]] = {None: (0, 1), "tier": (0,), "queue": (1,)}

#: What happens, counted as often as it does.
TIMES = ("handovers", "bounces", "holds", "functional", "hierarchic", "returns", "reopenings")
#: The same, counted once a ticket.
TICKETS = {"handed_over": "handovers", "bounced": "bounces", "held": "holds", "reopened": "reopenings"}

Place = tuple[str | None, str | None]


def wanted(request: Request) -> Query:
    """The tickets opened in the period."""
    return opened_in_period(request)


def build(request: Request, tickets: Iterable[Ticket]) -> Report:
    """One row a place (tier and queue, or the one that `by` names), or one row a group of tickets.

    The tickets opened in the period, their whole lives until the report's moment.
    """
    groups = Groups(names(request) or ("tier", "queue"), Flow)
    group = grouping(request)
    for ticket in present(request, tickets):
        if not request.period.holds(ticket.opened_at):
            continue
        own = (group(ticket, ticket.opened_at),)
        by_key: dict[Key, Part] = defaultdict(Part)
        for place, what, amount in _life(ticket, request.at):
            by_key[_key(request.by, place, own)].add(what, amount)
        for key, part in by_key.items():
            groups.group(*key).add(part)
        groups.total.add(sum(by_key.values(), Part()))
    return groups.report("flow")


def _key(by: str | None, place: Place, own: Key) -> Key:
    return tuple(place[index] for index in PLACES[by]) if by in PLACES else own


class Part:
    """What one ticket brings to one group."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()
        self.stays: list[float] = []

    def add(self, what: str, amount: float) -> None:
        """One piece of a life: a stay of so many seconds, or something that happened so many times."""
        if what == "stay":
            self.stays.append(amount)
        else:
            self.count[what] += int(amount)

    def __add__(self, other: "Part") -> "Part":
        both = Part()
        both.count = self.count + other.count
        both.stays = self.stays + other.stays
        return both


class Flow:
    """What happened in one group."""

    def __init__(self) -> None:
        self.tickets = 0
        self.count: Counter[str] = Counter()
        self.stays = Spread()

    def add(self, part: Part) -> None:
        """One more ticket."""
        self.tickets += 1
        for what in TIMES:
            self.count[what] += part.count[what]
        for name, what in TICKETS.items():
            self.count[name] += part.count[what] > 0
        self.count["dirty"] += part.count["dirty"] > 0
        self.stays.seconds.extend(part.stays)

    def row(self) -> Row:
        """Tickets, stays and their times, then what happened."""
        return {
            "tickets": self.tickets,
            "stays": len(self.stays.seconds),
            "time_h": self.stays.total(),
            **self.stays.columns("stay", "mean", "median", "p90"),
            **{name: self.count[name] for name in (*TIMES, *TICKETS)},
            "handed_over_pct": percent(self.count["handed_over"], self.tickets),
            "bounced_pct": percent(self.count["bounced"], self.tickets),
            "dirty": self.count["dirty"],
        }


def _life(ticket: Ticket, at: datetime) -> Iterator[tuple[Place, str, float]]:
    """The pieces of a ticket's life, each with the place where it happened: stays in seconds, happenings in times."""
    yield from _stays(ticket, at)
    place: Place = (None, None)
    for event in ticket.history:
        for what, times in _happened(event):
            yield place, what, times
        tier = event.changes.get("tier", (None, place[0]))[1]
        queue = event.changes.get("queue", (None, place[1]))[1]
        place = (tier, queue)


def _stays(ticket: Ticket, at: datetime) -> Iterator[tuple[Place, str, float]]:
    """How long it was in each place, until it was settled; dirty times are told instead of measured."""
    until = ticket.resolved_at or ticket.closed_at or at
    stays = in_queues(ticket, until)
    here = (ticket.tier, ticket.queue)
    if dirty(ticket) or any(end < start for _, _, start, end in stays):
        yield here, "dirty", 1
        return
    if not stays:
        yield here, "nowhere", 1
    for queue, tier, start, end in stays:
        yield (tier, queue), "stay", (end - start).total_seconds()


def _happened(event: Event) -> Iterator[tuple[str, int]]:
    """What an event was, in the words of the report. Hand-overs and bounces as the counters of the ticket moved, so
    that an undone hand-over takes itself back."""
    changes = event.changes
    for counter in ("handovers", "bounces"):
        if counter in changes:
            old, new = changes[counter]
            yield counter, new - (old or 0)
    if changes.get("status", UNCHANGED)[1] == "on-hold":
        yield "holds", 1
    if event.verb == "escalate":
        yield changes.get("escalation", (None, "functional"))[1], 1
    elif event.verb in _VERBS:
        yield _VERBS[event.verb], 1


_VERBS = {"return": "returns", "reopen": "reopenings"}
