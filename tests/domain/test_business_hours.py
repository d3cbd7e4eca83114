"""Working time as a technician would say it, and the cases of two calendar libraries."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from csctool.domain.business_hours import (
    Calendar,
    Duration,
    back,
    check_zone,
    due,
    elapsed,
    is_holiday,
    is_open,
    openings,
    parse_calendar,
    parse_duration,
    parse_exceptions,
    parse_holidays,
    parse_hours,
    working_seconds,
)
from csctool.errors import RefusedError, SettingsError

WEEK = ("mon", "tue", "wed", "thu", "fri")
OFFICE = {day: ["08:00-17:00"] for day in WEEK}
NIGHT = {day: ["22:00-06:00"] for day in WEEK}
DATA = Path(__file__).parents[3] / "shared" / "data"


def calendar(hours: object = OFFICE, zone: str = "UTC", **more: object) -> Calendar:
    return parse_calendar("test", zone=zone, hours=hours, **more)  # type: ignore[arg-type]


def at(text: str, zone: str = "UTC") -> datetime:
    """A wall-clock time; `.astimezone` makes it UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def promised(start: str, text: str, cal: Calendar | None = None) -> str:
    """When it is due, on the wall of the calendar's zone."""
    cal = cal or calendar()
    return f"{due(cal, at(start, cal.zone), parse_duration(text)).astimezone(ZoneInfo(cal.zone)):%Y-%m-%d %H:%M:%S}"


# -- working time: 2026-11-20 is a Friday


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        ("2026-11-20 16:50:00", "15m", "2026-11-23 08:05:00"),
        ("2026-11-20 16:45:00", "15m", "2026-11-20 17:00:00"),  # at the closing, not at the next opening
        ("2026-11-20 16:45:00", "901s", "2026-11-23 08:00:01"),
        ("2026-11-20 17:00:00", "15m", "2026-11-23 08:15:00"),
        ("2026-11-20 17:00:00", "0s", "2026-11-23 08:00:00"),  # closed at the second of closing
        ("2026-11-21 12:00:00", "0s", "2026-11-23 08:00:00"),
        ("2026-11-20 08:00:00", "0s", "2026-11-20 08:00:00"),
        ("2026-11-20 08:00:00", "45h", "2026-11-26 17:00:00"),
        ("2026-11-20 08:00:00", "2340h", "2027-11-18 17:00:00"),
        ("2026-11-20 10:00:00", "3wd", "2026-11-25 10:00:00"),
        ("2026-11-20 10:00:00", "0wd", "2026-11-20 10:00:00"),
        ("2026-11-20 18:00:00", "0wd", "2026-11-23 08:00:00"),
        ("2026-11-20 18:00:00", "1wd", "2026-11-24 08:00:00"),
        ("2026-11-20 18:00:00", "1d", "2026-11-21 18:00:00"),  # elapsed, whatever the calendar
        ("2026-11-20 18:00:00", "2w", "2026-12-04 18:00:00"),
    ],
)
def test_a_promise_in_office_hours(start: str, length: str, expected: str) -> None:
    assert promised(start, length) == expected


def test_holidays_and_exceptions() -> None:
    cal = calendar(
        holidays=["2026-11-26", date(2026, 12, 25), "2026-12-24"],
        exceptions={"2026-12-24": ["08:00-12:00"], "2026-11-29": ["10:00-14:00"], "2026-11-27": []},
    )
    assert promised("2026-11-25 16:00:00", "2h", cal) == "2026-11-29 11:00:00"
    assert promised("2026-11-25 16:00:00", "1wd", cal) == "2026-11-30 08:00:00"  # Sunday is one, closed at 16:00
    assert promised("2026-12-23 16:00:00", "2h", cal) == "2026-12-24 09:00:00"  # an exception wins over a holiday
    assert is_holiday(cal, date(2026, 12, 24))
    assert not is_holiday(cal, date(2026, 12, 23))


def test_statutory_holidays_are_asked_only_for_years_that_matter() -> None:
    asked: list[int] = []

    def holidays_of(year: int) -> list[date]:
        asked.append(year)
        return [date(year, 7, 3)]

    cal = calendar(holidays_of=holidays_of)
    assert promised("2026-07-02 16:30:00", "1h", cal) == "2026-07-06 08:30:00"
    assert asked == [2026]
    assert is_holiday(cal, date(2027, 7, 3))


