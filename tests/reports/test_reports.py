"""What the reports say of a desk whose story is known."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from csctool.domain.handover import escalate, escalate_hierarchic, give_back
from csctool.domain.lifecycle import cancel, close, hold, note, open_ticket, reopen, resolve, resume, start
from csctool.domain.query import Range
from csctool.domain.ticket import Due, Ticket
from csctool.domain.words import KINDS
from csctool.errors import UsageError
from csctool.reports import REPORTS, Request, report, wanted
from csctool.reports.request import DIMENSIONS

from .lives import NOW, OCTOBER, asked, at, dirty_one, measures, opened, stamp, then


def _settled(when: str, resolved: str, **fields: object) -> Ticket:
    return then(opened(when, **fields), resolved, resolve, "new cable", minutes=10)


def _wanderer(**fields: object) -> Ticket:
    """Friday 16:50 at the desk; escalated at 16:55; returned Monday 8:00; again to apps 8:05; resolved 9:05."""
    ticket = opened("2026-10-02 16:50", **fields)
    ticket = then(ticket, "2026-10-02 16:55", escalate, "needs a developer", queue="apps", tier="2")
    ticket = then(ticket, "2026-10-05 08:00", give_back, "not ours", tier="1", by="dev")
    ticket = then(ticket, "2026-10-05 08:05", escalate, "it is", queue="apps", tier="2")
    return then(ticket, "2026-10-05 09:05", resolve, "patched", by="dev")


# -- summary -------------------------------------------------------------------------------------------------


def test_summary_counts_each_thing_on_its_own_date() -> None:
    september = _settled("2026-09-30 09:00", "2026-10-01 09:00", number=1)
    closed = then(_settled("2026-10-02 09:00", "2026-10-02 11:00", number=2), "2026-11-01 00:00", close)
    withdrawn = then(opened("2026-10-03 09:00", number=3), "2026-10-04 09:00", cancel, "works again")
    waiting = then(opened("2026-10-05 09:00", number=4, kind="contact"), "2026-10-05 10:00", hold, "vendor")
    found = measures(september, closed, withdrawn, waiting, period=OCTOBER)
    assert {name: found[name] for name in ("opened", "resolved", "closed", "cancelled", "reopened")} == {
        "opened": 3, "resolved": 2, "closed": 0, "cancelled": 1, "reopened": 0,
    }  # fmt: skip
    assert (found["backlog"], found["untriaged"], found["on_hold"]) == (1, 1, 1)
    assert (found["resolve_median_h"], found["resolve_p90_h"]) == (13.0, 21.8)


def test_a_reopened_ticket_was_resolved_all_the_same() -> None:
    tickets = [_settled("2026-10-02 09:00", "2026-10-02 11:00", number=n) for n in range(1, 5)]
    tickets[0] = then(tickets[0], "2026-10-06 09:00", reopen, "silent again", until=None)
    found = measures(*tickets, period=OCTOBER)
    assert (found["resolved"], found["reopened"], found["reopened_pct"], found["backlog"]) == (4, 1, 25.0, 1)


def test_summary_of_an_empty_desk_has_counts_of_nothing_and_no_rates() -> None:
    rows = asked("summary").rows
    assert {row["measure"] for row in rows if row["value"] is None} == {
        "first_contact_pct", "first_level_pct", "reopened_pct", "respond_median_h", "respond_p90_h",
        "resolve_median_h", "resolve_p90_h", "respond_working_median_h", "respond_working_p90_h",
        "resolve_working_median_h", "resolve_working_p90_h",
    }  # fmt: skip
    assert {row["value"] for row in rows} == {0, None}
    assert rows[0] == {"measure": "opened", "value": 0, "unit": "tickets"}


def test_rates_of_the_first_contact_and_the_first_level() -> None:
    call = _settled("2026-10-02 09:00", "2026-10-02 09:05", number=1, channel="phone")
    mail = _settled("2026-10-02 09:00", "2026-10-02 09:05", number=2)
    found = measures(call, mail, _wanderer(number=3))
    assert (found["first_contact_pct"], found["first_level_pct"]) == (33.3, 66.7)
    assert (found["handovers"], found["handed_over"], found["bounces"], found["bounced"]) == (3, 1, 2, 1)


def test_duplicates_stand_apart_even_when_they_were_resolved_before() -> None:
    twin = cancel(
        _settled("2026-10-02 09:00", "2026-10-02 11:00"), stamp("2026-10-02 12:00"), "twice",
        code="duplicate", verb="merge",
    )  # fmt: skip
    found = measures(twin)
    assert (found["opened"], found["resolved"], found["closed"], found["cancelled"]) == (1, 0, 0, 1)


def test_summary_by_month_counts_each_thing_in_its_own_month_of_the_zone() -> None:
    ticket = _settled("2026-10-01 03:00", "2026-11-01 03:00")
    rows = asked("summary", ticket, by="month", zone=ZoneInfo("America/Chicago")).rows
    assert [(r["month"], r["opened"], r["resolved"]) for r in rows] == [("2026-09", 1, 0), ("2026-10", 0, 1)]


def test_dirty_times_are_counted_and_never_measured() -> None:
    found = measures(dirty_one(number=1), _settled("2026-10-02 09:00", "2026-10-02 11:00", number=2))
    assert (found["resolved"], found["dirty"], found["resolve_median_h"]) == (2, 1, 2.0)


# -- volume --------------------------------------------------------------------------------------------------


def test_volume_by_agency_with_shares_and_kinds() -> None:
    tickets = [opened("2026-10-02 09:00", number=n) for n in (1, 2)]
    tickets.append(opened("2026-10-02 09:00", number=3, kind="request"))
    tickets.append(
        then(opened("2026-10-02 09:00", agency="DOT"), "2026-10-03 09:00", cancel, "twice", code="duplicate")
    )
    tickets.append(opened("2026-11-01 00:00", agency="DOT", number=2))
    found = asked("volume", *tickets, period=OCTOBER)
    brief = [
        (r["agency"], r["opened"], r["share_pct"], r["incident"], r["request"], r["duplicate"]) for r in found.rows
    ]
    assert brief == [("DHS", 3, 75.0, 2, 1, 0), ("DOT", 1, 25.0, 1, 0, 1)]
    assert found.total is not None
    assert (found.total["opened"], found.total["share_pct"]) == (4, 100.0)


def test_volume_by_day_and_what_has_no_group_stands_last() -> None:
    tickets = [opened("2026-10-03 23:59"), opened("2026-10-02 09:00", number=2, service="pbx")]
    assert [r["day"] for r in asked("volume", *tickets, by="day").rows] == ["2026-10-02", "2026-10-03"]
    assert [r["service"] for r in asked("volume", *tickets, by="service").rows] == ["pbx", None]


# -- backlog -------------------------------------------------------------------------------------------------


def test_backlog_sorts_by_age_and_names_the_oldest() -> None:
    ages = ("2026-10-31 00:01", "2026-10-31 00:00", "2026-10-29 00:00", "2026-10-20 00:00", "2026-09-01 00:00")
    tickets = [opened(age, number=n) for n, age in enumerate(ages, 1)]
    tickets.append(_settled("2026-10-30 00:00", "2026-10-30 01:00", number=9))
    [row] = asked("backlog", *tickets).rows
    buckets = [row[name] for name in ("under_1d", "1_to_3d", "3_to_7d", "7_to_30d", "over_30d")]
    assert (row["open"], buckets) == (5, [1, 1, 1, 1, 1])
    assert (row["oldest"], row["oldest_h"]) == ("DHS-5", 61 * 24.0)


def test_backlog_says_what_tickets_wait_with() -> None:
    late = opened("2026-10-02 09:00", assignee="bo", due=Due(resolution=at("2026-10-03 09:00")))
    held = then(opened("2026-10-02 09:00", number=2), "2026-10-02 10:00", hold, "vendor")
    [row] = asked("backlog", late, held).rows
    assert (row["unassigned"], row["on_hold"], row["breached"], row["untriaged"]) == (1, 1, 1, 0)


def test_a_ticket_from_the_future_has_no_age() -> None:
    [row] = asked("backlog", opened("2026-12-01 09:00")).rows
    assert (row["open"], row["dirty"], row["under_1d"], row["oldest"], row["oldest_h"]) == (1, 1, 0, None, None)


def test_backlog_as_of_a_past_moment() -> None:
    ticket = then(_settled("2026-10-02 09:00", "2026-10-05 09:00"), "2026-10-08 09:00", close)
    then_open = asked("backlog", ticket, as_of=at("2026-10-04 09:00"))
    assert [(r["open"], r["oldest_h"]) for r in then_open.rows] == [(1, 48.0)]
    assert asked("backlog", ticket, as_of=at("2026-10-02 08:59")).rows == []
    assert asked("backlog", ticket).rows == []


# -- resolution ----------------------------------------------------------------------------------------------


def test_resolution_over_a_weekend() -> None:
    ticket = then(opened("2026-10-02 16:50"), "2026-10-02 16:55", start)
    ticket = then(ticket, "2026-10-05 08:50", resolve, "new cable", training="needed:voice mail", minutes=25)
    [row] = asked("resolution", ticket).rows
    assert (row["resolved"], row["resolve_median_h"], row["respond_median_h"]) == (1, 64.0, 0.08)
    assert (row["minutes"], row["training_needed"], row["training_none"], row["code_solved"]) == (25, 1, 0, 1)
    assert (row["first_contact_pct"], row["first_level_pct"], row["reopened_pct"]) == (0.0, 100.0, 0.0)


def test_a_ticket_counts_once_at_its_last_resolution_of_the_period() -> None:
    ticket = _settled("2026-10-02 09:00", "2026-10-02 10:00")
    ticket = then(ticket, "2026-10-03 09:00", reopen, "silent again", until=None)
    ticket = then(ticket, "2026-10-04 09:00", resolve, "new phone", code="workaround")
    [row] = asked("resolution", ticket, period=OCTOBER).rows
    assert (row["resolved"], row["resolve_mean_h"], row["reopened"], row["code_workaround"]) == (1, 48.0, 1, 1)
    assert asked("resolution", ticket, period=Range(at("2026-10-05 00:00"))).rows[0]["resolved"] == 0


def test_every_group_has_the_columns_of_every_code() -> None:
    found = asked(
        "resolution",
        _settled("2026-10-02 09:00", "2026-10-02 10:00"),
        then(opened("2026-10-02 09:00", agency="DOT"), "2026-10-02 10:00", resolve, "gone", code="no-fault-found"),
        by="agency",
    )
    assert [(r["code_no-fault-found"], r["code_solved"]) for r in found.rows] == [(0, 1), (1, 0)]
    assert all(tuple(row) == found.columns for row in found.rows)


def test_dirty_times_stay_out_of_the_mean() -> None:
    [row] = asked("resolution", dirty_one(), _settled("2026-10-02 09:00", "2026-10-02 10:00", number=2)).rows
    assert (row["resolved"], row["dirty"], row["resolve_mean_h"], row["resolve_p90_h"]) == (2, 1, 1.0, 1.0)


# -- flow ----------------------------------------------------------------------------------------------------


def test_flow_tells_the_time_in_each_queue_and_who_handed_on() -> None:
    found = asked("flow", _wanderer())
    assert [(r["tier"], r["queue"], r["stays"], r["time_h"]) for r in found.rows] == [
        ("1", "service-desk", 2, 0.17),
        ("2", "apps", 2, 64.08),
    ]
    desk, apps = found.rows
    assert (desk["functional"], desk["handovers"], desk["bounces"], desk["returns"]) == (2, 2, 1, 0)
    assert (apps["functional"], apps["handovers"], apps["bounces"], apps["returns"]) == (0, 1, 1, 1)
    assert found.total is not None
    assert (found.total["tickets"], found.total["handovers"], found.total["handed_over"]) == (1, 3, 1)


def test_flow_by_agency_counts_tickets_once_however_often_they_wander() -> None:
    calm = _settled("2026-10-02 09:00", "2026-10-02 10:00", number=2)
    [row] = asked("flow", _wanderer(), calm, by="agency").rows
    assert (row["tickets"], row["stays"], row["time_h"]) == (2, 5, 65.25)
    assert (row["handovers"], row["handed_over"], row["bounces"], row["bounced"]) == (3, 1, 2, 1)
    assert (row["handed_over_pct"], row["bounced_pct"]) == (50.0, 50.0)


def test_flow_counts_holds_reopenings_and_hierarchic_escalations() -> None:
    ticket = then(opened("2026-10-02 09:00"), "2026-10-02 10:00", hold, "requester")
    ticket = then(then(ticket, "2026-10-02 11:00", resume), "2026-10-02 12:00", hold, "vendor")
    ticket = then(ticket, "2026-10-02 13:00", escalate_hierarchic, "takes long", to="cy")
    ticket = then(then(ticket, "2026-10-02 14:00", resolve, "x"), "2026-10-02 15:00", reopen, "y", until=None)
    [row] = asked("flow", ticket, by="kind").rows
    assert [row[n] for n in ("holds", "held", "hierarchic", "functional", "reopenings", "reopened")] == [
        2,
        1,
        1,
        0,
        1,
        1,
    ]


def test_the_clock_of_a_queue_runs_to_the_moment_of_the_report() -> None:
    [row] = asked("flow", opened("2026-10-02 09:00"), now=at("2026-10-02 10:30")).rows
    assert row["time_h"] == 1.5


def test_dirty_times_are_no_stay() -> None:
    [row] = asked("flow", dirty_one()).rows
    assert (row["tickets"], row["dirty"], row["stays"], row["time_h"]) == (1, 1, 0, None)


def test_where_one_time_is_untrue_no_stay_is_believed() -> None:
    ticket = msgspec.structs.replace(_wanderer(), responded_at=at("2026-10-01 09:00"))
    found = asked("flow", ticket)
    assert [(r["queue"], r["stays"], r["dirty"]) for r in found.rows] == [("service-desk", 0, 0), ("apps", 0, 1)]


# -- workload ------------------------------------------------------------------------------------------------


def test_workload_of_each_person_and_nobody_last() -> None:
    mine = then(opened("2026-10-02 09:00", assignee="bo"), "2026-10-02 10:00", start, by="bo")
    nobody = opened("2026-10-02 09:00", number=2)
    done = _settled("2026-10-02 09:00", "2026-10-02 13:00", number=3, assignee="bo")
    call = _settled("2026-10-02 09:00", "2026-10-02 09:05", number=4, channel="phone")
    rows = asked("workload", mine, nobody, done, call, period=OCTOBER).rows
    brief = [(r["person"], r["open"], r["in_progress"], r["resolved"], r["minutes"]) for r in rows]
    assert brief == [("ana", 0, 0, 1, 20), ("bo", 1, 1, 1, 0), (None, 1, 0, 0, 0)]
    assert [r["resolve_median_h"] for r in rows] == [0.08, 4.0, None]


def test_minutes_go_to_who_booked_them_when_they_did() -> None:
    ticket = then(opened("2026-09-30 09:00", assignee="bo"), "2026-09-30 10:00", note, "looked", minutes=5, by="cy")
    ticket = then(ticket, "2026-10-02 10:00", note, "looked again", minutes=7, by="cy")
    rows = asked("workload", ticket, period=OCTOBER).rows
    assert [(r["person"], r["minutes"]) for r in rows] == [("bo", 0), ("cy", 7)]


def test_workload_within_a_group() -> None:
    rows = asked("workload", opened("2026-10-02 09:00", assignee="bo"), by="agency").rows
    assert [(r["agency"], r["person"], r["open"]) for r in rows] == [("DHS", "bo", 1)]


# -- what all of them share ----------------------------------------------------------------------------------


def _mixed() -> list[Ticket]:
    return [
        _wanderer(number=1),
        dirty_one(number=2, kind="contact"),
        opened("2026-10-05 09:00", number=3, kind="contact", category="telecom/voice", service="pbx", assignee="bo"),
        then(opened("2026-10-05 09:00", number=4), "2026-10-06 09:00", cancel, "works again"),
    ]


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("by", [None, *DIMENSIONS])
def test_every_report_in_every_grouping_is_plain_and_square(name: str, by: str | None) -> None:
    found = asked(name, *_mixed(), by=by)
    assert found.name == name
    assert found.rows
    assert all(tuple(row) == found.columns for row in found.rows)
    assert msgspec.json.decode(msgspec.json.encode(found.rows)) == found.rows
    numbers = [value for row in found.rows for value in row.values() if isinstance(value, int | float)]
    assert all(value >= 0 for value in numbers)


@pytest.mark.parametrize("name", REPORTS)
def test_as_of_the_eve_of_a_change_the_report_is_the_one_of_that_eve(name: str) -> None:
    eve = at("2026-10-05 08:30")
    now = [_wanderer(number=1)]
    before = then(opened("2026-10-02 16:50"), "2026-10-02 16:55", escalate, "?", queue="apps", tier="2")
    before = then(before, "2026-10-05 08:00", give_back, "not ours", tier="1", by="dev")
    before = then(before, "2026-10-05 08:05", escalate, "it is", queue="apps", tier="2")
    assert asked(name, *now, as_of=eve).rows == asked(name, before, now=eve).rows


@pytest.mark.parametrize("name", REPORTS)
def test_what_wanted_leaves_out_would_not_have_counted(name: str) -> None:
    """A store may prune by the query: the answer is the same as over every ticket that is not undone."""
    tickets = _mixed()
    for period in (Range(), OCTOBER, Range(None, at("2026-10-04 00:00")), Range(at("2026-10-04 00:00"))):
        request = Request(now=NOW, period=period)
        assert asked(name, *tickets, period=period).rows == report(name, request, iter(tickets)).rows


def test_wanted_names_the_agencies_and_prunes_by_date() -> None:
    query = wanted("volume", Request(now=NOW, period=OCTOBER), ("DHS",))
    assert (query.agencies, query.opened, query.finished()) == (("DHS",), OCTOBER, True)
    assert not wanted("backlog", Request(now=NOW)).finished()
    assert wanted("backlog", Request(now=NOW, as_of=at("2026-10-05 00:00"))).finished()


def test_the_backlog_by_status_tells_what_is_held_and_what_nobody_began() -> None:
    held = then(opened("2026-10-05 09:00", number=7), "2026-10-05 10:00", hold, "vendor")
    found = asked("backlog", held, opened("2026-10-05 09:00", number=8), by="status")
    assert [(row["status"], row["open"]) for row in found.rows] == [("on-hold", 1), ("queued", 1)]


def test_an_unknown_report_or_grouping_says_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"no such report: 'sales'.*summary, volume"):
        asked("sales")
    with pytest.raises(UsageError, match=r"can't group by 'colour'.*agency, queue"):
        asked("volume", by="colour")


@pytest.mark.parametrize("name", REPORTS)
def test_the_docs_define_every_column(name: str) -> None:
    text = (Path(__file__).parents[2] / "docs/measures.md").read_text(encoding="utf-8")
    defined = {word for quoted in re.findall(r"`([^`\n]+)`", text) for word in quoted.split()}
    told = {column for column in asked(name, *_mixed(), by="agency").columns if not column.startswith("code_")}
    assert told - {*DIMENSIONS, *KINDS} <= defined


def test_a_settled_call_opened_and_resolved_in_one_operation() -> None:
    draft = Ticket(key="DHS-1", agency="DHS", number=1, kind="incident", status="queued", subject="How?",
                   channel="phone", queue="service-desk", tier="1")  # fmt: skip
    both = stamp("2026-10-02 16:50")
    found = measures(close(resolve(open_ticket(draft, both), both, "like this"), both))
    assert (found["first_contact_pct"], found["respond_median_h"], found["resolve_median_h"]) == (100.0, 0.0, 0.0)
