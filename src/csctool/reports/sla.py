"""Which promises were kept: the outcomes that stand on the tickets, counted when they were met or broken."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec

from csctool.domain.query import Query
from csctool.domain.sla.standing import CLOCKS
from csctool.domain.sla.standings import Standing, Standings, StayStanding, standings
from csctool.domain.ticket import Ticket
from csctool.reports.measures import dirty, percent
from csctool.reports.request import Groups, Report, Request, Row, Tally, as_of, grouping, lived_in_period, names

#: Verdicts that count in the period in which they fell, and those that tell how things stand now.
FELL = ("met", "breached", "cancelled", "duplicate")
STANDS = ("running", "paused")
#: A ticket to which nothing was promised.
NOTHING = Standings()


class Verdict(NamedTuple):
    """How one target of a ticket came out, and when; `at` is None for what is not decided."""

    target: str
    what: str
    at: datetime | None


def wanted(request: Request) -> Query:
    """What ended before the period can't have met or broken anything in it; outcomes need no history."""
    return msgspec.structs.replace(lived_in_period(request), detail="whole" if request.as_of else "brief")


def build(request: Request, tickets: Iterable[Ticket]) -> Report:
    """One row a target, in each group when one is asked for: response and resolution even where nothing is promised."""
    groups = Groups((*names(request), "target"), Compliance)
    group = grouping(request)
    now, folded = request.at, request.as_of is not None
    if not request.by:
        for name in CLOCKS:
            groups.of(name)
    for ticket in as_of(request, tickets):
        sla = _sla(ticket)
        if request.by and sla == NOTHING:
            for name in CLOCKS:
                groups.of(group(ticket, ticket.opened_at), name)
        for verdict in _verdicts(ticket, sla, now, folded=folded):
            if verdict.what in FELL and not request.period.holds(verdict.at):
                continue
            key = (group(ticket, verdict.at or ticket.opened_at),) if request.by else ()
            groups.of(*key, verdict.target).add(ticket, verdict.what, sla.breach_reason)
    return groups.report("sla")


def _sla(ticket: Ticket) -> Standings:
    """A query in brief may be answered with the clocks' standings in the place of the whole `sla` object."""
    return ticket.sla if isinstance(ticket.sla, Standings) else standings(ticket)


class Compliance(Tally):
    """One target in one group."""

    def add(self, ticket: Ticket, what: str, reason: str | None) -> None:
        """One more outcome; the `reason` is that of a breach."""
        self.count[what] += 1
        self.count["dirty"] += what in FELL and dirty(ticket)
        if what == "breached":
            self.count[f"because {reason}" if reason else "unexplained"] += 1

    def row(self) -> Row:
        """Kept and broken promises, their share, what is not decided, what stands apart, and why they were broken."""
        met, breached = self.count["met"], self.count["breached"]
        reasons = {
            what.removeprefix("because "): n for what, n in self.count.most_common() if what.startswith("because ")
        }
        return {
            **self.counts("met", "breached"),
            "compliance_pct": percent(met, met + breached),
            **self.counts(*STANDS, "cancelled", "duplicate", "dirty"),
            "breach_reasons": reasons,
            **self.counts("unexplained"),
        }


def verdicts(ticket: Ticket, now: datetime, *, folded: bool = False) -> list[Verdict]:
    """How each target of a ticket stands at `now`: of its clocks, or of the due times that came with it.

    `folded` tells that the ticket was taken back to `now`: what its clocks say may have come later.
    """
    return _verdicts(ticket, _sla(ticket), now, folded=folded)


def _verdicts(ticket: Ticket, sla: Standings, now: datetime, *, folded: bool) -> list[Verdict]:
    if ticket.status == "cancelled":
        apart = "duplicate" if ticket.code == "duplicate" else "cancelled"
        return [Verdict(name, apart, ticket.closed_at) for name in _promised(ticket, sla)]
    found = []
    for name in CLOCKS:
        clock: Standing | None = getattr(sla, name)
        if clock and not folded:
            found.append(_of_clock(name, clock, now))
            continue
        due = getattr(ticket.due, name)
        if due is not None:
            kept = ticket.responded_at if name == "response" else ticket.resolved_at or ticket.closed_at
            found.append(_judged(name, due, kept, now))
        elif folded and clock:
            found.append(Verdict(name, "paused", None))
    for stay in sla.ola:
        verdict = _of_clock(_contract(stay), stay, now)
        if not folded or verdict.at is None or verdict.at <= now:
            found.append(verdict)
    return found


def _contract(stay: StayStanding) -> str:
    return f"ola:{stay.name}" if stay.clock == "resolution" else f"ola:{stay.name} response"


def _promised(ticket: Ticket, sla: Standings) -> list[str]:
    """The targets of a ticket: of its clocks, of due times that it came with, of the contracts of its stays."""
    names = [name for name in CLOCKS if getattr(sla, name) or getattr(ticket.due, name) is not None]
    return names + [_contract(stay) for stay in sla.ola]


def _of_clock(name: str, clock: Standing, now: datetime) -> Verdict:
    state = clock.state
    if state == "met":
        return Verdict(name, "met", clock.stopped_at)
    if state == "breached":
        return Verdict(name, "breached", clock.breached_at)
    if state == "running" and clock.due is not None and now > clock.due:
        return Verdict(name, "breached", clock.due)
    return Verdict(name, state, None)


def _judged(name: str, due: datetime, kept: datetime | None, now: datetime) -> Verdict:
    if (kept or now) > due:
        return Verdict(name, "breached", due)
    return Verdict(name, "met", kept) if kept else Verdict(name, "running", None)
