"""What is measured on one ticket, and how many measurements become one number. Definitions: docs/measures.md."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from csctool.domain.query import Range
from csctool.domain.ticket import Ticket
from csctool.domain.words import LIVE_CHANNELS
from csctool.errors import RefusedError

if TYPE_CHECKING:  # most reports measure no working time and need not load it
    from csctool.domain.business_hours import Calendar

#: How long "during the contact" may last: nobody records when the caller hung up, and a call at an IT desk takes some
#: ten minutes; what the same person resolved within a quarter of an hour was resolved while the caller was there.
CONTACT = timedelta(minutes=15)

#: What an event changed of a field that it did not change.
UNCHANGED = (None, None)


# -- one ticket ----------------------------------------------------------------------------------------------


def happened(ticket: Ticket, period: Range) -> dict[str, datetime]:
    """Which of opened, resolved, closed, cancelled and reopened happened in the period: each with its last time there.

    A ticket that was resolved or closed in the period counts so even when it was reopened since. A cancelled one (also
    as a duplicate, or transferred) stands apart: it was opened and cancelled, and never resolved.
    """
    last = {"opened": ticket.opened_at}
    if ticket.status == "cancelled":
        last["cancelled"] = ticket.closed_at
    else:
        last["resolved"] = ticket.resolved_at
        last["closed"] = ticket.closed_at
    if reopened(ticket):
        last.update(_again(ticket, period))
    return {name: at for name, at in last.items() if at is not None and period.holds(at)}


def resolved_in(ticket: Ticket, period: Range) -> datetime | None:
    """The same for the resolution alone, which several reports ask of every ticket."""
    if ticket.status == "cancelled":
        return None
    if reopened(ticket):
        return _again(ticket, period)["resolved"]
    return ticket.resolved_at if period.holds(ticket.resolved_at) else None


def _again(ticket: Ticket, period: Range) -> dict[str, datetime | None]:
    """What only the history of a reopened ticket tells: the last reopening, resolution and closing in the period.

    The ticket's own field beats the last such event: an import may know the real time only for the field.
    """
    last = {"reopened": _last([e.at for e in ticket.history if e.verb == "reopen"], period)}
    if ticket.status == "cancelled":
        return last
    for status, current in (("resolved", ticket.resolved_at), ("closed", ticket.closed_at)):
        times = [e.at for e in ticket.history if e.changes.get("status", UNCHANGED)[1] == status]
        if current:
            times[-1:] = [current]
        last[status] = _last(times, period)
    return last


def _last(times: Iterable[datetime], period: Range) -> datetime | None:
    return max((at for at in times if period.holds(at)), default=None)


def reopened(ticket: Ticket) -> bool:
    """Whether it was ever reopened."""
    for event in ticket.history:  # noqa: SIM110  any() takes twice as long, and this is asked of every ticket
        if event.verb == "reopen":
            return True
    return False


def held(ticket: Ticket) -> bool:
    """Whether it was ever on hold."""
    return any(event.changes.get("status", UNCHANGED)[1] == "on-hold" for event in ticket.history)


def dirty(ticket: Ticket) -> bool:
    """Whether its times can't be true: no opening, or answered, resolved or closed before it was opened."""
    opened = ticket.opened_at
    if opened is None:
        return True
    responded, resolved, closed = ticket.responded_at, ticket.resolved_at, ticket.closed_at
    return (
        (responded is not None and responded < opened)
        or (resolved is not None and resolved < opened)
        or (closed is not None and closed < opened)
    )


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
    """Durations, collected for mean, median and p90."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def add(self, since: datetime | None, until: datetime | None) -> None:
        """Measure from one time to another; nothing when either is missing."""
        if since is not None and until is not None:
            self.seconds.append((until - since).total_seconds())

    def add_working(self, calendar: "Calendar", since: datetime | None, until: datetime | None) -> None:
        """The same in a calendar's working time; nothing where it knows none (more than 200 years apart)."""
        if since is not None and until is not None:
            from csctool.domain.business_hours import elapsed

            try:
                self.seconds.append(elapsed(calendar, since, until))
            except RefusedError:
                return

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
