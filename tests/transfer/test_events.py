"""An event log: the rows of a ticket become its life, with the real times and actors."""

from pathlib import Path

import pytest

from csctool.domain.past import ticket_as_of

from .world import World, utc, verbs

MAP = """
row = "event"
id = "number"
missing = ["?"]
[times]
form = "%d/%m/%Y %H:%M"
zone = "UTC"
[event]
at = "at"
by = "by"
note = "note"
[constants]
kind = "incident"
agency = "DHS"
[columns]
subject = "subject"
status = "state"
queue = "group"
assignee = "person"
impact = "impact"
urgency = "urgency"
opened_at = "opened"
opened_by = "caller"
resolved_at = "resolved"
resolved_by = "resolver"
closed_at = "closed"
[fields]
moves = { column = "moves", type = "integer" }
[values.status]
New = "open"
Active = "in-progress"
Vendor = "on-hold:vendor"
User = "on-hold:requester"
Resolved = "resolved"
Closed = "closed"
Cancelled = "cancelled"
"""
HEADER = "number,state,group,person,at,by,opened,caller,resolved,resolver,closed,moves,impact,urgency,subject,note\n"


@pytest.fixture(params=["memory", "tiny"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(tmp_path, request.param)


def log(*rows: str, number: str = "I1") -> str:
    """Rows `state group person hour`, on 5 January 2026, of a ticket opened at 8 by ann and resolved at 20 by rex."""
    return "".join(
        f"{number},{state},{group},{person},5/1/2026 {hour},by {hour},5/1/2026 08:00,ann,?,rex,?,"
        f"{n},2,2,Printer,{''.join(note)}\n"
        for n, row in enumerate(rows)
        for state, group, person, hour, *note in [row.split()]
    )


def life(world: World, *rows: str):
    world.take(HEADER + log(*rows), MAP)
    assert world.rejected == []
    return world.get("DHS-1")


def test_a_ticket_goes_through_two_groups_a_hold_and_a_reopening(world):
    ticket = life(
        world, "New A ? 08:10", "Active A p 09:00", "Active B q 10:00", "Vendor B q 11:00", "Active B q 12:00",
        "Resolved B q 13:00", "Active A ? 14:00", "Resolved A r 15:00", "Closed A r 16:00",
    )  # fmt: skip
    assert verbs(ticket) == [
        "open", "assign", "start", "assign", "hold", "resume", "resolve", "reopen", "assign", "start", "assign",
        "resolve", "close",
    ]  # fmt: skip
    assert (ticket.handovers, ticket.bounces) == (2, 1)
    assert [e.actor for e in ticket.history][:4] == ["ann", "by 09:00", "by 09:00", "by 10:00"]
    assert {e.via for e in ticket.history} == {"unix"}
    assert ticket.history[4].changes["hold"] == (None, {"for": "vendor", "until": None})
    assert ticket_as_of(ticket, utc("2026-01-05T11:30")).status == "on-hold"
    assert ticket_as_of(ticket, utc("2026-01-05T13:30")).resolved_at == utc("2026-01-05T13:00")
    assert ticket.fields == {"moves": 8}, "extra fields are those of the last row"


def test_the_last_resolution_is_the_one_that_the_columns_state(world):
    rows = log("New A ? 08:10", "Resolved A ? 09:00", "Active A ? 10:00", "Resolved A ? 11:00", "Closed A ? 12:00")
    world.take(HEADER + rows.replace(",?,rex,?,", ",5/1/2026 11:30,rex,5/1/2026 12:00,"), MAP)
    ticket = world.get("DHS-1")
    assert ticket.resolved_at == utc("2026-01-05T11:30")
    assert [(e.actor, e.at) for e in ticket.history if e.verb == "resolve"] == [
        ("by 09:00", utc("2026-01-05T09:00")), ("rex", utc("2026-01-05T11:00")),
    ]  # fmt: skip


def test_a_time_that_the_log_keeps_and_lacks_stays_unknown(world):
    ticket = life(world, "New A ? 08:10", "Resolved A ? 09:00", "Closed A ? 12:00")
    assert (ticket.status, ticket.resolved_at, ticket.closed_at) == ("closed", None, None)
    assert verbs(ticket) == ["open", "resolve", "close"], "the history shows when it was marked resolved"


def test_a_log_without_such_columns_takes_the_time_of_the_event(world):
    plan = MAP.replace('resolved_at = "resolved"\n', "").replace('closed_at = "closed"\n', "")
    world.take(HEADER + log("New A ? 08:10", "Resolved A ? 09:00", "Closed A ? 12:00"), plan)
    ticket = world.get("DHS-1")
    assert (ticket.resolved_at, ticket.closed_at) == (utc("2026-01-05T09:00"), utc("2026-01-05T12:00"))


def test_missing_groups_are_passed_over_and_the_first_one_is_no_hand_over(world):
    ticket = life(world, "New ? ? 08:10", "New A ? 09:00", "New ? ? 10:00", "New A ? 11:00", "New B ? 12:00")
    assert (ticket.queue, ticket.handovers) == ("B", 1)
    assert [e.changes["queue"] for e in ticket.history if "queue" in e.changes] == [(None, "A"), ("A", "B")]
    assert "route" not in [decision.hook for decision in ticket.history[0].decisions]


def test_a_ticket_that_never_had_a_group_is_routed(world):
    assert life(world, "New ? ? 08:10", "Closed ? ? 09:00").queue == "service-desk"


def test_a_queue_of_the_settings_brings_its_tier_and_a_foreign_one_stays_as_text(world):
    ticket = life(world, "New apps ? 08:10", "New Group-70 ? 09:00")
    assert (ticket.queue, ticket.tier, ticket.desk) == ("Group-70", None, "service-desk")
    assert ticket.history[0].changes["tier"] == (None, "2")


def test_a_priority_that_no_column_states_follows_impact_and_urgency(world):
    rows = log("New A ? 08:10", "New A ? 09:00")
    first, second = rows.splitlines(keepends=True)
    world.take(HEADER + first + second.replace(",2,2,", ",1,1,"), MAP)
    assert world.get("DHS-1").history[1].changes["priority"] == ("P3", "P1")
    assert world.get("DHS-1").flags == ()


def test_rows_out_of_order_stay_in_the_files_order_and_say_their_time(world):
    ticket = life(world, "New A ? 08:10", "Active A ? 10:00", "Resolved A ? 09:00")
    assert verbs(ticket) == ["open", "start", "resolve"]
    assert ticket.history[-1].at == utc("2026-01-05T10:00")
    assert ticket.history[-1].changes["stated_at"] == (None, "2026-01-05T09:00:00Z")


def test_a_comment_becomes_a_note(world):
    ticket = life(world, "New A ? 08:10", "New A ? 09:00 called")
    assert (ticket.history[-1].verb, ticket.history[-1].note) == ("note", "called")


def test_a_cancelled_ticket_and_one_closed_without_a_resolution(world):
    world.take(
        HEADER + log("New A ? 08:10", "Cancelled A ? 09:00") + log("New A ? 08:10", "Closed A ? 09:00", number="I2"),
        MAP,
    )
    assert [verbs(t) for t in world.tickets()] == [["open", "cancel"], ["open", "resolve", "close"]]


def test_a_bad_row_takes_its_ticket_with_it_and_no_other(world):
    bad = log("New A ? 08:10", "Odd A ? 09:00", "Closed A ? 10:00")
    taken = world.take(HEADER + log("New A ? 08:10", number="I0") + bad + log("New A ? 08:10", number="I2"), MAP)
    assert (taken.added, taken.rejected) == (2, 1)
    assert [line for line, _ in world.rejected[0].raw] == [3, 4, 5]
    assert world.rejected[0].reason == "line 4: state 'Odd' is not in the map's [values.status]"


def test_a_ragged_row_within_a_ticket_rejects_the_ticket(world):
    rows = log("New A ? 08:10", "Active A ? 09:00")
    taken = world.take(HEADER + rows.rstrip("\n") + ",one,more\n" + log("New A ? 08:10", number="I2"), MAP)
    assert (taken.added, taken.rejected, len(world.rejected[0].raw)) == (1, 1, 2)
    assert "18 cells under 16 columns" in world.rejected[0].reason


def test_a_log_that_has_grown_is_another_content_of_the_same_ticket(world):
    world.take(HEADER + log("New A ? 08:10"), MAP)
    taken = world.take(HEADER + log("New A ? 08:10", "Closed A ? 09:00"), MAP)
    assert (taken.known, taken.rejected) == (0, 1)
    assert world.get("DHS-1").status == "queued"
