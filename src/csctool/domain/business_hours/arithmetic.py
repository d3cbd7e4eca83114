"""What is asked of a calendar: due, elapsed, back, open. Pure functions of aware times; answers are UTC, whole seconds.

A calendar is open from an opening (included) to its closing (excluded). Hence a start at the very second of closing
lies outside hours, while a duration that runs out at that second is due then, not at the next opening.
"""

from datetime import UTC, date, datetime, timedelta

from csctool.domain.business_hours.calendar import Calendar
from csctool.domain.business_hours.duration import WORKING, Duration
from csctool.domain.business_hours.zones import EPOCH
from csctool.errors import RefusedError


def due(calendar: Calendar, start: datetime, duration: Duration) -> datetime:
    """When `duration` from `start` has run out.

    Working time (`s m h`) runs while the calendar is open. Working days (`wd`) are the same time of day that many
    opening days later; a start outside hours first moves to the next opening, as does a time that is not open on the
    target day. `d` and `w` are elapsed time, whatever the calendar. Raises RefusedError when the calendar is not open
    long enough within 200 years, or the answer is no date.
    """
    length = WORKING.get(duration.unit)
    if length:  # written out: this is asked 200,000 times a second
        since = start - EPOCH
        second = calendar.timeline.after(since.days * 86400 + since.seconds, duration.amount * length)
        return EPOCH + timedelta(0, second)
    if duration.unit == "wd":
        return _moment(calendar.timeline.days_after(_second(start), duration.amount))
    return _shifted(start, duration.seconds)


def back(calendar: Calendar, end: datetime, duration: Duration) -> datetime:
    """The latest start from which `duration` runs out at `end`: the mirror image of `due`.

    An end outside hours (at an opening included) counts from the last closing, `0s` from there is that closing; a
    duration that is used up exactly at an opening began at that opening. Raises RefusedError as `due` does.
    """
    length = WORKING.get(duration.unit)
    if length:
        return _moment(calendar.timeline.before(_second(end), duration.amount * length))
    if duration.unit == "wd":
        return _moment(calendar.timeline.days_before(_second(end), duration.amount))
    return _shifted(end, -duration.seconds)


def elapsed(calendar: Calendar, start: datetime, end: datetime) -> int:
    """Working seconds from `start` to `end`; 0 when `end` is not later.

    Raises RefusedError for more than 200 years, except in a calendar that never closes.
    """
    return calendar.timeline.between(_second(start), _second(end))


def working_seconds(calendar: Calendar, start: datetime, duration: Duration) -> int:
    """How much working time `duration` is from `start`: what a target in working days becomes at registration."""
    if duration.unit in WORKING:
        return duration.seconds
    return elapsed(calendar, start, due(calendar, start, duration))


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Whether the calendar is open at that second."""
    return calendar.timeline.is_open(_second(at))


def is_holiday(calendar: Calendar, day: date) -> bool:
    """Whether the day is a holiday, listed or statutory; dated exceptions may open it all the same."""
    return calendar.timeline.is_holiday(day.toordinal())


def openings(calendar: Calendar, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """The times from `since` to `until` at which the calendar is open, as (opening, closing), cut to that range."""
    return [(_moment(a), _moment(b)) for a, b in calendar.timeline.pieces(_second(since), _second(until))]


def _second(at: datetime) -> int:
    """Seconds since 1970, rounded down: times of the desk are whole seconds. TypeError for a time without a zone."""
    since = at - EPOCH
    return since.days * 86400 + since.seconds


def _moment(second: int) -> datetime:
    return EPOCH + timedelta(0, second)


def _shifted(at: datetime, seconds: int) -> datetime:
    try:
        return at.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
    except OverflowError:
        raise RefusedError(f"{seconds // 86400} days from {at:%Y-%m-%d} is no date") from None
