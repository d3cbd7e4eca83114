"""Time zones: IANA names, and where a wall-clock time lies in UTC."""

from datetime import UTC, date, datetime, timedelta, tzinfo

from csctool.errors import SettingsError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1).toordinal()


def find_zone(name: str, where: str) -> tzinfo:
    """The zone of that name. Raises SettingsError, beginning with `where`, and names what looks like it."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # here, because importing it costs start-up and many commands need no zone

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):  # unknown, a path, a directory, not a text
        raise SettingsError(f"{where}: unknown time zone {name!r}", _alike(str(name))) from None


def _alike(name: str) -> str:
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    known = {zone.lower(): zone for zone in available_timezones()}
    close = get_close_matches(name.lower().replace(" ", "_"), known, n=1)
    return f"did you mean {known[close[0]]}?" if close else "write an IANA name such as America/Chicago"


def reaches(zone: tzinfo, day: int, seconds: int) -> int:
    """The first second (since 1970) at which the wall clock shows that time of that day (an ordinal), or a later one.

    A time that a DST change repeats is its first pass; one that it skips is the moment of the change. The rule is
    monotone, so intervals that don't overlap on the wall don't overlap in UTC, and what lies between is real time.
    """
    wall = (day - EPOCH_DAY) * 86400 + seconds
    if zone is UTC:
        return wall
    shown = datetime.fromordinal(day).replace(tzinfo=zone) + timedelta(seconds=seconds)
    first = _offset(shown)
    second = _offset(shown.replace(fold=1))
    if first >= second:  # the usual case, and the repeated hour: the earlier of the two
        return wall - first
    return _change(zone, wall - second, wall - first, first)


def offset_at(zone: tzinfo, second: int) -> int:
    """The offset from UTC, in seconds, at that second since 1970."""
    return 0 if zone is UTC else _offset(datetime.fromtimestamp(second, zone))


def _offset(at: datetime) -> int:
    offset = at.utcoffset() or timedelta()
    return offset.days * 86400 + offset.seconds


def _change(zone: tzinfo, low: int, high: int, before: int) -> int:
    """The first second in (low, high] at which the offset is no longer `before`."""
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high
