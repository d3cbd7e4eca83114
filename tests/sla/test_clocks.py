"""Clocks as a technician meets them: opened, held, handed on, corrected, resolved, reopened."""

import pytest
from tests.sla.conftest import Shift, settings


def due(ticket: dict) -> tuple[str | None, str | None]:
    return ticket["due"]["response"], ticket["due"]["resolution"]


def test_opened_friday_at_1650_held_at_1705_resumed_on_monday_the_clock_shows_ten_minutes(shift: Shift) -> None:
    key = shift.open("Fri 16:50")
    shift.at("Fri 17:05")("hold", key, "--for", "requester")
    shift.at("Mon 10:00")("resume", key)
    found = shift.clock("Mon 10:00", key)
    assert (found["elapsed_seconds"], found["remaining_seconds"], found["state"]) == (600, 8 * 3600 - 600, "running")
    assert [(s["running"], s["seconds"]) for s in found["segments"]] == [(True, 600), (False, 7200), (True, 0)]


def test_the_promised_times_stand_on_the_ticket(shift: Shift) -> None:
    ticket = shift.ticket("Fri 16:50", shift.open("Fri 16:50"))
    assert due(ticket) == ("2026-11-23T17:50:00Z", "2026-11-23T21:50:00Z")
    assert ticket["sla"]["policy"] == "standard"
    assert ticket["sla"]["resolution"]["target_seconds"] == 28800
    assert ticket["sla"]["resolution"]["calendar"] == "business"
    assert ticket["sla"]["resolution"]["state"] == "running"


def test_a_desk_without_promises_promises_nothing(csctool) -> None:
    ticket = csctool.ticket(csctool.open("x", "--kind", "incident"))
    assert (ticket["due"], ticket["sla"]) == ({"response": None, "resolution": None}, {})