def test_a_night_shift_belongs_to_the_day_it_opens_on() -> None:
    cal = calendar(NIGHT, holidays=["2026-11-25"])
    assert promised("2026-11-21 05:00:00", "2h", cal) == "2026-11-23 23:00:00"  # Friday's shift ends on Saturday
    assert promised("2026-11-21 03:00:00", "1wd", cal) == "2026-11-24 03:00:00"  # Monday's shift, after midnight
    assert promised("2026-11-25 05:00:00", "2h", cal) == "2026-11-26 23:00:00"  # Tuesday's runs into the holiday
    assert not is_open(cal, at("2026-11-23 03:00:00"))


def test_what_is_not_open_on_the_target_day_moves_to_the_next_opening() -> None:
    cal = calendar({**OFFICE, "fri": ["08:00-12:00", "13:00-17:00"], "mon": ["10:00-16:00"]})
    assert promised("2026-11-19 12:30:00", "1wd", cal) == "2026-11-20 13:00:00"
    assert promised("2026-11-19 12:00:00", "1wd", cal) == "2026-11-20 12:00:00"  # at the closing: due then
    assert promised("2026-11-20 09:00:00", "1wd", cal) == "2026-11-23 10:00:00"
    assert promised("2026-11-20 16:30:00", "1wd", cal) == "2026-11-24 08:00:00"


def test_a_working_day_may_end_with_the_night_shift_of_the_day_before() -> None:
    cal = calendar({"fri": ["05:00-09:00"], "sun": ["22:00-06:00"], "mon": ["08:00-17:00"]})
    assert promised("2026-11-20 06:00:00", "1wd", cal) == "2026-11-22 22:00:00"
    assert promised("2026-11-20 06:00:00", "2wd", cal) == "2026-11-23 06:00:00"


def test_adjoining_intervals_are_one() -> None:
    cal = calendar({"mon": ["08:00-12:00", "12:00-24:00"], "tue": ["00:00-06:00"]})
    assert openings(cal, at("2026-11-22"), at("2026-11-29")) == [(at("2026-11-23 08:00"), at("2026-11-24 06:00"))]


def test_overlapping_exceptions_count_once() -> None:
    cal = calendar(NIGHT, exceptions={"2026-11-21": ["04:00-08:00"]})
    assert elapsed(cal, at("2026-11-20 12:00"), at("2026-11-21 12:00")) == 10 * 3600


# -- daylight saving: 2026-03-08 skips 02:00-03:00 in Chicago, 2026-11-01 repeats 01:00-02:00


@pytest.mark.parametrize(
    ("hours", "day", "expected"),
    [
        ("00:00-08:00", "2026-03-08", 7.0),
        ("00:00-08:00", "2026-11-01", 9.0),
        ("22:00-06:00", "2026-03-07", 7.0),
        ("22:00-06:00", "2026-10-31", 9.0),
        ("01:00-03:00", "2026-03-08", 1.0),
        ("01:00-03:00", "2026-11-01", 3.0),
        ("02:15-02:45", "2026-03-08", 0.0),  # skipped altogether
        ("02:30-04:00", "2026-03-08", 1.0),  # opens when clocks jump over 02:30
        ("00:00-02:30", "2026-03-08", 2.0),
        ("01:30-03:00", "2026-11-01", 2.5),  # opens at the first 01:30
        ("00:00-01:30", "2026-11-01", 1.5),  # closes at the first 01:30
    ],
)
def test_changes_of_clocks_are_real_time(hours: str, day: str, expected: float) -> None:
    cal = calendar({}, "America/Chicago", exceptions={day: [hours]})
    assert elapsed(cal, at(day) - timedelta(days=3), at(day) + timedelta(days=3)) == expected * 3600


def test_a_working_day_over_a_change_of_clocks_keeps_the_time_of_day() -> None:
    cal = calendar("24x7", "America/Chicago")
    assert promised("2026-03-07 09:00:00", "1wd", cal) == "2026-03-08 09:00:00"
    assert promised("2026-03-07 02:30:00", "1wd", cal) == "2026-03-08 03:00:00"
    assert promised("2026-03-07 09:00:00", "24h", cal) == "2026-03-08 10:00:00"


def test_a_day_left_out_at_the_date_line() -> None:
    cal = calendar("24x7", "Pacific/Apia", holidays=["1999-01-01"])
    assert elapsed(cal, at("2011-12-29", cal.zone), at("2012-01-01", cal.zone)) == 2 * 86400
    assert promised("2011-12-29 10:00:00", "1wd", cal) == "2011-12-31 10:00:00"


