"""The sweep: what is due by now and nobody did. Safe at any time, twice, and after any downtime.

An agency whose agenda says that nothing is due is not looked at, so the cost follows what is due. The others are looked
at without their lock; only where something is due the lock is taken, and all is looked at again under it. Each agency
is one unit of work.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

import msgspec

from csctool.desk.calendars import window_end
from csctool.desk.core import Actor
from csctool.desk.delivering import deliver
from csctool.desk.desk import Desk
from csctool.domain import handover, lifecycle
from csctool.domain.agenda import held_until, quiet_since
from csctool.domain.notice import Delivery
from csctool.domain.organisation import AutoEscalation
from csctool.domain.query import Query
from csctool.domain.sla.alarms import Alarm, due_alarms, told
from csctool.domain.ticket import Stamp, Ticket
from csctool.errors import CscError, RefusedError

#: The sweep's name in histories; `via` is the Unix user that cron runs it as.
ACTOR = "sweep"


class Swept(msgspec.Struct, frozen=True):
    """One thing that the sweep did: to which ticket, as which verb, and what in words."""

    key: str
    verb: str
    what: str


class Sweep(msgspec.Struct):
    """What a sweep did, and what failed, by agency."""

    done: list[Swept]
    failures: list[tuple[str, CscError]]


def sweep(desk: Desk, agencies: Iterable[str] = ()) -> Sweep:
    """Resume what waited long enough, warn, breach, escalate by rule, close what stayed quiet, archive, deliver."""
    desk.permit("sweep")
    keys = list(agencies)
    for key in keys:
        desk.directory.require(key)
    found = Sweep([], [])
    desk.actor = Actor(ACTOR, desk.actor.via)
    keys = keys or desk.store.agencies()
    keys = [key for key in keys if _awake(desk, key, found)]
    desk.brace(keys)
    for key in keys:
        try:
            found.done += _agency(desk, key)
        except CscError as error:
            found.failures.append((key, error))
    broken = {key for key, _ in found.failures}
    keys = [key for key in keys if key not in broken]
    if keys:
        found.failures += deliver(desk, keys, told=lambda one: found.done.append(_told(one))).failures
    return found


def _told(one: Delivery) -> Swept:
    return Swept(one.ticket, "tell", f"{one.to} of {one.event}, by {one.transport}")


def _awake(desk: Desk, key: str, found: Sweep) -> bool:
    """Whether there may be anything to do in an agency: most often its agenda says no, and nothing else is read."""
    now = desk.clock()
    try:
        agenda = desk.store.agenda(key)
        if agenda is None or agenda.finished or (agenda.at is not None and agenda.at <= now):
            return True
        return agenda.quiet is not None and _closes(desk, key, agenda.quiet) <= now
    except CscError as error:
        found.failures.append((key, error))
        return False


def _agency(desk: Desk, key: str) -> list[Swept]:
    now = desk.clock()
    due = [t.key for t in desk.store.find(Query(agencies=(key,))) if _due(desk, t, now)]
    done: list[Swept] = []
    if due:
        with desk.unit(key) as unit:
            for ticket in map(unit.get, due):
                swept, what = _swept(desk, ticket, now)
                if what:
                    desk.keep(unit, swept, len(ticket.history))
                    done += what
    moved = desk.store.archivable(key)
    if moved:  # else no lock is asked for, which may be another group's
        moved = moved if desk.dry_run else desk.store.archive(key)
        done.append(Swept(key, "archive", f"{moved} finished ticket{'s' * (moved != 1)}"))
    return done


def _due(desk: Desk, ticket: Ticket, now: datetime) -> bool:
    """Whether there is anything to do for a ticket as it stands."""
    return _held_until(ticket, now) is not None or bool(due_alarms(ticket, now)) or _quiet(desk, ticket, now)


def _swept(desk: Desk, ticket: Ticket, now: datetime) -> tuple[Ticket, list[Swept]]:
    """The ticket after everything that is due, and what that was."""
    done: list[Swept] = []
    until = _held_until(ticket, now)
    if until is not None:
        ticket = lifecycle.resume(ticket, _stamp(desk, ticket, until), note="the date of the hold has passed")
        done.append(Swept(ticket.key, "resume", f"held until {lifecycle.rfc3339(until)}"))
    for alarm in due_alarms(ticket, now):
        ticket = _alarmed(desk, ticket, alarm, now)
        done.append(Swept(ticket.key, alarm.verb, f"{alarm.clock} {_when(alarm)}"))
        ticket, escalated = _escalated(desk, ticket, alarm, now)
        done += escalated
    if _quiet(desk, ticket, now):
        ticket, closed = _closed(desk, ticket, now)
        done += closed
    return ticket, done


def _closed(desk: Desk, ticket: Ticket, now: datetime) -> tuple[Ticket, list[Swept]]:
    why = "quiet since it was resolved"
    after = lifecycle.close(ticket, _stamp(desk, ticket, now), note=why)
    try:
        desk.object(ticket, after, "close")
    except RefusedError:
        return ticket, []  # an agency may object to closing by itself; the next sweep asks again
    return after, [Swept(ticket.key, "close", why)]


def _held_until(ticket: Ticket, now: datetime) -> datetime | None:
    """The date of a hold that has passed."""
    until = held_until(ticket)
    return until if until is not None and until <= now else None


def _stamp(desk: Desk, ticket: Ticket, at: datetime) -> Stamp:
    """A time that has passed, but not before the ticket's last event: a sweep that comes late still says when."""
    last = ticket.history[-1].at if ticket.history else at
    return Stamp(desk.op, max(at, last), desk.actor.name, desk.actor.via)


