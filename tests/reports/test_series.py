"""The desk day by day."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from csctool.domain.lifecycle import cancel, reopen, resolve
from csctool.domain.query import Range
from csctool.domain.ticket import Ticket
from csctool.reports import Request, report
from csctool.reports.series import COLUMNS, daily

from .lives import at, opened, then


def _story() -> list[Ticket]:
    """One from before, one that comes back, one that is withdrawn."""
    back = then(opened("2026-10-02 09:00", number=2), "2026-10-02 17:00", resolve, "new cable")
    back = then(back, "2026-10-04 09:00", reopen, "silent again", until=None)
    gone = then(opened("2026-10-03 09:00", number=3), "2026-10-04 10:00", cancel, "works again")
    return [opened("2026-09-01 09:00"), back, gone]


def _days(tickets: list[Ticket], **request: object) -> list[tuple[object, ...]]:
    found = daily(Request(**{"now": at("2026-10-05 12:00"), **request}), tickets)  # type: ignore[arg-type]
    return [tuple(row[name] for name in COLUMNS) for row in found.rows]


def test_each_day_counts_what_happened_and_what_was_left_in_the_evening() -> None:
    assert _days(_story(), period=Range(at("2026-10-01 00:00"), at("2026-10-05 00:00"))) == [
        ("2026-10-01", 0, 0, 0, 0, 1),
        ("2026-10-02", 1, 1, 0, 0, 1),
        ("2026-10-03", 1, 0, 0, 0, 2),
        ("2026-10-04", 0, 0, 1, 1, 2),
    ]


def test_without_a_period_it_runs_from_the_first_ticket_to_now() -> None:
    days = _days(_story())
    assert (days[0], days[-1]) == (("2026-09-01", 1, 0, 0, 0, 1), ("2026-10-05", 0, 0, 0, 0, 2))
    assert len(days) == 35
    assert _days([]) == []


def test_a_day_begins_where_the_desk_is() -> None:
    zone = ZoneInfo("America/Chicago")
    days = _days([opened("2026-10-03 04:59"), opened("2026-10-03 05:00", number=2)], zone=zone)
    assert [(day, came) for day, came, *_ in days if came] == [("2026-10-02", 1), ("2026-10-03", 1)]


@given(st.integers(0, 6 * 24))
def test_the_backlog_of_the_series_is_the_one_of_the_backlog_report(hour: int) -> None:
    moment = at("2026-09-30 00:00") + timedelta(hours=hour)
    request = Request(now=at("2026-12-01 00:00"), as_of=moment, zone=UTC)
    backlog = report("backlog", request, _story()).total
    assert backlog is not None
    assert _days(_story(), as_of=moment)[-1][-1] == backlog["open"]