def test_clocks_that_go_back_across_midnight() -> None:
    cal = calendar({day: ["00:00-08:00"] for day in ("sun",)}, "America/St_Johns")  # 00:01 back to 23:01
    opened = at("2010-11-07", cal.zone)
    assert elapsed(cal, opened, opened + timedelta(days=1)) == 9 * 3600
    inside = opened + timedelta(minutes=30)
    assert due(cal, inside, Duration(0, "wd")) == inside
    assert due(cal, inside, Duration(1, "wd")).astimezone(ZoneInfo(cal.zone)).strftime("%a %H:%M") == "Sun 00:00"


# -- backwards


def test_backwards_mirrors_forwards() -> None:
    cal = calendar()
    assert back(cal, at("2026-11-23 08:05"), Duration(15, "m")) == at("2026-11-20 16:50")
    assert back(cal, at("2026-11-23 09:00"), Duration(1, "h")) == at("2026-11-23 08:00")  # not Friday's closing
    assert back(cal, at("2026-11-22 12:00"), Duration(0, "s")) == at("2026-11-20 17:00")
    assert back(cal, at("2026-11-23 17:00"), Duration(1, "wd")) == at("2026-11-20 17:00")
    assert back(cal, at("2026-11-23 17:00"), Duration(1, "w")) == at("2026-11-16 17:00")
    night = calendar(NIGHT)
    assert back(night, at("2026-11-24 06:00"), Duration(1, "wd")) == at("2026-11-21 06:00")


def test_an_end_at_an_opening_counts_from_the_last_closing() -> None:
    assert back(calendar(), at("2026-11-23 08:00"), Duration(0, "s")) == at("2026-11-20 17:00")


def test_borders_of_what_is_worked_out_at_once_do_not_show() -> None:
    # The timeline is worked out in blocks of 35 days since 1970; one begins on Thursday 2025-07-31, 00:00 UTC.
    border = at("2025-07-31")
    assert promised("2025-07-30 16:45:00", "15m") == "2025-07-30 17:00:00"
    night = calendar(NIGHT)
    assert elapsed(night, border, border + timedelta(hours=12)) == 6 * 3600
    assert elapsed(night, border - timedelta(hours=12), border + timedelta(hours=12)) == 8 * 3600
    assert promised("2025-07-30 23:00:00", "1h", night) == "2025-07-31 00:00:00"
    assert back(night, border + timedelta(hours=1), Duration(3, "h")) == border - timedelta(hours=2)
    assert is_open(night, border)


def test_working_days_become_working_seconds() -> None:
    assert working_seconds(calendar(), at("2026-11-20 10:00"), Duration(3, "wd")) == 27 * 3600
    assert working_seconds(calendar(), at("2026-11-20 10:00"), Duration(90, "m")) == 5400


def test_no_time_runs_backwards() -> None:
    assert elapsed(calendar(), at("2026-11-20 12:00"), at("2026-11-20 11:00")) == 0
    assert openings(calendar(), at("2026-11-20 12:00"), at("2026-11-20 11:00")) == []


def test_parts_of_a_second_are_dropped() -> None:
    start = at("2026-11-20 10:00") + timedelta(microseconds=999_999)
    assert due(calendar(), start, Duration(1, "s")) == at("2026-11-20 10:00:01")
    assert due(calendar(), start, Duration(1, "d")) == at("2026-11-21 10:00")


def test_a_time_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        due(calendar(), datetime(2026, 11, 20), Duration(1, "h"))


# -- what never ends


@pytest.mark.parametrize("length", ["0s", "1h", "1wd", "0wd"])
def test_a_calendar_that_never_opens_promises_nothing(length: str) -> None:
    cal = calendar({}, exceptions={"2020-01-01": ["08:00-12:00"], "2026-12-24": []})
    assert elapsed(cal, at("2026-01-01"), at("2027-01-01")) == 0
    with pytest.raises(RefusedError, match="test is not open long enough within 200 years after 2026-11-20"):
        due(cal, at("2026-11-20 10:00"), parse_duration(length))
    with pytest.raises(RefusedError, match="before 2019-11-20"):
        back(cal, at("2019-11-20 10:00"), parse_duration(length))


def test_a_target_longer_than_the_calendars_future_is_refused() -> None:
    cal = calendar({}, exceptions={"2026-12-24": ["08:00-12:00"]})
    assert promised("2026-11-20 10:00:00", "4h", cal) == "2026-12-24 12:00:00"
    for length in ("14401s", "2wd"):
        with pytest.raises(RefusedError, match="not open long enough"):
            due(cal, at("2026-11-20 10:00"), parse_duration(length))


@pytest.mark.parametrize("length", ["999999999h", "999999999w", "999999999d"])
def test_promises_past_the_end_of_time_are_refused(length: str) -> None:
    for step in (due, back):
        with pytest.raises(RefusedError):
            step(calendar("24x7"), at("2026-11-20 10:00"), parse_duration(length))