def test_on_hold_for_the_requester_nothing_is_promised_and_nothing_is_breached(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    shift.at("Mon 10:00")("hold", key, "--for", "requester")
    ticket = shift.ticket("Wed 10:00", key)
    assert (ticket["due"]["resolution"], ticket["sla"]["resolution"]["state"]) == (None, "paused")
    shift.at("Mon 10:00")("hold", key, "--for", "requester", status=0)
    assert ticket["due"]["response"] == "2026-11-23T18:00:00Z", "the response never pauses"


@pytest.mark.parametrize("cause", ["vendor", "change", "other"])
def test_a_hold_for_others_is_ours(shift: Shift, cause: str) -> None:
    key = shift.open("Mon 08:00")
    before = shift.ticket("Mon 08:00", key)["due"]
    shift.at("Mon 10:00")("hold", key, "--for", cause)
    shift.at("Tue 10:00")("resume", key)
    assert shift.ticket("Tue 10:00", key)["due"] == before


def test_a_hold_moves_the_due_time_by_the_paused_working_time(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    shift.at("Mon 16:00")("hold", key, "--for", "approval")
    shift.at("Tue 09:00")("resume", key)
    assert shift.ticket("Tue 09:00", key)["due"]["resolution"] == "2026-11-24T15:00:00Z", "nothing was left of 8 hours"
    key = shift.open("Mon 08:00")
    shift.at("Mon 15:00")("hold", key, "--for", "approval")
    shift.at("Tue 09:00")("resume", key)
    assert shift.ticket("Tue 09:00", key)["due"]["resolution"] == "2026-11-24T16:00:00Z"


def test_a_change_of_priority_keeps_what_has_run(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    shift.at("Mon 09:00")("start", key)
    shift.at("Mon 11:00")("triage", key, "--priority", "P1")
    ticket = shift.ticket("Mon 11:00", key)
    assert ticket["due"]["resolution"] == "2026-11-23T18:00:00Z", "three hours of four have run"
    assert ticket["sla"]["response"]["state"] == "met", "an answer that was in time stays so"


def test_a_target_that_has_passed_when_it_is_set_is_breached_at_that_moment(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    shift.at("Mon 14:00")("triage", key, "--priority", "P1")
    found = shift.ticket("Mon 14:00", key)["sla"]["resolution"]
    assert (found["state"], found["due"], found["breached_at"]) == (
        "breached", "2026-11-23T18:00:00Z", "2026-11-23T20:00:00Z",
    )  # fmt: skip
    assert found["over_seconds"] == 2 * 3600


def test_a_pause_is_not_lost_when_the_priority_changes_meanwhile(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    shift.at("Mon 09:00")("hold", key, "--for", "requester")
    shift.at("Mon 12:00")("triage", key, "--priority", "P1")
    shift.at("Mon 15:00")("resume", key)
    assert shift.ticket("Mon 15:00", key)["due"]["resolution"] == "2026-11-24T00:00:00Z"


def test_what_waited_as_a_contact_has_waited(shift: Shift) -> None:
    key = shift.open("Mon 08:00", kind="contact")
    assert shift.ticket("Mon 08:00", key)["due"]["resolution"] is None
    shift.at("Mon 10:00")("triage", key, "--kind", "incident")
    assert shift.ticket("Mon 10:00", key)["due"]["resolution"] == "2026-11-23T22:00:00Z"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (("start",), "met"),
        (("note", "-m", "We are on it", "--public"), "met"),
        (("resolve", "--resolution", "done"), "met"),
        (("note", "-m", "internal"), "running"),
        (("assign", "--to", "bo"), "running"),
        (("callback", "--no-answer"), "running"),
        (("callback", "--reached"), "met"),
    ],
)
def test_what_answers_and_what_does_not(shift: Shift, answer: tuple[str, ...], state: str) -> None:
    key = shift.open("Mon 08:00")
    shift.at("Mon 09:00")(answer[0], key, *answer[1:])
    assert shift.ticket("Mon 09:00", key)["sla"]["response"]["state"] == state


def test_a_call_is_answered_when_it_is_opened(shift: Shift) -> None:
    ticket = shift.ticket("Sat 11:00", shift.open("Sat 11:00", channel="phone"))
    assert ticket["sla"]["response"]["state"] == "met"
    assert ticket["sla"]["response"]["elapsed_seconds"] == 0


def test_resolved_late_is_breached_and_says_why(shift: Shift) -> None:
    key = shift.open("Mon 08:00", channel="phone")
    shift.at("Tue 09:00")("resolve", key, "--resolution", "x", "--breach-reason", "part was missing")
    found = shift.ticket("Tue 09:00", key)["sla"]
    assert (found["resolution"]["state"], found["breach_reason"]) == ("breached", "part was missing")
    assert found["resolution"]["breached_at"] == "2026-11-23T22:00:00Z"


def test_resolved_at_the_very_second_it_is_due_is_in_time(shift: Shift) -> None:
    for second, state in (("16:00:00", "met"), ("16:00:01", "breached")):
        key = shift.open("Mon 08:00")
        shift.at(f"Mon {second}")("resolve", key, "--resolution", "x")
        assert shift.ticket("Tue 09:00", key)["sla"]["resolution"]["state"] == state


def test_a_clock_that_still_runs_is_shown_late_when_it_is(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    states = [shift.ticket(when, key)["sla"]["resolution"]["state"] for when in ("Mon 16:00", "Mon 16:01")]
    assert states == ["running", "breached"]
    for when, late in (("Mon 11:00", []), ("Tue 08:00", [key])):
        assert shift.at(when)("list", "--breached", "--format", "keys").out.split() == late


def test_a_reopening_goes_on_where_the_resolution_stopped(shift: Shift) -> None:
    key = shift.open("Mon 08:00", channel="phone")
    shift.at("Mon 12:00")("resolve", key, "--resolution", "x")
    shift.at("Mon 13:00")("close", key)
    frozen = shift.ticket("Mon 13:00", key)["sla"]
    assert frozen["resolution"]["state"] == "met"
    shift.at("Tue 10:00")("reopen", key, "--reason", "again")
    found = shift.ticket("Tue 10:00", key)
    assert found["sla"]["resolution"]["elapsed_seconds"] == 4 * 3600
    assert found["due"]["resolution"] == "2026-11-24T20:00:00Z"


def test_an_outcome_is_frozen_at_closing(shift: Shift) -> None:
    key = shift.open("Mon 08:00", channel="phone")
    shift.at("Mon 12:00")("resolve", key, "--resolution", "x")
    shift.at("Mon 13:00")("close", key)
    before = shift.ticket("Mon 13:00", key)
    settings(shift.csctool.desk, "", ('resolve = "8h"\n[sla.standard.request', 'resolve = "1h"\n[sla.standard.request'))
    shift.at("Tue 13:00")("note", key, "thanks")
    after = shift.ticket("Tue 13:00", key)
    assert (after["sla"], after["due"]) == (before["sla"], before["due"])


def test_cancelled_is_neither_kept_nor_broken(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    shift.at("Mon 09:00")("cancel", key, "--reason", "not ours")
    found = shift.ticket("Wed 09:00", key)["sla"]
    assert {found["response"]["state"], found["resolution"]["state"]} == {"cancelled"}


# -- working days, elapsed days, agreed times


def test_three_working_days_become_working_seconds_once(shift: Shift) -> None:
    ticket = shift.ticket("Fri 16:50", shift.open("Fri 16:50", kind="request"))
    assert ticket["sla"]["resolution"]["target_seconds"] == 27 * 3600
    assert ticket["due"]["resolution"] == "2026-11-25T22:50:00Z"
    settings(
        shift.csctool.desk, "", ("[calendars.business.hours]", 'holidays = ["2026-11-24"]\n[calendars.business.hours]')
    )
    shift.at("Mon 08:00")("start", ticket["key"])
    moved = shift.ticket("Mon 08:00", ticket["key"])
    assert moved["sla"]["resolution"]["target_seconds"] == 27 * 3600
    assert moved["due"]["resolution"] == "2026-11-26T22:50:00Z", "the holiday counts from now on"


def test_fourteen_days_are_elapsed_time_in_any_calendar(shift: Shift) -> None:
    ticket = shift.ticket("Sat 11:00", shift.open("Sat 11:00", kind="change"))
    assert ticket["due"]["resolution"] == "2026-12-05T17:00:00Z"


def test_an_agreed_time_is_the_due_time_and_moves_only_with_later_pauses(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    agreed = ("triage", key, "--due", "2026-11-28T10:00", "--reason", "client is away")
    shift.at("Mon 09:00")(*agreed)
    assert shift.ticket("Mon 09:00", key)["due"]["resolution"] == "2026-11-28T16:00:00Z", "a Saturday, as agreed"
    shift.at("Mon 10:00")("triage", key, "--priority", "P1")
    assert shift.ticket("Mon 10:00", key)["due"]["resolution"] == "2026-11-28T16:00:00Z"
    shift.at("Mon 11:00")("hold", key, "--for", "requester")
    assert shift.ticket("Mon 11:00", key)["due"]["resolution"] is None
    shift.at("Mon 12:00")("resume", key)
    assert shift.ticket("Mon 12:00", key)["due"]["resolution"] == "2026-11-28T17:00:00Z"


def test_an_agreed_time_that_has_passed_is_refused(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    shift.at("Mon 09:00").refused("triage", key, "--due", "2026-11-20", "--reason", "x", status=2)


def test_an_agreed_time_needs_no_policy(csctool) -> None:
    key = csctool.open("x")
    csctool("triage", key, "--due", "2026-11-10T12:00Z", "--reason", "agreed")
    csctool("hold", key, "--for", "requester")
    ticket = csctool.ticket(key)
    assert (ticket["due"]["resolution"], ticket["sla"]) == ("2026-11-10T12:00:00Z", {})


# -- contracts


def test_a_queue_has_a_clock_for_each_stay(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    shift.at("Mon 09:00")("escalate", key, "--reason", "needs them")
    shift.at("Mon 10:30")("start", key)
    shift.at("Mon 11:00")("return", key, "--reason", "not ours")
    shift.at("Mon 12:00")("escalate", key, "--reason", "it is")
    found = shift.ticket("Mon 12:00", key)["sla"]["ola"]
    assert [(c["name"], c["stay"], c["clock"], c["state"]) for c in found] == [
        ("apps", 1, "response", "breached"), ("apps", 1, "resolution", "met"),
        ("apps", 2, "response", "running"), ("apps", 2, "resolution", "running"),
    ]  # fmt: skip
    assert found[1]["elapsed_seconds"] == 2 * 3600


def test_a_hold_for_a_vendor_starts_the_vendors_own_clock(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    shift.at("Mon 16:00")("hold", key, "--for", "vendor")
    shift.at("Mon 22:00")("resume", key)
    vendor = shift.clock("Mon 22:00", key, "resolution", "tier:3")
    assert (vendor["state"], vendor["over_seconds"], vendor["calendar"]) == ("breached", 2 * 3600, "always")


# -- what was in force when


def test_a_policy_that_is_edited_today_does_not_rewrite_yesterday(shift: Shift) -> None:
    old, live = shift.open("Fri 08:00", channel="phone"), shift.open("Fri 08:00", channel="phone")
    shift.at("Fri 15:00")("resolve", old, "--resolution", "x")
    settings(shift.csctool.desk, "", ('resolve = "8h"\n[sla.standard.request', 'resolve = "2h"\n[sla.standard.request'))
    assert shift.ticket("Mon 08:00", old)["sla"]["resolution"]["state"] == "met"
    shift.at("Mon 08:00")("note", live, "looked at it")
    found = shift.clock("Mon 08:00", live)
    assert (found["target_seconds"], found["state"], found["elapsed_seconds"]) == (7200, "breached", 9 * 3600)
    assert shift.at("Mon 08:00")("sla", "recompute").out == "2 tickets checked, 0 differ\n"


def test_a_calendar_that_is_edited_today_does_not_rewrite_yesterday(shift: Shift) -> None:
    key = shift.open("Fri 08:00", channel="phone")
    shift.at("Fri 15:00")("hold", key, "--for", "requester")
    settings(shift.csctool.desk, "", ('fri = ["08:00-17:00"] ', 'fri = ["08:00-09:00"] '))
    shift.at("Mon 08:00")("resume", key)
    assert shift.clock("Mon 08:00", key)["elapsed_seconds"] == 7 * 3600
    assert shift.at("Mon 08:00")("sla", "recompute").out == "1 tickets checked, 0 differ\n"


def test_a_transfer_takes_along_what_has_run(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    shift.at("Mon 10:00")("hold", key, "--for", "requester")
    shift.at("Mon 12:00")("resume", key)
    new = shift.at("Mon 13:00")("transfer", key, "--agency", "DOT").out.strip()
    found = shift.clock("Mon 13:00", new)
    assert (found["elapsed_seconds"], found["carried_seconds"]) == (3 * 3600, 3 * 3600)
    assert shift.ticket("Mon 13:00", new)["due"]["resolution"] == "2026-11-24T15:00:00Z"
    assert shift.at("Mon 14:00")("sla", "recompute").out == "2 tickets checked, 0 differ\n"


# -- bad input


def test_a_calendar_that_never_opens_promises_no_time_and_loses_no_ticket(shift: Shift) -> None:
    settings(
        shift.csctool.desk,
        "\n[calendars.never]\n",
        ('[sla.standard]\ncalendar = "business"', '[sla.standard]\ncalendar = "never"'),
    )
    ticket = shift.ticket("Mon 08:00", shift.open("Mon 08:00"))
    assert (ticket["due"]["resolution"], ticket["sla"]["resolution"]["state"]) == (None, "running")
    request = shift.ticket("Mon 08:00", shift.open("Mon 08:00", kind="request"))
    assert request["due"]["resolution"] is None
    assert shift.clock("Wed 08:00", ticket["key"])["elapsed_seconds"] == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('fri = ["08:00-17:00"]', 'fri = ["08:00-25:00"]'),
        ('fri = ["08:00-17:00"]', 'fri = ["08:00-12:00", "11:00-17:00"]'),
        ("[calendars.business]\n", '[calendars.business]\ntimezone = "Mars/Base"\n'),
        ('calendar = "always"\n[sla.standard.incident.default]', 'calendar = "alway"\n[sla.standard.incident.default]'),
    ],
)
def test_hours_that_can_not_be_are_refused_in_one_line(shift: Shift, old: str, new: str) -> None:
    settings(shift.csctool.desk, "", (old, new))
    line = shift.at("Mon 08:00").refused("config", "check", status=2)
    assert "csctool.toml" in line


def test_a_now_before_the_last_change_shows_that_change(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    found = shift.clock("Fri 08:00", key)
    assert (found["elapsed_seconds"], found["state"]) == (0, "running")


SHORTER = ('respond = "4h"\nresolve = "8h"', 'respond = "30m"\nresolve = "1h"')


def test_an_answer_is_judged_by_what_was_promised_before_it(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    settings(shift.csctool.desk, "", SHORTER)
    shift.at("Mon 09:00")("start", key)
    found = shift.ticket("Mon 09:00", key)["sla"]
    assert (found["response"]["target_seconds"], found["response"]["state"]) == (4 * 3600, "met")
    assert found["resolution"]["target_seconds"] == 3600, "what still runs is held against the new target"


def test_a_policy_that_is_edited_between_resolving_and_closing_changes_nothing(shift: Shift) -> None:
    key = shift.open("Mon 08:00", channel="phone")
    shift.at("Mon 12:00")("resolve", key, "--resolution", "x")
    settings(shift.csctool.desk, "", SHORTER)
    shift.at("Mon 13:00")("close", key)
    assert shift.ticket("Mon 13:00", key)["sla"]["resolution"]["state"] == "met"


def test_a_correction_while_it_is_resolved_judges_it_anew(shift: Shift) -> None:
    key = shift.open("Mon 08:00", channel="phone")
    shift.at("Mon 13:00")("resolve", key, "--resolution", "x")
    shift.at("Mon 14:00")("triage", key, "--priority", "P1")
    found = shift.ticket("Mon 14:00", key)["sla"]["resolution"]
    assert (found["target_seconds"], found["state"], found["elapsed_seconds"]) == (4 * 3600, "breached", 5 * 3600)


def test_working_days_stay_the_seconds_they_became_when_the_hours_change(shift: Shift) -> None:
    key = shift.open("Mon 08:00", kind="request")
    days = tuple((f'{day} = ["08:00-17:00"]', f'{day} = ["08:00-12:00"]') for day in ("tue", "wed", "thu"))
    settings(shift.csctool.desk, "", *days)
    shift.at("Mon 09:00")("start", key)
    found = shift.ticket("Mon 09:00", key)["sla"]["resolution"]
    assert (found["target_seconds"], found["remaining_seconds"]) == (27 * 3600, 26 * 3600)
