"""Periods by name: whole months, quarters, weeks and fiscal years, in the desk's zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctool.domain.times import moment, span
from csctool.errors import UsageError

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def local(text: str, *, now: datetime = NOW, fiscal: str = "01-01") -> tuple[str, str]:
    found = span(text, now, CHICAGO, fiscal=fiscal)
    assert found.since is not None
    assert found.until is not None
    return tuple(f"{at.astimezone(CHICAGO):%Y-%m-%d %H:%M}".removesuffix(" 00:00") for at in (found.since, found.until))  # type: ignore[return-value]


@pytest.mark.parametrize(("text", "since", "until"), [
    ("2026-10", "2026-10-01", "2026-11-01"),
    ("last-month", "2026-10-01", "2026-11-01"),
    ("this-month", "2026-11-01", "2026-12-01"),
    ("this-quarter", "2026-10-01", "2027-01-01"),
    ("last-quarter", "2026-07-01", "2026-10-01"),
    ("2026-Q3", "2026-07-01", "2026-10-01"),
    ("2026-q4", "2026-10-01", "2027-01-01"),
    ("2026-W01", "2025-12-29", "2026-01-05"),
    ("this-week", "2026-11-16", "2026-11-23"),
    ("2026", "2026-01-01", "2027-01-01"),
    ("fiscal-year", "2026-07-01", "2027-07-01"),
    ("this-fiscal-year", "2026-07-01", "2027-07-01"),
    ("Last-Fiscal-Year", "2025-07-01", "2026-07-01"),
    ("next-fiscal-year", "2027-07-01", "2028-07-01"),
    ("last-fiscal-year..last-month", "2025-07-01", "2026-11-01"),
])  # fmt: skip
def test_a_named_period_is_whole(text, since, until):
    assert local(text, fiscal="07-01") == (since, until)


def test_the_fiscal_year_is_the_calendar_year_where_nobody_said_otherwise():
    assert local("fiscal-year") == ("2026-01-01", "2027-01-01")


@pytest.mark.parametrize(("now", "since"), [
    ("2026-04-05T23:59", "2025-04-06"), ("2026-04-06T00:00", "2026-04-06"), ("2027-01-01T00:00", "2026-04-06"),
])  # fmt: skip
def test_a_fiscal_year_may_begin_in_the_middle_of_a_month_and_begins_at_local_midnight(now, since):
    at = datetime.fromisoformat(now).replace(tzinfo=CHICAGO).astimezone(UTC)
    assert local("fiscal-year", now=at, fiscal="04-06")[0] == since


def test_a_time_may_be_the_beginning_of_a_fiscal_year():
    assert moment("fiscal-year", NOW, CHICAGO, fiscal="10-01") == datetime(2026, 10, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-q0", "2026-q5", "2026-w54", "2026-w00", "fiscal-month", "0000-w01"])
def test_a_period_that_does_not_exist_is_refused(text):
    with pytest.raises(UsageError):
        span(text, NOW, CHICAGO)


@given(st.datetimes(datetime(1972, 1, 1), datetime(2200, 1, 1)), st.dates(date(2025, 1, 1), date(2025, 12, 31)))
def test_now_lies_in_its_fiscal_year_and_the_years_leave_no_gap(naive, begins):
    now, fiscal = naive.replace(tzinfo=UTC, microsecond=0), f"{begins:%m-%d}"
    last, this = (span(f"{which}-fiscal-year", now, CHICAGO, fiscal=fiscal) for which in ("last", "this"))
    assert this.holds(now)
    assert last.until == this.since
    assert timedelta(days=364) < this.until - this.since < timedelta(days=367)


@pytest.mark.parametrize("text", ["02-29", "13-01", "7-1", "07/01", "July 1", "", "0701"])
def test_the_settings_want_a_day_that_every_year_has(csctool, desk, text):
    path = desk / "csctool.toml"
    path.write_text(path.read_text().replace("format = 1\n", f'format = 1\nfiscal_year = "{text}"\n'))
    said = csctool.refused("report", "volume", status=2)
    assert "fiscal_year" in said
    assert "07-01" in said


def test_a_report_of_the_fiscal_year(csctool, desk):
    path = desk / "csctool.toml"
    path.write_text(path.read_text().replace("format = 1\n", 'format = 1\nfiscal_year = "11-02"\n'))
    csctool.clock = "2026-11-01T18:00:00Z"
    csctool.open()
    csctool.clock = "2026-11-02T18:00:00Z"
    csctool.open()
    assert csctool("report", "volume", "--period", "fiscal-year", "--format", "json").json["rows"][0]["opened"] == 1
    assert csctool("list", "--opened", "last-fiscal-year", "--format", "keys").lines == ["DHS-1"]


def test_a_time_of_day_is_the_last_one_or_the_next_one_ahead():
    assert moment("14:30", datetime(2026, 11, 26, 21, 0, tzinfo=UTC), CHICAGO) == datetime(
        2026, 11, 26, 20, 30, tzinfo=UTC
    )
    early = datetime(2026, 11, 26, 14, 0, tzinfo=UTC)
    assert moment("14:30", early, CHICAGO) == datetime(2026, 11, 25, 20, 30, tzinfo=UTC)
    assert moment("14:30", early, CHICAGO, ahead=True) == datetime(2026, 11, 26, 20, 30, tzinfo=UTC)
    assert moment("8:00", early, CHICAGO, ahead=True) == datetime(2026, 11, 27, 14, 0, tzinfo=UTC)
    for wrong in ("24:00", "12:60"):
        with pytest.raises(UsageError, match="no such time"):
            moment(wrong, early, CHICAGO)
