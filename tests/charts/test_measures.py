"""What the pages say about the figures, and the figures in working time, of training and of satisfaction."""

from zoneinfo import ZoneInfo

import pytest

from csctool.domain.business_hours import parse_calendar
from csctool.domain.lifecycle import resolve, start
from csctool.domain.query import Range
from csctool.domain.ticket import Due
from csctool.render.measures import PLAIN, heading, meaning
from csctool.reports import REPORTS
from csctool.reports.charts import CHARTS, _stepped, charts
from reports.lives import OCTOBER, asked, at, dirty_one, measures, opened, then

HOURS = {day: ["08:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
BUSINESS = parse_calendar("business", zone="UTC", hours=HOURS)


def _weekend(**more):
    """Friday 16:50, answered 16:55, resolved on Monday at 08:50."""
    ticket = then(opened("2026-10-02 16:50"), "2026-10-02 16:55", start)
    return then(ticket, "2026-10-05 08:50", resolve, "new cable", **more)


def test_a_weekend_is_no_working_time():
    [row] = asked("resolution", _weekend(), hours=lambda _agency: BUSINESS).rows
    assert (row["resolve_median_h"], row["resolve_working_median_h"]) == (64.0, 1.0)
    assert (row["respond_mean_h"], row["respond_working_mean_h"]) == (0.08, 0.08)
    assert measures(_weekend(), hours=lambda _agency: BUSINESS)["resolve_working_p90_h"] == 1.0


def test_each_agency_has_its_own_hours():
    calendars = {"DHS": BUSINESS, "DOT": parse_calendar("always", zone="UTC", hours="24x7")}
    late = then(opened("2026-10-02 16:50", agency="DOT"), "2026-10-05 08:50", resolve, "x")
    rows = asked("resolution", _weekend(), late, by="agency", hours=calendars.__getitem__).rows
    assert [(r["agency"], r["resolve_working_median_h"]) for r in rows] == [("DHS", 1.0), ("DOT", 64.0)]


def test_untrue_and_impossible_times_are_not_measured_in_working_time_either():
    ancient = then(opened("0300-10-02 16:50", number=3), "2026-10-05 08:50", resolve, "x")
    [row] = asked("resolution", dirty_one(number=2), ancient, _weekend(), hours=lambda _agency: BUSINESS).rows
    assert row["resolve_working_mean_h"] == 1.0


def test_a_technician_sees_working_time(csctool):
    csctool.clock = "2026-11-06T22:50:00Z"  # Friday 16:50 in Chicago
    key = csctool.open()
    csctool.clock = "2026-11-09T14:50:00Z"  # Monday 08:50
    csctool("resolve", key, "--resolution", "x")
    [row] = csctool("report", "resolution", "--format", "json").json["rows"]
    assert (row["resolve_median_h"], row["resolve_working_median_h"]) == (64.0, 1.0)


def test_training_is_told_by_topic_and_satisfaction_by_its_mean(csctool):
    for topic, answer in (("voice mail", "4"), ("voice mail", "2"), ("VPN", "often"), (None, "")):
        key = csctool.open("x", "--field", f"satisfaction={answer}")
        csctool("resolve", key, "--resolution", "x", *(("--training", f"needed:{topic}") if topic else ()))
    found = csctool("report", "resolution", "--by", "agency", "--format", "json").json["rows"][0]
    assert found["training_topics"] == {"voice mail": 2, "VPN": 1}
    assert (found["training_needed"], found["training_undetermined"]) == (3, 1)
    assert (found["satisfaction_answers"], found["satisfaction_mean"]) == (2, 3.0)


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("by", [None, "agency"])
def test_every_figure_has_a_meaning(name, by):
    ticket = _weekend(training="needed:x", code="solved")
    found = asked(name, ticket, by=by)
    columns = [row["measure"] for row in found.rows] if found.columns[0] == "measure" else found.columns
    assert not [column for column in columns if column not in PLAIN and not meaning(name, column)]
    assert all(heading(column) for column in columns)


def test_the_way_through_the_tiers(csctool):
    keys = [csctool.open("x", "--kind", "incident") for _ in range(3)]
    csctool("escalate", *keys[:2], "--reason", "x")
    csctool("return", keys[0], "--reason", "x")
    csctool("resolve", keys[1], "--resolution", "x")
    csctool("cancel", keys[2], "--reason", "x")
    out = csctool("report", "flow", "--plot").out
    lines = {tuple(line.split("│")[0].split(" → ")): line.split()[-1] for line in out.splitlines() if "→" in line}
    told = {tuple(part.strip() for part in pair): int(n) for pair, n in lines.items()}
    assert told == {("opened", "1"): 3, ("1", "2"): 2, ("2", "1"): 1, ("2", "resolved"): 1, ("1", "waiting"): 1,
                    ("1", "cancelled"): 1}  # fmt: skip


def test_the_page_of_a_past_month_shows_the_whole_backlog():
    """As the figure beside it does."""
    old = opened("2026-08-03 09:00", number=1)
    request = {"period": Range(at("2026-10-01 00:00"), at("2026-11-01 00:00"))}
    [chart] = [c for c in drawn("summary", old, **request) if c.name == "ageing"]
    assert [(row["agency"], row["over_30d"]) for row in chart.rows] == [("DHS", 1)]
    assert measures(old, **request)["backlog"] == 1


def test_many_days_are_drawn_by_the_week_and_very_many_by_the_month():
    days = [{"day": f"2026-{m:02d}-{d:02d}", "opened": 1, "resolved": 0, "cancelled": 0, "reopened": 0, "backlog": m}
            for m in range(1, 5) for d in range(1, 29)]  # fmt: skip
    step, rows = _stepped(days)
    assert (step, rows[0]["week"]) == ("week", "2025-12-29")
    assert sum(row["opened"] for row in rows) == len(days)
    assert rows[-1]["backlog"] == 4
    step, rows = _stepped(days * 7)
    assert (step, [row["month"] for row in rows]) == ("month", ["2026-01", "2026-02", "2026-03", "2026-04"])


def test_eighty_agencies_fit_a_picture_and_the_table_has_all():
    tickets = [opened("2026-10-02 09:00", agency=f"A{n}", number=n) for n in range(80)]
    [chart] = [c for c in drawn("backlog", *tickets, zone=ZoneInfo("America/Chicago")) if c.name == "ageing"]
    assert (len(chart.rows), len(chart.drawn)) == (80, 24)
    assert "24 of 80" in chart.text


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("by", [None, "month", "day", "category", "priority"])
def test_every_chart_of_every_grouping_draws_columns_that_its_rows_have(name, by):
    late = opened("2026-10-05 09:00", number=2, due=Due(resolution=at("2026-10-06 09:00")))
    for chart in drawn(name, _weekend(), late, by=by, period=OCTOBER):
        assert chart.drawn
        assert all({chart.label, *chart.series, *chart.columns} <= set(row) for row in chart.rows)


def drawn(name, *tickets, **request):
    from csctool.reports.request import Request

    question = Request(**{"now": at("2026-11-01 00:00"), "tiers": ("1", "2"), **request})
    return charts(name, question, (), lambda query: (t for t in tickets if query.matcher()(t)))
