"""Quiet hours on a wall clock: from then to then, each day, nobody is told anything."""

import re
from datetime import datetime, timedelta, tzinfo

#: Seconds of the wall clock after midnight; an end that is not later than the beginning lies on the next day.
Quiet = tuple[int, int]

#: In the place of an interval: while the recipient's own calendar is closed.
CLOSED = "closed"

_INTERVAL = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_DAY = 86400


def parse_quiet(text: str) -> Quiet | None:
    """`22:00-07:00`; None for what is no such interval: an empty one, the whole day, a time that is none."""
    found = _INTERVAL.fullmatch(text)
    if not found:
        return None
    begins, ends = (int(found[at]) * 3600 + int(found[at + 1]) * 60 for at in (1, 3))
    if ends > _DAY or begins == ends or (begins, ends) == (0, _DAY):
        return None
    return begins, ends % _DAY


def is_quiet(quiet: Quiet, zone: tzinfo, at: datetime) -> bool:
    """Whether the wall clock of a zone shows a quiet time: from the beginning, included, to the end, excluded."""
    begins, ends = quiet
    shown = _shown(at.astimezone(zone))
    return begins <= shown < ends if begins < ends else shown >= begins or shown < ends


def free_from(quiet: Quiet, zone: tzinfo, at: datetime) -> datetime:
    """The first second from then on at which it is not quiet, by the wall clock. An hour that is shown twice is quiet
    twice; an end that a clock change skips is the moment of the change."""
    if not is_quiet(quiet, zone, at):
        return at
    begins, ends = quiet
    local = at.astimezone(zone)
    shown = _shown(local)
    end = _reached(zone, local.toordinal() + (ends <= begins <= shown), ends)
    if end <= at:  # clocks went back past the end: its second pass is meant
        end = at + timedelta(seconds=(ends - shown) % _DAY)
    return end if not is_quiet(quiet, zone, end) else free_from(quiet, zone, end)


def next_slot(length: int, zone: tzinfo, at: datetime) -> datetime:
    """The first moment after `at` at which a digest goes out: every `length` seconds (at most a day) from midnight of
    the wall clock, and at each midnight."""
    day = at.astimezone(zone).toordinal()
    midnight, following = (_reached(zone, one, 0) for one in (day, day + 1))
    passed = int((at - midnight).total_seconds()) // length + 1
    return min(midnight + timedelta(seconds=passed * length), following)


def _shown(local: datetime) -> int:
    return local.hour * 3600 + local.minute * 60 + local.second


def _reached(zone: tzinfo, day: int, seconds: int) -> datetime:
    """When the wall clock first shows that time of that day."""
    from csctool.domain.business_hours.zones import EPOCH, reaches  # here: who only reads hours needs no calendars

    return EPOCH + timedelta(seconds=reaches(zone, day, seconds))
