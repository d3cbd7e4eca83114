"""What a sweep has to tell: warnings and breaches that are due and have not been told yet.

Pure functions of the ticket as it is stored: no calendar is asked, for the times stand in its `sla` object. A sweep
records each alarm as an event of the verb `warn` or `breach` with `told(alarm)` among its changes; what stands in the
history has fired, for ever: not again after a downtime, a clock that jumps, or a reopening; only what was undone never
fired.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from csctool.domain.effects import standing
from csctool.domain.sla.standing import moment, stored_clocks
from csctool.domain.ticket import Ticket

Verb = Literal["warn", "breach"]


class Alarm(msgspec.Struct, frozen=True, order=True):
    """`at` is when it was due, `clock` as `standing.stored_clocks` names it: `resolution`, `ola:apps`, …

    `promised` is the due time of the clock. A breach may come later than that: a target that was set when its time had
    passed is broken from that moment on.
    """

    at: datetime
    clock: str
    verb: Verb
    promised: datetime | None = None


def due_alarms(ticket: Ticket, now: datetime) -> list[Alarm]:
    """The alarms of a live ticket that are due at `now` and were never told, in order of time.

    A warning is due while its clock runs and is not late; once a breach was told there is nothing left to warn of, even
    when the time was put off later. A breach is due even when the ticket was resolved meanwhile, late. A ticket that
    came with due times of its own has breaches and no warnings; a finished one has neither.
    """
    if not ticket.live:
        return []
    told = fired(ticket)
    alarms = (_alarm(name, clock, now) for name, clock in (*stored_clocks(ticket), *_stated(ticket)))
    return sorted(a for a in alarms if a and told.isdisjoint({(a.verb, a.clock), ("breach", a.clock)}))


def next_alarm(ticket: Ticket) -> datetime | None:
    """The earliest moment at which a live ticket may have an alarm if nothing happens to it; it may have passed."""
    if not ticket.live:
        return None
    told = fired(ticket)
    found = (_next(name, clock, told) for name, clock in (*stored_clocks(ticket), *_stated(ticket)))
    return min((at for at in found if at is not None), default=None)


def fired(ticket: Ticket) -> frozenset[tuple[str, str]]:
    """The alarms that the history tells of, as (verb, clock)."""
    found = ((e.verb, e.changes["clock"][1]) for e in standing(ticket.history) if "clock" in e.changes)
    return frozenset((verb, str(clock)) for verb, clock in found)


def told(alarm: Alarm) -> dict[str, tuple[Any, Any]]:
    """What the event of an alarm carries among its changes: the clock and the time that was due, of a breach the one
    that had been promised; and from when on that counts as broken, where it is another."""
    due = alarm.promised if alarm.verb == "breach" and alarm.promised else alarm.at
    found: dict[str, tuple[Any, Any]] = {"clock": (None, alarm.clock), "due_at": (None, msgspec.to_builtins(due))}
    return found if due == alarm.at else {**found, "broken_at": (None, msgspec.to_builtins(alarm.at))}


def _alarm(name: str, clock: Mapping[str, Any], now: datetime) -> Alarm | None:
    broken, due = moment(clock, "breached_at"), moment(clock, "due")
    if broken is not None:  # a clock set back sees nothing before its time
        return Alarm(broken, name, "breach", due) if now >= broken else None
    if clock["state"] != "running":
        return None
    warns = moment(clock, "warns_at")
    if due is not None and now > due:
        return Alarm(due, name, "breach", due)
    return Alarm(warns, name, "warn", due) if warns is not None and now >= warns else None


def _next(name: str, clock: Mapping[str, Any], told: frozenset[tuple[str, str]]) -> datetime | None:
    """When the alarm of a clock may come that has not been told yet, as `_alarm` finds it."""
    broken = moment(clock, "breached_at")
    if broken is not None or ("breach", name) in told:
        return broken if ("breach", name) not in told else None
    if clock["state"] != "running":
        return None
    due, warns = moment(clock, "due"), moment(clock, "warns_at")
    if warns is None or ("warn", name) in told:
        return due
    return min(due, warns) if due else warns


def _stated(ticket: Ticket) -> list[tuple[str, dict[str, Any]]]:
    """Promises without a clock: due times that came with the ticket, or were agreed where there is no policy."""
    found = []
    times = (("response", ticket.due.response, ticket.responded_at),
             ("resolution", ticket.due.resolution, ticket.resolved_at or ticket.closed_at))  # fmt: skip
    for name, due, kept in times:
        if due is None or name in ticket.sla:
            continue
        clock: dict[str, Any] = {"state": "met" if kept else "running", "due": due.isoformat()}
        if kept and kept > due:
            clock |= {"state": "breached", "breached_at": due.isoformat()}
        found.append((name, clock))
    return found
