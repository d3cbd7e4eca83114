"""How tickets wander: where they stay, who hands them on, and what comes back."""

from collections.abc import Iterable
from datetime import datetime

from csctool.domain.handover import in_queues
from csctool.domain.query import Query
from csctool.domain.ticket import Event, Ticket
from csctool.reports.measures import UNCHANGED, dirty, percent
from csctool.reports.request import Groups, Key, Report, Request, Row, Tally, grouping, names, opened_in_period, present

#: Grouped by one of these (nothing asked: by both), a ticket counts wherever it stayed, and what happened to it counts
#: where it happened; grouped by anything else, all of it counts in the ticket's one group. Indexes into a place.
PLACES: dict[str | None, tuple[int, ...]] = {None: (0, 1), "tier": (0,), "queue": (1,)}

#: What happens, counted as often as it does.
TIMES = ("handovers", "bounces", "holds", "functional", "hierarchic", "returns", "reopenings")
#: The same, counted once a ticket.
TICKETS = {"handovers": "handed_over", "bounces": "bounced", "holds": "held", "reopenings": "reopened"}

Place = tuple[str | None, str | None]
Piece = tuple[Place, str, int]


def wanted(request: Request) -> Query:
    """The tickets opened in the period."""
    return opened_in_period(request)


def build(request: Request, tickets: Iterable[Ticket]) -> Report:
    """One row a place (tier and queue, or the one that `by` names), or one row a group of tickets.

    The tickets opened in the period, their whole lives until the report's moment.
    """
    groups = Groups(names(request) or ("tier", "queue"), Flow)
    group = grouping(request)
    parts = PLACES.get(request.by)
    total = Flow() if parts else None
    for ticket in present(request, tickets):
        if not request.period.holds(ticket.opened_at):
            continue
        life = _life(ticket, request.at)
        if parts is None or total is None:
            groups.of(group(ticket, ticket.opened_at)).add(life)
            continue
        total.add(life)
        for key, there in _by_place(life, parts).items():
            groups.of(*key).add(there)
    return groups.report("flow", total)


class Flow(Tally):
    """What happened in one group."""

    def add(self, life: list[Piece]) -> None:
        """One more ticket, with all or some pieces of its life."""
        often: dict[str, int] = {}
        for _, what, amount in life:
            if what == "stay":
                self.times["stay"].seconds.append(amount)
            else:
                often[what] = often.get(what, 0) + amount
        self.count["tickets"] += 1
        for what, times in often.items():
            self.count[what] += times
            if what in TICKETS and times > 0:
                self.count[TICKETS[what]] += 1

    def row(self) -> Row:
        """Tickets, stays and their times, then what happened."""
        count, stays = self.count, self.times["stay"]
        return {
            "tickets": count["tickets"],
            "stays": len(stays.seconds),
            "time_h": stays.total(),
            **stays.columns("stay", "mean", "median", "p90"),
            **self.counts(*TIMES, *TICKETS.values()),
            "handed_over_pct": percent(count["handed_over"], count["tickets"]),
            "bounced_pct": percent(count["bounced"], count["tickets"]),
            "dirty": count["dirty"],
        }


def _by_place(life: list[Piece], parts: tuple[int, ...]) -> dict[Key, list[Piece]]:
    found: dict[Key, list[Piece]] = {}
    for piece in life:
        found.setdefault(tuple(piece[0][part] for part in parts), []).append(piece)
    return found


def _life(ticket: Ticket, at: datetime) -> list[Piece]:
    """The pieces of a ticket's life, each with the place where it happened: stays in seconds, happenings in times."""
    life = _stays(ticket, at)
    tier: str | None = None
    queue: str | None = None
    for event in ticket.history:
        changes = event.changes
        for what, times in _happened(event):
            life.append(((tier, queue), what, times))
        if "queue" in changes:
            queue = changes["queue"][1]
        if "tier" in changes:
            tier = changes["tier"][1]
    return life


def _stays(ticket: Ticket, at: datetime) -> list[Piece]:
    """How long it was in each place, until it was settled; dirty times are told instead of measured."""
    stays = in_queues(ticket, ticket.resolved_at or ticket.closed_at or at)
    here = (ticket.tier, ticket.queue)
    if dirty(ticket) or any(end < start for _, _, start, end in stays):
        return [(here, "dirty", 1)]
    if not stays:
        return [(here, "nowhere", 1)]
    return [((tier, queue), "stay", int((end - start).total_seconds())) for queue, tier, start, end in stays]


def _happened(event: Event) -> list[tuple[str, int]]:
    """What an event was, in the words of the report. Hand-overs and bounces as the counters of the ticket moved, so
    that an undone hand-over takes itself back."""
    changes = event.changes
    found: list[tuple[str, int]] = []
    if "handovers" in changes or "bounces" in changes:
        moves = ((name, changes.get(name, (0, 0))) for name in ("handovers", "bounces"))
        found.extend((name, new - (old or 0)) for name, (old, new) in moves)
    if changes.get("status", UNCHANGED)[1] == "on-hold":
        found.append(("holds", 1))
    if event.verb in _VERBS:
        found.append((_VERBS[event.verb], 1))
    elif event.verb == "escalate":
        found.append((changes.get("escalation", (None, "functional"))[1], 1))
    return found


_VERBS = {"return": "returns", "reopen": "reopenings"}
