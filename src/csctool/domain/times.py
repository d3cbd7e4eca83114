"""Times and durations as people write them: `7d`, `yesterday`, `2026-10`, `2026-10-01..2026-10-31`, `fiscal-year`.

Every function takes `now` and the desk's time zone, and where periods have names the month and day on which the fiscal
year begins (`07-01`, a day that every year has); answers are UTC, whole seconds.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo

from csctool.domain.query import Range
from csctool.errors import UsageError

_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?", re.IGNORECASE
)
_MONTH = re.compile(r"(\d{4})-(\d\d)")
_YEAR = re.compile(r"\d{4}")
_PART = re.compile(r"(\d{4})-([qw])(\d{1,2})")
_SPAN = re.compile(r"(\d{1,9})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def elapsed(text: str) -> timedelta:
    """A duration in elapsed time, `90m`, `14d`, `2w`. Raises UsageError for anything else."""
    found = _SPAN.fullmatch(text)
    if not found:
        raise UsageError(f"not a duration: {text!r}", "write e.g. 90s, 45m, 4h, 14d or 2w")
    try:
        return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
    except OverflowError:
        raise UsageError(f"too long a duration: {text!r}") from None


def moment(text: str, now: datetime, zone: tzinfo, *, ahead: bool = False, fiscal: str = "01-01") -> datetime:
    """One time. A bare duration lies behind `now`, or `ahead` of it; a date is its first second in the desk's zone.

    A time of day (`14:30`) is the last one in the desk's zone, or the next one `ahead`.

    Raises UsageError for what is no time, also for a date that does not exist.
    """
    try:
        return _moment(text, now, zone, ahead, fiscal)
    except OverflowError:
        raise UsageError(f"too far away: {text!r}", "years go from 1 to 9999") from None


def _moment(text: str, now: datetime, zone: tzinfo, ahead: bool, fiscal: str) -> datetime:
    word = text.strip()
    if word.lower() == "now":
        return now
    if _SPAN.fullmatch(word):
        return now + elapsed(word) if ahead else now - elapsed(word)
    iso = _ISO.fullmatch(word)
    if iso:
        return _iso(iso, text, zone)
    if clock := _CLOCK.fullmatch(word):
        return _of_day(int(clock[1]), int(clock[2]), text, now, zone, ahead)
    found = _named(word, now, zone, fiscal) or _loose(word, now, zone)
    if found is None or found.since is None:
        raise UsageError(f"not a time: {text!r}", "write e.g. 2026-11-01, 2026-11-01T14:30, 7d or yesterday")
    return found.since


def span(text: str, now: datetime, zone: tzinfo, *, fiscal: str = "01-01") -> Range:
    """A range of times. `A..B` with dates includes the day B; a date, month or year is the whole of it; `7d` is the
    last seven days; either side of `..` may be left out."""
    try:
        return _span(text, now, zone, fiscal)
    except OverflowError:
        raise UsageError(f"too far away: {text!r}", "years go from 1 to 9999") from None


def _span(text: str, now: datetime, zone: tzinfo, fiscal: str) -> Range:
    word = text.strip()
    if ".." in word:
        first, _, last = word.partition("..")
        since = moment(first, now, zone, fiscal=fiscal) if first else None
        until = _end(last, now, zone, fiscal) if last else None
        if since and until and until <= since:
            raise UsageError(f"{text!r} ends before it begins")
        return Range(since, until)
    if _SPAN.fullmatch(word):
        return Range(now - elapsed(word), now + timedelta(seconds=1))
    return Range(moment(word, now, zone, fiscal=fiscal), _end(word, now, zone, fiscal))


def _end(word: str, now: datetime, zone: tzinfo, fiscal: str) -> datetime:
    """Where a range that names `word` as its last part ends: after the day, month or year, after the second."""
    word = word.strip()
    iso = _ISO.fullmatch(word)
    if iso and iso[4] is None:
        return _day_after(_iso(iso, word, zone), zone)
    if not iso:
        named = _named(word, now, zone, fiscal)
        if named and named.until:
            return named.until
    return moment(word, now, zone, fiscal=fiscal) + timedelta(seconds=1)


def _iso(found: re.Match[str], text: str, zone: tzinfo) -> datetime:
    year, month, day, hour, minute, second, offset = found.groups()
    try:
        naive = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
        if offset is None:
            return naive.replace(tzinfo=zone).astimezone(UTC)
        if offset in ("Z", "z"):
            return naive.replace(tzinfo=UTC)
        sign = -1 if offset[0] == "-" else 1
        if int(offset[1:3]) > 23 or int(offset[-2:]) > 59:
            raise UsageError(f"no such time: {text!r}", f"there is no zone {offset}")
        shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
        return (naive - sign * shift).replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"no such time: {text!r}", str(error)) from None


def _of_day(hour: int, minute: int, text: str, now: datetime, zone: tzinfo, ahead: bool) -> datetime:
    if hour > 23 or minute > 59:
        raise UsageError(f"no such time: {text!r}", "a day has 00:00 to 23:59")
    days = [_midnight(now, zone) + timedelta(days=more) for more in (-1, 0, 1)]
    found = [_local(day.replace(hour=hour, minute=minute), zone) for day in days]
    if ahead:
        return next((at for at in found if at > now), found[-1])
    return next(at for at in reversed(found) if at <= now)


def _midnight(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)


def _local(naive: datetime, zone: tzinfo) -> datetime:
    return naive.replace(tzinfo=zone).astimezone(UTC)


def _day_after(at: datetime, zone: tzinfo) -> datetime:
    return _local(_midnight(at, zone) + timedelta(days=1), zone)


def _months(year: int, month: int, count: int, zone: tzinfo) -> Range:
    """`count` whole months from the first of one."""
    last = year * 12 + month - 1 + count
    try:
        return Range(_local(datetime(year, month, 1), zone), _local(datetime(last // 12, last % 12 + 1, 1), zone))
    except (ValueError, OverflowError):
        raise UsageError(f"no such month: {year:04d}-{month:02d}") from None


def _named(word: str, now: datetime, zone: tzinfo, fiscal: str) -> Range | None:
    """Periods that have a name, in the desk's zone; weeks begin on Monday (ISO 8601). None for what is no name."""
    word = word.lower()
    month = _MONTH.fullmatch(word)
    if month:
        return _months(int(month[1]), int(month[2]), 1, zone)
    if _YEAR.fullmatch(word):
        return _months(int(word), 1, 12, zone)
    part = _PART.fullmatch(word)
    if part:
        return _part_of_year(int(part[1]), part[2], int(part[3]), zone)
    today = _midnight(now, zone)
    days = {"today": (0, 1), "yesterday": (-1, 0), "tomorrow": (1, 2)}.get(word)
    if days:
        return Range(_local(today + timedelta(days=days[0]), zone), _local(today + timedelta(days=days[1]), zone))
    which, _, unit = (f"this-{word}" if word == "fiscal-year" else word).partition("-")
    if which not in ("this", "last", "next"):
        return None
    step = {"last": -1, "this": 0, "next": 1}[which]
    if unit == "week":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=step)
        return Range(_local(monday, zone), _local(monday + timedelta(weeks=1), zone))
    if unit == "fiscal-year":
        return _fiscal_year(today, fiscal, step, zone)
    size = {"month": 1, "quarter": 3, "year": 12}.get(unit)
    if size is None:
        return None
    first = (today.year * 12 + today.month - 1) // size * size + step * size
    return _months(first // 12, first % 12 + 1, size, zone)


def _part_of_year(year: int, unit: str, number: int, zone: tzinfo) -> Range:
    """`2026-q3`, and `2026-w45` as ISO 8601 counts weeks."""
    if unit == "q" and 1 <= number <= 4:
        return _months(year, number * 3 - 2, 3, zone)
    try:
        monday = datetime.fromisocalendar(year, number, 1) if unit == "w" else None
    except ValueError:
        monday = None
    if monday is None:
        raise UsageError(f"no such {'week' if unit == 'w' else 'quarter'}: {year:04d}-{unit}{number}")
    return Range(_local(monday, zone), _local(monday + timedelta(weeks=1), zone))


def _fiscal_year(today: datetime, fiscal: str, step: int, zone: tzinfo) -> Range:
    """The fiscal year that holds today, or the `step`-th after it, from its first day to the next one's."""
    month, day = map(int, fiscal.split("-"))
    year = today.year + step - ((today.month, today.day) < (month, day))
    try:
        first, last = (datetime(y, month, day) for y in (year, year + 1))
    except ValueError:
        raise OverflowError from None
    return Range(_local(first, zone), _local(last, zone))


def _loose(word: str, now: datetime, zone: tzinfo) -> Range | None:
    """What only a person would write, `1 Nov 2026 14:00`; dateutil reads it, and is imported only for this."""
    if not any(c.isalpha() for c in word) or not any(c.isdigit() for c in word) or len(word) > 60:
        return None
    import warnings

    from dateutil import parser

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", parser.UnknownTimezoneWarning)  # a zone that nobody knows is no time
            found = parser.parse(word, default=_midnight(now, zone))
        return Range((found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC).replace(microsecond=0))
    except (ValueError, OverflowError, TypeError, AttributeError, ArithmeticError, parser.UnknownTimezoneWarning):
        return None  # dateutil trips over some texts instead of refusing them
