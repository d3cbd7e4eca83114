"""What waits for its time: when a sweep may have something to do, as far as tickets and the outbox tell by themselves.

A store keeps this beside the tickets, so that a sweep which comes when nothing is due looks at no ticket. Nothing in it
depends on the settings, so it is right for as long as the tickets stay as they are. It may name a time too early, and
never one too late. Whoever gives the sweep something new to do lets its time count here.
"""

from collections.abc import Iterable
from datetime import datetime

from csctool.domain.lifecycle import holding
from csctool.domain.ticket import Due, Frozen, Ticket

#: Verbs that tell of time passing; they are no activity that would put off the closing.
_TELLING = frozenset({"warn", "breach"})


class Agenda(Frozen, frozen=True, omit_defaults=True):
    """Of one ticket, or of all of an agency's together.

    `at` is the earliest moment at which anything may be due: an alarm, the end of a hold, a message that waits. `quiet`
    is since when the resolved ticket that is quiet longest has been; when it closes depends on the settings. `finished`
    counts tickets that wait for the archive.
    """

    at: datetime | None = None
    quiet: datetime | None = None
    finished: int = 0


def agenda(ticket: Ticket) -> Agenda:
    """What one ticket waits for; nothing once it is finished, but for the archive."""
    if not ticket.live:
        return Agenda(finished=1)
    times = [held_until(ticket)]
    if ticket.sla or ticket.due != Due():
        from csctool.domain.sla.alarms import next_alarm

        times.append(next_alarm(ticket))
    return Agenda(earliest(times), quiet_since(ticket))


def together(agendas: Iterable[Agenda], *more: datetime | None) -> Agenda:
    """What all of them wait for, and `more` moments besides."""
    found = list(agendas)
    times = [*(one.at for one in found), *more]
    return Agenda(earliest(times), earliest(one.quiet for one in found), sum(one.finished for one in found))


def earliest(times: Iterable[datetime | None]) -> datetime | None:
    """The first of some moments; None where there is none."""
    return min((at for at in times if at is not None), default=None)


def held_until(ticket: Ticket) -> datetime | None:
    """The date on which a hold ends by itself. None for a ticket that is not held, or not until a date."""
    held = holding(ticket)
    return datetime.fromisoformat(held["until"]) if held and held["until"] else None


def quiet_since(ticket: Ticket) -> datetime | None:
    """The last time that anything happened to a resolved ticket; None for one that is not resolved."""
    if ticket.status != "resolved":
        return None
    return next((e.at for e in reversed(ticket.history) if e.verb not in _TELLING), ticket.resolved_at)
