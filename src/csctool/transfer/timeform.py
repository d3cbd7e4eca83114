"""How a file writes its times: a form compiled once, because `datetime.strptime` would take most of an import."""

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

#: Directive -> the pattern of its digits or letters. The names are those of `strptime`.
_PARTS = {
    "Y": r"(?P<Y>\d{4})", "m": r"(?P<m>\d{1,2})", "d": r"(?P<d>\d{1,2})", "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})", "M": r"(?P<M>\d{1,2})", "S": r"(?P<S>\d{1,2})", "y": r"(?P<y>\d{2})",
    "p": r"(?P<p>[AaPp])\.?[Mm]\.?", "b": r"(?P<b>[A-Za-z]{3})[a-z]*", "B": r"(?P<b>[A-Za-z]{3})[a-z]*",
    "f": r"(?:\d{1,9})", "z": r"(?P<z>Z|[+-]\d\d:?\d\d)", "%": "%",
}  # fmt: skip
_MONTHS = {name.lower(): at for at, name in enumerate(calendar.month_abbr) if at}
#: How many different texts are remembered: an event log repeats the times of its ticket on every row.
_REMEMBERED = 20_000

Reader = Callable[[str], datetime]


def time_reader(form: str, zone: tzinfo) -> Reader:
    """What reads a time written in this form, as UTC in whole seconds; it raises ValueError for any other text.

    `iso` reads ISO 8601, `epoch` seconds since 1970; anything else is a form of `strptime`'s directives (Y m d H I M S
    y p b B f z). A time that names no zone is of `zone`. Raises ValueError for a form that has unknown directives or
    names no year, month and day.
    """
    read = _NAMED[form](zone) if form in _NAMED else _formed(form, zone)
    known: dict[str, datetime] = {}

    def remembering(text: str) -> datetime:
        at = known.get(text)
        if at is None:
            if len(known) >= _REMEMBERED:
                known.clear()
            try:
                at = known[text] = read(text)
            except (OverflowError, OSError):
                raise ValueError(f"no such time: {text!r}") from None
        return at

    return remembering


def _iso(zone: tzinfo) -> Reader:
    def read(text: str) -> datetime:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"no such time: {text!r}") from None
        return _utc(at, zone)

    return read


def _epoch(_zone: tzinfo) -> Reader:
    def read(text: str) -> datetime:
        try:
            return datetime.fromtimestamp(int(float(text)), UTC)
        except (ValueError, OverflowError):
            raise ValueError(f"no seconds since 1970: {text!r}") from None

    return read


_NAMED: dict[str, Callable[[tzinfo], Reader]] = {"iso": _iso, "epoch": _epoch}


def _formed(form: str, zone: tzinfo) -> Reader:
    match = re.compile(_pattern(form)).fullmatch
    twelve = "%I" in form

    def read(text: str) -> datetime:
        found = match(text)
        if not found:
            raise ValueError(f"not a time like {form}: {text!r}")
        part = found.groupdict()
        try:
            at = datetime(_year(part), _month(part), int(part["d"]), _hour(part, twelve),
                          int(part.get("M") or 0), int(part.get("S") or 0))  # fmt: skip
        except ValueError:
            raise ValueError(f"no such time: {text!r}") from None
        offset = part.get("z")
        return _utc(at, zone) if offset is None else (at - _shift(offset)).replace(tzinfo=UTC)

    return read


def _pattern(form: str) -> str:
    parts = re.split(r"%(.?)", form)
    pattern = re.escape(parts[0])
    for directive, literal in zip(parts[1::2], parts[2::2], strict=True):
        if directive not in _PARTS:
            raise ValueError(f"unknown directive %{directive}; known: {' '.join('%' + d for d in _PARTS)}")
        pattern += _PARTS[directive] + re.escape(literal)
    if not (re.search("%[Yy]", form) and re.search("%[mbB]", form) and "%d" in form):
        raise ValueError("it must name year, month and day, e.g. %Y-%m-%d %H:%M")
    return pattern


def _year(part: dict[str, str]) -> int:
    if "Y" in part:
        return int(part["Y"])
    two = int(part["y"])
    return two + (2000 if two < 69 else 1900)  # POSIX's pivot, as in strptime


def _month(part: dict[str, str]) -> int:
    return int(part["m"]) if "m" in part else _MONTHS.get(part["b"].lower(), 0)


def _hour(part: dict[str, str], twelve: bool) -> int:
    if not twelve:
        return int(part.get("H") or 0)
    hour = int(part["I"])
    if not 1 <= hour <= 12:
        raise ValueError("an hour of a twelve-hour clock is 1 to 12")
    return hour % 12 + (12 if part.get("p", "a") in "Pp" else 0)


def _shift(offset: str) -> timedelta:
    if offset == "Z":
        return timedelta()
    shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return -shift if offset[0] == "-" else shift


def _utc(at: datetime, zone: tzinfo) -> datetime:
    if at.microsecond:
        at = at.replace(microsecond=0)
    if at.tzinfo is None:
        if zone is UTC:
            return at.replace(tzinfo=UTC)
        at = at.replace(tzinfo=zone)
    return at.astimezone(UTC)
