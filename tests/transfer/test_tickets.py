"""JSON Lines with the ticket's own names: what is stated is taken, what is missing is decided, nothing comes twice."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from csctool.domain.intake import Rejected
from csctool.domain.past import ticket_as_of
from csctool.errors import UsageError

from .world import NOW, World, utc, verbs


@pytest.fixture(params=["memory", "tiny"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(tmp_path, request.param)


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_a_bare_subject_becomes_a_queued_ticket_that_the_rules_complete(world):
    world.take(lines({"agency": "DHS", "subject": "Voicemail light stays on"}))
    ticket = world.get("DHS-1")
    assert (ticket.kind, ticket.category, ticket.queue, ticket.status) == (
        "incident", "telecom/voice", "network", "queued",
    )  # fmt: skip
    assert [decision.hook for decision in ticket.history[0].decisions] == ["categorize", "prioritize", "route"]
    assert (ticket.opened_at, ticket.history[0].actor, ticket.history[0].via) == (NOW, "ana", "unix")


def test_what_the_row_states_no_rule_changes(world):
    world.take(lines({
        "agency": "DHS", "subject": "Voicemail", "category": "other", "kind": "request", "queue": "apps",
        "priority": "P2", "impact": 1, "service": "mail", "status": "queued", "channel": "email",
    }))  # fmt: skip
    ticket = world.get("DHS-1")
    assert (ticket.category, ticket.kind, ticket.queue, ticket.tier, ticket.priority) == (
        "other", "request", "apps", "2", "P2",
    )  # fmt: skip
    assert ticket.assignee is None, "the row says that it waits in the queue"
    assert ticket.flags == (), "nobody is to be called back for what another desk has handled"


def test_a_closed_row_gets_the_events_in_between_at_the_stated_times(world):
    world.take(lines({
        "agency": "DHS", "subject": "Voicemail", "status": "closed", "opened_at": "2026-01-05T08:00:00Z",
        "resolved_at": "2026-01-05T09:30:00Z", "closed_at": "2026-01-08T10:00:00Z", "resolution": "plugged in",
        "code": "solved", "assignee": "bo", "minutes": 12, "handovers": 2,
    }))  # fmt: skip
    ticket = world.get("DHS-1")
    assert verbs(ticket) == ["open", "resolve", "close"]
    assert [event.at for event in ticket.history] == [
        utc("2026-01-05T08:00"), utc("2026-01-05T09:30"), utc("2026-01-08T10:00"),
    ]  # fmt: skip
    assert (ticket.status, ticket.resolution, ticket.code, ticket.minutes, ticket.handovers, ticket.version) == (
        "closed", "plugged in", "solved", 12, 2, 3,
    )  # fmt: skip
    assert ticket.closed_at == utc("2026-01-08T10:00")
    assert ticket_as_of(ticket, utc("2026-01-06T00:00")).status == "resolved"


@pytest.mark.parametrize(
    ("status", "made"),
    [
        ("queued", ["open"]),
        ("assigned", ["open"]),
        ("in-progress", ["open", "start"]),
        ("on-hold", ["open", "hold"]),
        ("resolved", ["open", "resolve"]),
        ("closed", ["open", "resolve", "close"]),
        ("cancelled", ["open", "cancel"]),
    ],
)
def test_every_status_is_reached_by_the_verbs_of_the_lifecycle(world, status, made):
    world.take(lines({"agency": "DHS", "subject": "x", "status": status, "opened_at": "2026-01-05T08:00:00Z"}))
    ticket = world.get("DHS-1")
    assert (ticket.status, verbs(ticket)) == (status, made)


def test_a_ticket_that_ended_before_it_began_keeps_its_times_and_a_history_in_order(world):
    taken = world.take(lines({
        "agency": "DHS", "subject": "x", "opened_at": "2026-01-05T08:00:00Z", "closed_at": "2026-01-04T08:00:00Z",
    }))  # fmt: skip
    ticket = world.get("DHS-1")
    assert taken.dirty == 1
    assert (ticket.opened_at, ticket.closed_at) == (utc("2026-01-05T08:00"), utc("2026-01-04T08:00"))
    assert [event.at for event in ticket.history] == sorted(event.at for event in ticket.history)
    assert ticket.history[-1].changes["stated_at"] == (None, "2026-01-04T08:00:00Z")


def test_a_time_that_the_status_denies_is_kept(world):
    world.take(lines({"agency": "DHS", "subject": "x", "status": "on-hold", "closed_at": "2026-01-04T08:00:00Z"}))
    ticket = world.get("DHS-1")
    assert (ticket.status, ticket.closed_at) == ("on-hold", utc("2026-01-04T08:00"))


def test_the_same_file_again_adds_nothing_even_after_the_tickets_were_worked_on(world):
    text = lines(*({"agency": key, "subject": f"no {n}"} for n in range(3) for key in ("DHS", "DOT")))
    assert world.take(text).added == 6
    world.desk().assign(["DHS-1"], person="bo")
    again = world.take(text)
    assert (again.added, again.known, again.rejected) == (0, 6, 0)
    assert world.get("DHS-1").assignee == "bo"


def test_equal_rows_are_as_many_tickets_as_there_are_rows(world):
    row = {"agency": "DHS", "subject": "Password reset"}
    assert world.take(lines(row, row)).added == 2
    third = world.take(lines(row, row, row))
    assert (third.added, third.known) == (1, 2)


def test_numbers_follow_the_file_within_each_agency(world):
    world.take(lines(*({"agency": key, "subject": f"{key} {n}"} for n in (1, 2) for key in ("DOT", "DHS"))))
    assert [(t.key, t.subject) for t in world.tickets()] == [
        ("DHS-1", "DHS 1"), ("DHS-2", "DHS 2"), ("DOT-1", "DOT 1"), ("DOT-2", "DOT 2"),
    ]  # fmt: skip


def test_a_row_with_a_key_keeps_it_and_its_number_is_never_given_again(world):
    world.take(lines({"key": "DHS-7", "subject": "kept"}, {"agency": "DHS", "subject": "next"}))
    assert [t.key for t in world.tickets()] == ["DHS-7", "DHS-8"]


def test_a_known_key_with_other_content_is_rejected_and_the_old_ticket_stays(world):
    world.take(lines({"key": "DHS-7", "subject": "first"}))
    taken = world.take(lines({"key": "DHS-7", "subject": "second"}, {"agency": "DHS", "subject": "fine"}))
    assert (taken.added, taken.rejected) == (1, 1)
    assert "other content" in world.rejected[0].reason
    assert world.get("DHS-7").subject == "first"


def test_an_import_does_not_overwrite_what_was_opened_between_two_of_its_batches(world, monkeypatch):
    monkeypatch.setattr("csctool.desk.intake.BATCH", 1)
    opened = []

    def rows(source):
        for row in source:
            yield row
            if not opened:
                with world.desk().unit("DHS") as unit:
                    number = unit.count("DHS", "number")
                    unit.put(msgspec.structs.replace(unit.get("DHS-1"), key=f"DHS-{number}", number=number))
                opened.append(number)

    from csctool.desk.intake import take_in
    from csctool.transfer.importing import Import

    path = world.file(lines({"key": "DHS-1", "subject": "a"}, {"key": "DHS-2", "subject": "b"}))
    refused: list[Rejected] = []
    with Import(str(path)) as source:
        take_in(world.desk(), rows(source.tickets(agency=None, forced=False, zone=NOW.tzinfo)), refused.append)
    assert opened == [2]
    assert [r.reason for r in refused] == ["DHS-2 exists with other content"]


def test_the_turn_in_a_queue_passes_only_for_tickets_that_come_in_new(world):
    closed = {"agency": "DHS", "subject": "laptop", "status": "closed"}
    world.take(lines(closed, {"agency": "DHS", "subject": "laptop dead"}))
    assert [(t.queue, t.assignee) for t in world.tickets()] == [("apps", None), ("apps", "cy")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"agency":"DHS"}', "there is no `subject`"),
        ('{"agency":"DHS","subject":"  "}', "subject is empty"),
        ('{"agency":"DHS","subject":"x","colour":"red"}', "a ticket has no field `colour`"),
        ('{"agency":"DHS","subject":"x","status":"done"}', "status: invalid enum value 'done'"),
        ('{"agency":"DHS","subject":"x","impact":9}', "impact must be 1, 2 or 3"),
        ('{"agency":"DHS","subject":"x","opened_at":"2026-02-30"}', "no such time: '2026-02-30'"),
        ('{"agency":"DHS","subject":"a\\u0000b"}', "a NUL in the text"),
        ('{"agency":"DHS","subject":"a\\ud800b"}', "not JSON"),
        ('{"agency":"DHS","subject":', "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"subject":"whose?"}', "names no agency"),
        ('{"agency":"NOPE","subject":"x"}', "csctool agency add NOPE"),
        ('{"agency":"nope","subject":"x"}', "no agency key"),
        ('{"key":"DHS-0","subject":"x"}', "no key like DHS-1042"),
        ('{"key":"DHS-5","number":6,"subject":"x"}', "DHS-5 is not number 6"),
        ('{"key":"DHS-5","agency":"DOT","subject":"x"}', "DHS-5 is not DOT's"),
        ('{"agency":"DHS","subject":"x","minutes":-1}', "minutes can't be below 0"),
        ("[" * 200_000, "not JSON"),
    ],
)
def test_a_bad_row_is_rejected_with_its_line_and_the_good_ones_stay(world, row, reason):
    good = '{"agency":"DHS","subject":"good"}\n'
    taken = world.take(good + row + "\n" + good.replace("good", "better"))
    assert (taken.added, taken.rejected) == (2, 1)
    assert world.rejected[0].line == 2
    assert reason in world.rejected[0].reason


def test_one_json_document_is_told_apart_from_json_lines(world):
    for text in ('{"schema":"csctool.tickets/1","tickets":[]}\n', "[\n{}\n]\n"):
        with pytest.raises(UsageError, match="JSON Lines"):
            world.take(text)
    assert world.tickets() == []


def test_the_named_agency_wins_over_the_row_but_no_key_moves(world):
    world.take(lines({"agency": "DHS", "subject": "x"}), agency="DOT")
    assert [t.key for t in world.tickets()] == ["DOT-1"]
    world.take(lines({"key": "DHS-3", "subject": "x"}), agency="DOT")
    assert "DHS-3 is not DOT's" in world.rejected[0].reason


def test_agencies_are_made_when_asked_for(world):
    assert world.take(lines({"agency": "NEW", "subject": "x"}), add=True).added == 1
    assert world.get("NEW-1").subject == "x"


def test_a_dry_run_counts_and_writes_nothing(tmp_path):
    world = World(tmp_path, "tiny", "DHS", dry_run=True)
    text = lines(*({"agency": "DHS", "subject": str(n)} for n in range(5)), {"agency": "NEW", "subject": "x"})
    assert world.take(text, add=True).added == 6
    assert world.tickets() == []


def test_required_fields_make_open_tickets_incomplete_and_leave_settled_ones_alone(world):
    world.directory._keys["DHS"] = msgspec.structs.replace(
        world.directory.agency("DHS"), required={"incident": ("service",)}
    )
    world.take(lines(*({"agency": "DHS", "subject": "voicemail", "status": s} for s in ("queued", "closed"))))
    assert [t.flags for t in world.tickets()] == [("incomplete",), ()]
