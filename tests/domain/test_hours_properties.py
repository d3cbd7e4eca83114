"""Laws of working-time arithmetic, and a naive oracle that walks minute by minute, on random calendars."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csctool.domain.business_hours import (
    ALWAYS,
    Calendar,
    Duration,
    Interval,
    back,
    due,
    elapsed,
    is_open,
    openings,
)
from csctool.errors import RefusedError

MINUTE = timedelta(minutes=1)
DAY, WEEK = 1440, 7 * 1440
BEFORE, AFTER = 3, 8  # days of a window around a change of clocks

#: Changes of clocks of every sort: an hour, half an hour, at midnight, across midnight, a day left out, none; and the
#: border between two blocks of the timeline (20300 days = 580 * 35 after 1970).
WINDOWS = [
    ("America/Chicago", date(2026, 3, 8)),
    ("America/Chicago", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Santiago", date(2026, 4, 5)),
    ("America/Santiago", date(2026, 9, 6)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("America/St_Johns", date(2011, 3, 13)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Asia/Kolkata", date(1970, 1, 1) + timedelta(days=20300)),
    ("UTC", date(1970, 1, 1) + timedelta(days=20300)),
]
ZONES = sorted({zone for zone, _ in WINDOWS})


@st.composite
def weeks(draw: st.DrawFn) -> tuple[tuple[Interval, ...], ...]:
    """Up to nine openings a week that don't overlap, some across midnight, some adjoining."""
    first = draw(st.integers(0, DAY // 15)) * 15
    points = sorted(draw(st.sets(st.integers(0, WEEK // 15 - 1), min_size=2, max_size=18)))
    days: list[list[Interval]] = [[] for _ in range(7)]
    for opens, closes in zip(points[::2], points[1::2], strict=False):
        begin, end = first + opens * 15, first + closes * 15
        while begin < end:  # at most a day at a time
            stop = min(end, begin + DAY)
            start = begin % DAY
            days[begin // DAY % 7].append(Interval(start * 60, (start + stop - begin) * 60))
            begin = stop
    return tuple(tuple(sorted(day)) for day in days)


def dated(around: date) -> st.SearchStrategy[dict[date, tuple[Interval, ...]]]:
    """Exceptions near a day: closed, one interval, or one across midnight, which may reach into the next day's."""
    hours = st.tuples(st.integers(0, 95), st.integers(1, 96)).map(
        lambda t: (Interval(t[0] * 900, (t[0] + t[1]) * 900),)
    )
    days = st.integers(-BEFORE - 2, AFTER + 2).map(lambda n: around + timedelta(days=n))
    return st.dictionaries(days, st.one_of(st.just(()), hours), max_size=4)


@st.composite
def calendars(draw: st.DrawFn, zone: str, around: date) -> Calendar:
    days = st.integers(-BEFORE - 2, AFTER + 2).map(lambda n: around + timedelta(days=n))
    return Calendar("random", zone, draw(weeks()), draw(st.frozensets(days, max_size=3)), draw(dated(around)))


@st.composite
def windows(draw: st.DrawFn) -> tuple[Calendar, date]:
    zone, around = draw(st.sampled_from(WINDOWS))
    return draw(calendars(zone, around)), around


@st.composite
def anywhere(draw: st.DrawFn) -> Calendar:
    return draw(calendars(draw(st.sampled_from(ZONES)), date(2026, 6, 1)))


times = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)).map(lambda t: t.replace(microsecond=0, tzinfo=UTC))
amounts = st.integers(0, 400 * 3600)
many = settings(max_examples=40, deadline=None, database=None)


# -- laws


@many
@given(anywhere(), times, amounts)
def test_due_and_elapsed_are_inverse(cal: Calendar, start: datetime, amount: int) -> None:
    assert elapsed(cal, start, due(cal, start, Duration(amount, "s"))) == amount


@many
@given(anywhere(), times, st.integers(1, 400 * 3600))
def test_back_undoes_due(cal: Calendar, start: datetime, amount: int) -> None:
    length = Duration(amount, "s")
    assert back(cal, due(cal, start, length), length) == due(cal, start, Duration(0, "s"))


@many
@given(anywhere(), times, amounts, st.integers(1, 400 * 3600))
def test_due_is_additive(cal: Calendar, start: datetime, first: int, second: int) -> None:
    between = due(cal, start, Duration(first, "s"))
    assert due(cal, between, Duration(second, "s")) == due(cal, start, Duration(first + second, "s"))


@many
@given(anywhere(), st.lists(times, min_size=3, max_size=3))
def test_elapsed_is_additive_and_the_sum_of_the_openings(cal: Calendar, moments: list[datetime]) -> None:
    a, b, c = sorted(moments)
    assert elapsed(cal, a, c) == elapsed(cal, a, b) + elapsed(cal, b, c)
    assert elapsed(cal, a, c) == sum((y - x) // timedelta(seconds=1) for x, y in openings(cal, a, c))


@many
@given(anywhere(), times, times, amounts, amounts)
def test_later_and_longer_is_never_due_earlier(cal: Calendar, a: datetime, b: datetime, n: int, m: int) -> None:
    a, b = sorted((a, b))
    n, m = sorted((n, m))
    assert due(cal, a, Duration(n, "s")) <= due(cal, b, Duration(n, "s"))
    assert due(cal, a, Duration(n, "s")) <= due(cal, a, Duration(m, "s"))
    assert back(cal, a, Duration(m, "s")) <= back(cal, a, Duration(n, "s")) <= back(cal, b, Duration(n, "s"))


@many
@given(anywhere(), times, st.integers(0, 40))
def test_working_days_end_in_hours_or_at_a_closing(cal: Calendar, start: datetime, count: int) -> None:
    second = timedelta(seconds=1)
    end = due(cal, start, Duration(count, "wd"))
    assert end >= start
    assert is_open(cal, end) or is_open(cal, end - second)
    begin = back(cal, start, Duration(count, "wd"))
    assert begin <= start
    assert is_open(cal, begin) or is_open(cal, begin - second)


@many
@given(
    st.sampled_from(sorted(available_timezones())),
    st.datetimes(datetime(1900, 1, 1), datetime(2060, 1, 1)).map(lambda t: t.replace(microsecond=0, tzinfo=UTC)),
    st.integers(0, 400 * 86400),
    st.booleans(),
)
def test_24x7_equals_plain_subtraction(zone: str, start: datetime, seconds: int, plain: bool) -> None:
    # An exception of 2100 takes the way of any other calendar.
    cal = Calendar("always", zone, ALWAYS, exceptions={} if plain else {date(2100, 1, 1): ()})
    end = start + timedelta(seconds=seconds)
    assert cal.always_open is plain
    assert due(cal, start, Duration(seconds, "s")) == end
    assert back(cal, end, Duration(seconds, "s")) == start
    assert elapsed(cal, start, end) == seconds
    assert elapsed(cal, end, start) == 0


# -- the oracle: what the wall clock shows, minute by minute


@lru_cache(maxsize=len(WINDOWS))
def wall_marks(zone: str, around: date) -> tuple[datetime, list[int], list[int]]:
    """The window's first minute; for each minute since, the wall clock and the latest it has shown so far.

    Both in minutes since midnight of BEFORE + 2 days before `around`. Before an hour repeats, the latest stands still:
    what the wall has reached stays reached.
    """
    origin = datetime.combine(around - timedelta(days=BEFORE + 2), datetime.min.time())
    first = datetime.combine(around - timedelta(days=BEFORE), datetime.min.time(), UTC)
    tz = ZoneInfo(zone)
    shown = [
        ((first + n * MINUTE).astimezone(tz).replace(tzinfo=None) - origin) // MINUTE
        for n in range((BEFORE + AFTER) * DAY)
    ]
    reached, latest = [], shown[0]
    for minute in shown:
        latest = max(latest, minute)
        reached.append(latest)
    return first, shown, reached


def plan(cal: Calendar, day: date) -> tuple[Interval, ...]:
    if day in cal.exceptions:
        return cal.exceptions[day]
    return () if day in cal.holidays else cal.weekly[day.weekday()]


class Oracle:
    """A calendar over a window, one flag a minute."""

    def __init__(self, cal: Calendar, around: date) -> None:
        self.first, self.shown, self.reached = wall_marks(cal.zone, around)
        origin = around - timedelta(days=BEFORE + 2)
        self.owners: dict[int, list[int]] = {}  # wall minute -> the days that opened it
        for n in range(BEFORE + AFTER + 4):
            for interval in plan(cal, origin + timedelta(days=n)):
                for minute in range(interval.opens // 60, interval.closes // 60):
                    self.owners.setdefault(n * DAY + minute, []).append(n)
        self.open = [minute in self.owners for minute in self.reached]

    def at(self, minute: int, second: int = 0) -> datetime:
        return self.first + minute * MINUTE + timedelta(seconds=second)

    def elapsed(self, start: int, end: int) -> int:
        """Seconds between two moments, each in seconds of the window."""
        return sum(
            min(end, 60 * n + 60) - max(start, 60 * n) for n in range(start // 60, -(-end // 60)) if self.open[n]
        )

    def due(self, start: int, amount: int) -> int | None:
        """Walk to the first open moment, then on until `amount` is used up; None past the window."""
        for n in range(start // 60, len(self.open)):
            if self.open[n]:
                begin = max(start, 60 * n)
                if 60 * n + 60 - begin >= amount:
                    return begin + amount
                amount -= 60 * n + 60 - begin
        return None

    def opened(self, minute: int) -> int | None:
        return next((n for n in range(minute, len(self.open)) if self.open[n]), None)

    def days_later(self, start: int, count: int) -> int | None:
        """The minute of the same time of day, `count` opening days later; None past the window."""
        now = self.opened(start)
        if now is None or not count:
            return now
        owners = self.owners[self.reached[now]]
        today = self.shown[now] // DAY
        day = next(d for d in (today, today - 1, today + 1, today - 2) if d in owners)
        marks = set(self.reached)
        days = sorted({d for mark in marks for d in self.owners.get(mark, ()) if d > day})
        if len(days) < count:
            return None
        wanted = self.shown[now] + (days[count - 1] - day) * DAY
        found = next((n for n, mark in enumerate(self.reached) if mark >= wanted), None)
        if found is None or self.open[found] or self.open[found - 1]:
            return found
        return self.opened(found)


inside = st.integers(2 * 86400, (BEFORE + AFTER - 2) * 86400)


@many
@given(windows(), inside, inside)
def test_elapsed_agrees_with_the_oracle(window: tuple[Calendar, date], a: int, b: int) -> None:
    cal, around = window
    oracle = Oracle(cal, around)
    assert elapsed(cal, oracle.at(0, a), oracle.at(0, b)) == oracle.elapsed(a, b)


@many
@given(windows(), inside, st.integers(0, 60 * 3600))
def test_due_agrees_with_the_oracle(window: tuple[Calendar, date], start: int, amount: int) -> None:
    cal, around = window
    oracle = Oracle(cal, around)
    expected = oracle.due(start, amount)
    if expected is not None:
        assert due(cal, oracle.at(0, start), Duration(amount, "s")) == oracle.at(0, expected)


@many
@given(windows(), st.integers(2 * DAY, (AFTER - 2) * DAY), st.integers(0, 4))
def test_working_days_agree_with_the_oracle(window: tuple[Calendar, date], start: int, count: int) -> None:
    cal, around = window
    oracle = Oracle(cal, around)
    expected = oracle.days_later(start, count)
    if expected is not None:
        assert due(cal, oracle.at(start), Duration(count, "wd")) == oracle.at(expected)


@many
@given(windows(), inside)
def test_open_agrees_with_the_oracle(window: tuple[Calendar, date], second: int) -> None:
    cal, around = window
    oracle = Oracle(cal, around)
    assert is_open(cal, oracle.at(0, second)) == oracle.open[second // 60]


def test_only_a_calendar_without_a_future_refuses() -> None:
    cal = Calendar("never", "UTC", ((),) * 7)
    with pytest.raises(RefusedError):
        due(cal, datetime(2026, 1, 1, tzinfo=UTC), Duration(0, "s"))