def test_ends_of_the_calendar() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for zone in ("Pacific/Kiritimati", "America/Adak"):
        cal = calendar(OFFICE, zone)
        assert elapsed(cal, last - timedelta(days=50), last) > 0
        assert elapsed(cal, first, first + timedelta(days=50)) > 0
        for length in (Duration(100, "h"), Duration(30, "wd")):
            with pytest.raises(RefusedError):
                due(cal, last - timedelta(days=20), length)
            with pytest.raises(RefusedError):
                back(cal, first + timedelta(days=20), length)
    with pytest.raises(RefusedError, match="more than 200 years apart"):
        elapsed(calendar(), first, last)
    assert elapsed(calendar("24x7"), first, last) == (last - first) // timedelta(seconds=1)


# -- reading


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", Duration(90, "s")),
        ("15m", Duration(15, "m")),
        ("4h", Duration(4, "h")),
        ("3wd", Duration(3, "wd")),
        ("14d", Duration(14, "d")),
        ("2w", Duration(2, "w")),
        ("1h30m", Duration(90, "m")),
        ("1h30s", Duration(3630, "s")),
        ("0s", Duration(0, "s")),
    ],
)
def test_durations(text: str, expected: Duration) -> None:
    assert parse_duration(text) == expected
    assert parse_duration(str(expected)) == expected


@pytest.mark.parametrize("text", ["", "4", "h", "-4h", "4 h", "4H", "1.5h", "30m1h", "1d12h", "3wd4h", "٣h", 4, None])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(SettingsError, match="resolve: not a duration"):
        parse_duration(text, "resolve")


