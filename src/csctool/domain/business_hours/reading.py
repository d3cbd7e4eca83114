"""Hours as settings write them -> a Calendar. Everything wrong is a SettingsError that begins with the key."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from itertools import pairwise

from csctool.domain.business_hours.calendar import ALWAYS, DAYS, Calendar, Interval, Weekly
from csctool.domain.business_hours.zones import find_zone
from csctool.errors import SettingsError

_INTERVAL = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DAY = 86400


def parse_calendar(
    name: str, *, zone: str, hours: object, holidays: object = (), exceptions: object = None,
    holidays_of: Callable[[int], Collection[date]] | None = None, where: str = "",
) -> Calendar:  # fmt: skip
    """A calendar from the values of its section; `where` is the section's name in error messages.

    The zone's name is looked up when the calendar is first asked, because that costs start-up; `check_zone` does it
    at once. A calendar that never opens is one: nothing is ever due in it, and no time runs.
    """
    where = where or f"calendars.{name}"
    if not isinstance(zone, str) or not zone:
        raise SettingsError(f"{where}.timezone: not a time zone: {zone!r}", "write e.g. America/Chicago")
    return Calendar(
        name=name,
        zone=zone,
        weekly=parse_hours(hours, f"{where}.hours"),
        holidays=parse_holidays(holidays, f"{where}.holidays"),
        exceptions=parse_exceptions({} if exceptions is None else exceptions, f"{where}.exceptions"),
        holidays_of=holidays_of,
    )


def parse_hours(value: object, where: str = "hours") -> Weekly:
    """`"24x7"`, or a table from weekday to intervals; a weekday left out, or with an empty list, is closed.

    Intervals of a day, and a night shift and the next day's, may touch but not overlap.
    """
    if value == "24x7":
        return ALWAYS
    if not isinstance(value, Mapping):
        raise SettingsError(f"{where}: {value!r} are no hours", 'write "24x7" or e.g. { mon = ["08:00-17:00"] }')
    unknown = next((key for key in value if key not in DAYS), None)
    if unknown is not None:
        raise SettingsError(f"{where}: unknown weekday {unknown!r}", f"write one of {', '.join(DAYS)}")
    weekly = tuple(_intervals(value.get(day, []), f"{where}.{day}") for day in DAYS)
    for i, day in enumerate(DAYS):
        _not_into(weekly[i], weekly[(i + 1) % 7], f"{where}.{day}", DAYS[(i + 1) % 7])
    return weekly


def parse_exceptions(value: object, where: str = "exceptions") -> dict[date, tuple[Interval, ...]]:
    """A table from date to the intervals that replace that day's; an empty list closes the day."""
    if not isinstance(value, Mapping):
        raise SettingsError(f"{where}: {value!r} is no table", 'write e.g. { "2026-12-24" = ["08:00-12:00"] }')
    return {_date(key, where): _intervals(hours, f"{where}.{key}") for key, hours in value.items()}


def parse_holidays(value: object, where: str = "holidays") -> frozenset[date]:
    """A list of dates."""
    if not isinstance(value, Collection) or isinstance(value, (str, bytes, Mapping)):
        raise SettingsError(f"{where}: {value!r} is no list", 'write e.g. ["2026-11-26", "2026-12-25"]')
    return frozenset(_date(day, where) for day in value)


def check_zone(name: str, where: str = "timezone") -> None:
    """Refuse a time zone that does not exist here, with the one that looks like it."""
    find_zone(name, where)


def _intervals(value: object, where: str) -> tuple[Interval, ...]:
    if not isinstance(value, (list, tuple)):
        raise SettingsError(f"{where}: {value!r} is no list of intervals", 'write e.g. ["08:00-12:00", "13:00-17:00"]')
    found = sorted(_interval(text, where) for text in value)
    for first, second in pairwise(found):
        if second.opens < first.closes:
            raise SettingsError(
                f"{where}: {first} and {second} overlap", "join them, or let one end where the other begins"
            )
    return tuple(found)


def _interval(text: object, where: str) -> Interval:
    parts = _INTERVAL.fullmatch(text) if isinstance(text, str) else None
    if not parts:
        raise SettingsError(f"{where}: not an interval: {text!r}", 'write e.g. "08:00-17:00"')
    opens = _time(parts[1], parts[2], where)
    closes = _time(parts[3], parts[4], where)
    if opens == _DAY:
        raise SettingsError(f"{where}: {text!r} begins at 24:00", "write 00:00 on the next day")
    if opens == closes:
        raise SettingsError(f"{where}: {text!r} is empty", "leave it out, or write 00:00-24:00 for the whole day")
    return Interval(opens, closes if closes > opens else closes + _DAY)


def _time(hour: str, minute: str, where: str) -> int:
    seconds = int(hour) * 3600 + int(minute) * 60
    if int(minute) > 59 or seconds > _DAY:
        raise SettingsError(f"{where}: {hour}:{minute} is no time of day", "times go from 00:00 to 24:00")
    return seconds


def _not_into(today: tuple[Interval, ...], tomorrow: tuple[Interval, ...], where: str, name: str) -> None:
    """Refuse a night shift that reaches into the next day's hours."""
    if today and tomorrow and today[-1].closes - _DAY > tomorrow[0].opens:
        raise SettingsError(
            f"{where}: {today[-1]} reaches into {tomorrow[0]} on {name}", "let one end where the other begins"
        )


def _date(value: object, where: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise SettingsError(f"{where}: there is no {value}", "write a date that exists") from None
    raise SettingsError(f"{where}: not a date: {value!r}", "write e.g. 2026-12-24")