def _alarmed(desk: Desk, ticket: Ticket, alarm: Alarm, now: datetime) -> Ticket:
    return lifecycle.record(ticket, _stamp(desk, ticket, now), alarm.verb, {}, extra=told(alarm))


def _when(alarm: Alarm) -> str:
    at = lifecycle.rfc3339(alarm.at)
    if alarm.verb == "warn":
        return f"is at risk since {at}"
    promised = lifecycle.rfc3339(alarm.promised or alarm.at)
    return f"was promised for {promised}" + (f", and counts as broken since {at}" if promised != at else "")


def _escalated(desk: Desk, ticket: Ticket, alarm: Alarm, now: datetime) -> tuple[Ticket, list[Swept]]:
    """What the first fitting rule of `[[sweep.escalate]]` makes of an alarm.

    A functional escalation that is refused (nobody above, ping-pong) becomes a hierarchic one: somebody has to know.
    """
    rule = next((r for r in desk.settings.sweep.escalate if fits(r, alarm, ticket)), None)
    if rule is None or not ticket.open:
        return ticket, []
    stamp = _stamp(desk, ticket, now)
    reason = f"{alarm.verb} of {alarm.clock}"
    hierarchic = partial(handover.escalate_hierarchic, ticket, stamp, to=desk.above(ticket))
    if rule.how == "hierarchic":
        after = hierarchic(reason=reason)
    else:
        try:
            after = desk.escalated(ticket, stamp, reason)
        except RefusedError as error:
            after = hierarchic(reason=f"{reason}; {error.message}")
    event = after.history[-1]
    whom = event.changes["told"][1] if "told" in event.changes else after.queue
    return after, [Swept(after.key, "escalate", f"{reason}, to {whom}")]


def fits(rule: AutoEscalation, alarm: Alarm, ticket: Ticket) -> bool:
    """Whether a rule speaks of this alarm of this ticket."""
    wanted = (
        (rule.clocks, alarm.clock), (rule.kinds, ticket.kind), (rule.priorities, ticket.priority),
        (rule.queues, ticket.queue), (rule.tiers, ticket.tier),
    )  # fmt: skip
    return rule.on == alarm.verb and all(not words or word in words for words, word in wanted)


def _quiet(desk: Desk, ticket: Ticket, now: datetime) -> bool:
    """Whether a resolved ticket has been quiet for `close_after`, in the agency's calendar."""
    since = quiet_since(ticket)
    return since is not None and _closes(desk, ticket.agency, since) <= now


def _closes(desk: Desk, key: str, since: datetime) -> datetime:
    """When a resolved ticket closes that has been quiet since then. A later `since` is never an earlier end."""
    after = desk.settings.lifecycle.close_after
    return window_end(desk.settings, desk.directory.agency(key), desk.directory.statutory, since, after)
