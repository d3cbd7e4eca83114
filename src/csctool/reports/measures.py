"""What is measured on one ticket, and how many measurements become one number. Definitions: docs/measures.md."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from csctool.domain.query import Range
from csctool.domain.ticket import Ticket
from csctool.domain.words import LIVE_CHANNELS

#: How long "during the contact" may last: nobody records when the caller hung up, and a call at an IT desk takes some
#: ten minutes; what the same person resolved within a quarter of an hour was resolved while the caller was there.
CONTACT = timedelta(minutes=15)

#: What an event changed of a field that it did not change.
UNCHANGED = (None, None)


# -- one ticket ----------------------------------------------------------------------------------------------


def opened_in(ticket: Ticket, period: Range) -> datetime | None:
    """When in the period the ticket was opened."""
    return ticket.opened_at if period.holds(ticket.opened_at) else None


def resolved_in(ticket: Ticket, period: Range) -> datetime | None:
    """The last time in the period at which the ticket was resolved, also when it was reopened since.

    Cancelled and duplicate tickets stand apart: they have none.
    """
    if ticket.status == "cancelled":
        return None
    return _last(_became(ticket, "resolved", ticket.resolved_at), period)


def closed_in(ticket: Ticket, period: Range) -> datetime | None:
    """The last time in the period at which the ticket was closed after a resolution, also when reopened since."""
    if ticket.status == "cancelled":
        return None
    return _last(_became(ticket, "closed", ticket.closed_at), period)


def cancelled_in(ticket: Ticket, period: Range) -> datetime | None:
    """When in the period the ticket was cancelled, merged or transferred away."""
    return ticket.closed_at if ticket.status == "cancelled" and period.holds(ticket.closed_at) else None


def reopened_in(ticket: Ticket, period: Range) -> datetime | None:
    """The last time in the period at which the ticket was reopened."""
    return _last([e.at for e in ticket.history if e.verb == "reopen"], period)


def reopened(ticket: Ticket) -> bool:
    """Whether it was ever reopened."""
    return any(event.verb == "reopen" for event in ticket.history)


def held(ticket: Ticket) -> bool:
    """Whether it was ever on hold."""
    return any(event.changes.get("status", UNCHANGED)[1] == "on-hold" for event in ticket.history)


def dirty(ticket: Ticket) -> bool:
    """Whether its times can't be true: no opening, or answered, resolved or closed before it was opened."""
    opened = ticket.opened_at
    if opened is None:
        return True
    ends = (ticket.responded_at, ticket.resolved_at, ticket.closed_at)
    return any(end is not None and end < opened for end in ends)


def first_level(ticket: Ticket, first_tier: str) -> bool:
    """Of a resolved ticket: whether the first tier resolved it. A ticket keeps the tier that resolved it."""
    return ticket.tier == first_tier


def first_contact(ticket: Ticket, first_tier: str) -> bool:
    """Whether it was resolved during the contact (domain: Measures).

    Live channel, resolved by the first tier's person who opened it within `CONTACT`, no hand-over, no hold, never
    reopened.
    """
    if ticket.channel not in LIVE_CHANNELS or not first_level(ticket, first_tier) or ticket.handovers:
        return False
    if ticket.opened_at is None or ticket.resolved_at is None:
        return False
    if not timedelta() <= ticket.resolved_at - ticket.opened_at <= CONTACT:
        return False
    return _one_person(ticket) and not held(ticket) and not reopened(ticket)


def _one_person(ticket: Ticket) -> bool:
    """Whether the actor of the opening also resolved it."""
    history = ticket.history
    if not history:
        return False
    by = next((e.actor for e in reversed(history) if e.changes.get("status", UNCHANGED)[1] == "resolved"), None)
    return by == history[0].actor


def _became(ticket: Ticket, status: str, current: datetime | None) -> list[datetime]:
    """When the ticket took on a status. Only a reopened ticket did so more than once, so only its history is read;
    the ticket's own field beats the event, because an import may know the real time only for the field."""
    if not reopened(ticket):
        return [current] if current else []
    times = [e.at for e in ticket.history if e.changes.get("status", UNCHANGED)[1] == status]
    if current:
        times[-1:] = [current]
    return times


def _last(times: Iterable[datetime], period: Range) -> datetime | None:
    return max((at for at in times if period.holds(at)), default=None)


# -- many measurements ---------------------------------------------------------------------------------------


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` of the sorted `values` lie, between neighbours in proportion; None of nothing.

    Linear interpolation with the extremes at 0 and 1: type 7 of Hyndman & Fan (1996), "inclusive" in Python's
    `statistics`, `PERCENTILE.INC` in spreadsheets. At 0.5 it is the median that everybody knows.
    """
    if not values:
        return None
    place = (len(values) - 1) * share
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def percent(part: int, whole: int) -> float | None:
    """A rate in per cent, one decimal; None when there is nothing to measure."""
    return round(100 * part / whole, 1) if whole else None


def hours(seconds: float | None) -> float | None:
    """Seconds as hours, two decimals."""
    return None if seconds is None else round(seconds / 3600, 2)


class Spread:
    """Durations in elapsed time, collected for mean, median and p90."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def add(self, since: datetime | None, until: datetime | None) -> None:
        """Measure from one time to another; nothing when either is missing."""
        if since is not None and until is not None:
            self.seconds.append((until - since).total_seconds())

    def total(self) -> float | None:
        """Hours in all."""
        return hours(sum(self.seconds)) if self.seconds else None

    def columns(self, name: str, *wanted: str) -> dict[str, float | None]:
        """`wanted` of mean, median and p90 as columns `NAME_median_h` …, in hours."""
        self.seconds.sort()
        return {f"{name}_{what}_h": hours(_STATISTICS[what](self.seconds)) for what in wanted}


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _median(values: Sequence[float]) -> float | None:
    return quantile(values, 0.5)


def _p90(values: Sequence[float]) -> float | None:
    return quantile(values, 0.9)


_STATISTICS = {"mean": _mean, "median": _median, "p90": _p90}