def test_working_days_have_no_fixed_length() -> None:
    with pytest.raises(ValueError, match="3wd"):
        _ = Duration(3, "wd").seconds


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"mon": ["25:00-26:00"]}, "hours.mon: 25:00 is no time of day; times go from 00:00 to 24:00"),
        ({"mon": ["08:00-24:01"]}, "hours.mon: 24:01 is no time"),
        ({"mon": ["08:60-17:00"]}, "hours.mon: 08:60 is no time"),
        ({"mon": ["24:00-08:00"]}, "begins at 24:00"),
        ({"mon": ["08:00-08:00"]}, "is empty; leave it out, or write 00:00-24:00"),
        ({"mon": ["8-17"]}, "hours.mon: not an interval: '8-17'; write e.g."),
        ({"mon": [8]}, "hours.mon: not an interval: 8"),
        ({"mon": "08:00-17:00"}, "hours.mon: '08:00-17:00' is no list"),
        ({"mon": ["08:00-12:00", "11:00-17:00"]}, "hours.mon: 08:00-12:00 and 11:00-17:00 overlap"),
        ({"mon": ["22:00-06:00", "23:00-24:00"]}, "hours.mon: 22:00-06:00 and 23:00-24:00 overlap"),
        ({"mon": ["22:00-06:00"], "tue": ["05:00-12:00"]}, "hours.mon: 22:00-06:00 reaches into 05:00-12:00 on tue"),
        ({"sun": ["22:00-06:00"], "mon": ["05:59-12:00"]}, "hours.sun: 22:00-06:00 reaches into 05:59-12:00 on mon"),
        ({"monday": []}, "hours: unknown weekday 'monday'; write one of mon, tue"),
        ("always", "hours: 'always' are no hours; write \"24x7\""),
        (None, "hours: None are no hours"),
    ],
)
def test_hours_that_are_refused(value: object, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_hours(value)
    assert message in str(caught.value)


def test_hours_that_touch_are_fine() -> None:
    weekly = parse_hours({"mon": ["13:00-17:00", "08:00-13:00", "22:00-06:00"], "tue": ["06:00-24:00"], "wed": []})
    assert [str(interval) for interval in weekly[0]] == ["08:00-13:00", "13:00-17:00", "22:00-06:00"]
    assert [str(interval) for interval in weekly[1]] == ["06:00-24:00"]
    assert str(parse_hours({"mon": ["22:00-00:00"]})[0][0]) == "22:00-24:00"


@pytest.mark.parametrize("value", ["2026-12-25", [20261225], ["25.12.2026"], ["2026-13-01"], [datetime(2026, 1, 1)]])
def test_holidays_that_are_refused(value: object) -> None:
    with pytest.raises(SettingsError, match="holidays"):
        parse_holidays(value)


def test_exceptions_that_are_refused() -> None:
    for value in ([], {"2026-02-30": []}, {"2026-12-24": ["08:00-08:00"]}, {"2026-12-24": "24x7"}):
        with pytest.raises(SettingsError, match="exceptions"):
            parse_exceptions(value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("America/Chikago", "did you mean America/Chicago"), ("Mars", ""), ("../etc/passwd", "IANA"), ("America", "")],
)
def test_unknown_zones(name: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check_zone(name, "csctool.toml: timezone")
    assert f"csctool.toml: timezone: unknown time zone {name!r}" in str(caught.value)
    assert hint in str(caught.value)
    with pytest.raises(SettingsError, match="calendar test: unknown time zone"):
        is_open(calendar(OFFICE, name), at("2026-11-20"))
    check_zone("America/Chicago")


def test_a_zone_that_is_no_name() -> None:
    for zone in ("", 5):
        with pytest.raises(SettingsError, match=r"calendars\.test\.timezone"):
            calendar(OFFICE, zone)  # type: ignore[arg-type]


# -- the cases of two calendar libraries

#: Cases that settings.md decides otherwise: id -> why.
DECIDED_OTHERWISE: dict[str, str] = {}


def cases() -> list[object]:
    files = sorted(DATA.glob("sla_cases_*.jsonl")) if DATA.is_dir() else []
    found = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    if not found:
        return [pytest.param({}, marks=pytest.mark.skip(reason="the case files are not here"))]
    return [pytest.param(case, id=case["id"]) for case in found if case["id"] not in DECIDED_OTHERWISE]


@pytest.mark.parametrize("case", cases())
def test_case_of_a_calendar_library(case: dict[str, object]) -> None:
    assert answer(case) == case["expected"]


def answer(case: dict) -> object:  # type: ignore[type-arg]
    """What our calendar says to a case, in the case's words."""
    cal = case_calendar(case["calendar"])
    start = case_time(case["start"], case.get("tz"))
    working = Duration(case.get("duration_s", 0), "s")
    days = Duration(case.get("days", 0), "wd")
    answers = {
        "add": lambda: case_text(due(cal, start, working)),
        "sub": lambda: case_text(back(cal, start, working)),
        "add_then_sub": lambda: case_text(back(cal, due(cal, start, working), working)),
        "add_days": lambda: case_text(due(cal, start, days)),
        "sub_days": lambda: case_text(back(cal, start, days)),
        "delta": lambda: elapsed(cal, start, case_time(case["end"], case.get("tz"))),
        "is_open": lambda: is_open(cal, start),
        "is_holiday": lambda: is_holiday(cal, start.date()),
        "is_break": lambda: (
            is_open(case_calendar({**case["calendar"], "breaks": {}}), start) and not is_open(cal, start)
        ),
        "intervals_after": lambda: case_spans(openings(cal, start, start + timedelta(days=60)))[: case["count"]],
        "intervals_before": lambda: case_spans(openings(cal, start - timedelta(days=60), start))[-case["count"] :],
    }
    return answers[case["op"]]()


def case_calendar(spec: dict) -> Calendar:  # type: ignore[type-arg]
    """The case's calendar as settings: shifts, and hours less breaks, are dated exceptions; 31:00 is 07:00."""
    exceptions = dict(spec.get("shifts", {}))
    for day, breaks in spec.get("breaks", {}).items():
        weekday = date.fromisoformat(day).strftime("%a").lower()
        hours = exceptions.get(day, [] if day in spec["holidays"] else spec["hours"].get(weekday, []))
        exceptions[day] = without(hours, breaks)
    return calendar(
        {day: settings_hours(hours) for day, hours in spec["hours"].items()},
        spec["tz"],
        holidays=spec["holidays"],
        exceptions={day: settings_hours(hours) for day, hours in exceptions.items()},
    )


def without(hours: list[list[str]], breaks: list[list[str]]) -> list[list[str]]:
    """Intervals less breaks; texts of equal form compare like times."""
    for begins, ends in breaks:
        pieces = [piece for a, b in hours for piece in ((a, min(b, begins)), (max(a, ends), b))]
        hours = [[a, b] for a, b in pieces if a < b]
    return hours


def settings_hours(hours: list[list[str]]) -> list[str]:
    return [f"{a}-{b}" if b <= "24:00" else f"{a}-{int(b[:2]) - 24:02d}{b[2:]}" for a, b in hours]


def case_time(text: str, zone: str | None) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone or "UTC"))


def case_text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def case_spans(spans: list[tuple[datetime, datetime]]) -> list[list[str]]:
    return [[case_text(a), case_text(b)] for a, b in spans]
