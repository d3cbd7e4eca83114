"""Somebody typed the wrong thing, and takes it back."""

import json
import re
import shutil
from pathlib import Path

import pytest

FIELDS_THAT_GO_ON = ("history", "version", "updated_at")
PROMISES = """
[sla.standard]
calendar = "business"
[sla.standard.incident.default]
respond = "4h"
resolve = "8h"
[sla.standard.incident.P1]
resolve = "2h"
[ola.apps]
resolve = "3h"
"""


def op(csctool, key, at=-1):
    return csctool.events(key)[at]["op"]


def stands(csctool, key):
    """The ticket, but for what only goes forward."""
    return {name: value for name, value in csctool.ticket(key).items() if name not in FIELDS_THAT_GO_ON}


def sound(csctool):
    """Every history is unbroken and explains its ticket, and every clock adds up."""
    csctool("audit", "verify")
    csctool("sla", "recompute", "--all")
    return True


@pytest.fixture
def promising(csctool):
    path = csctool.desk / "csctool.toml"
    path.write_text(path.read_text() + PROMISES)
    return csctool


# -- one change ------------------------------------------------------------------------------------------------


CHANGES = {
    "triage": ("triage", "{}", "--priority", "P1", "--category", "telecom/voice", "--field", "room=7"),
    "agreed": ("triage", "{}", "--due", "2026-11-09T12:00:00Z", "--reason", "agreed by phone"),
    "assign": ("assign", "{}", "--to", "bo"),
    "queue": ("assign", "{}", "--queue", "process"),
    "start": ("start", "{}"),
    "hold": ("hold", "{}", "--for", "requester"),
    "vendor": ("hold", "{}", "--for", "vendor", "--until", "2026-11-30"),
    "escalate": ("escalate", "{}", "--reason", "beyond us"),
    "lead": ("escalate", "{}", "--reason", "takes long", "--hierarchic"),
    "diagnose": ("diagnose", "{}", "--cause", "cable"),
    "callback": ("callback", "{}", "--reached"),
    "note": ("note", "{}", "asked", "--minutes", "5"),
    "tell": ("note", "{}", "--public", "we are at it"),
    "link": ("link", "{}", "--caused-by", "DOT-1"),
    "resolve": ("resolve", "{}", "--resolution", "new cable", "--minutes", "10", "--breach-reason", "a holiday"),
    "cancel": ("cancel", "{}", "--reason", "gone"),
    "merge": ("merge", "{}", "--into", "DOT-1"),
    "transfer": ("transfer", "{}", "--agency", "DOT"),
}  # fmt: skip
LATER = {
    "return": (("escalate", "{}", "--reason", "beyond us"), ("return", "{}", "--reason", "not ours")),
    "resume": (("start", "{}"), ("hold", "{}", "--for", "requester"), ("resume", "{}")),
    "answer": (("hold", "{}", "--for", "requester"), ("note", "{}", "room 7", "--from", "requester")),
    "resolve on hold": (("start", "{}"), ("hold", "{}", "--for", "approval"), CHANGES["resolve"]),
    "close": (CHANGES["resolve"], ("close", "{}")),
    "reopen": (CHANGES["resolve"], ("close", "{}"), ("reopen", "{}", "--reason", "silent again")),
}  # fmt: skip


@pytest.mark.parametrize("name", [*CHANGES, *LATER])
def test_what_is_undone_has_not_happened_and_a_redo_brings_it_back(promising, name):
    csctool = promising
    csctool.open("Elsewhere", "--kind", "incident", agency="DOT")
    key = csctool.open("Printer jams", "--kind", "incident", "-c", "email")
    *before, last = LATER[name] if name in LATER else [CHANGES[name]]
    for minute, words in enumerate(before):
        csctool.clock = f"2026-11-02T15:{minute:02}:00Z"
        csctool(*(word.format(key) for word in words))
    was, other = stands(csctool, key), stands(csctool, "DOT-1")
    csctool.clock = "2026-11-02T16:30:00Z"
    csctool(*(word.format(key) for word in last))
    became, other_became = stands(csctool, key), stands(csctool, "DOT-1")
    deed = op(csctool, key)

    csctool.clock = "2026-11-02T17:45:00Z"
    undone = csctool("undo", "--format", "json").tickets
    assert key in [ticket["key"] for ticket in undone]
    assert (stands(csctool, key), stands(csctool, "DOT-1")) == (was, other)
    event = csctool.events(key)[-1]
    assert (event["verb"], event["changes"]["undid"]) == ("undo", [None, deed])
    assert sound(csctool)

    csctool("undo", event["op"])
    assert (stands(csctool, key), stands(csctool, "DOT-1")) == (became, other_became)
    assert sound(csctool)
    csctool("undo", deed)
    assert (stands(csctool, key), stands(csctool, "DOT-1")) == (was, other)
    assert sound(csctool)


def test_undo_after_undo_goes_further_back_and_ends_with_nothing(csctool):
    key = csctool.open()
    csctool("assign", key, "--to", "bo")
    csctool("start", key)
    statuses = []
    for _ in range(3):
        csctool("undo")
        statuses.append(csctool.ticket(key)["status"])
    assert statuses == ["assigned", "queued", "cancelled"]
    assert "nothing of" in csctool.refused("undo", status=3)


def test_what_an_archive_still_has_of_a_ticket_that_lives_again_is_no_latest_operation(csctool):
    key = csctool.open()
    csctool("resolve", key, "--resolution", "works")
    csctool("close", key)
    csctool("archive")
    statuses = []
    for _ in range(3):
        csctool("undo")
        statuses.append(csctool.ticket(key)["status"])
    assert statuses == ["resolved", "queued", "cancelled"]


def test_a_redo_is_undone_by_the_next_undo_without_a_name(csctool):
    key = csctool.open()
    csctool("start", key)
    csctool("undo")
    csctool("undo", op(csctool, key))
    assert csctool.ticket(key)["status"] == "in-progress"
    csctool("undo")
    assert csctool.ticket(key)["status"] == "queued"


def test_a_colleagues_latest_operation_is_not_ones_own(csctool, staff):
    key = csctool.open()
    csctool("note", key, "mine")
    csctool("--as", "bo", "assign", key, "--to", "bo")
    csctool("undo")
    assert csctool.ticket(key)["assignee"] == "bo"
    assert csctool.events(key)[-1]["changes"]["undid"] == [None, op(csctool, key, 1)]
    csctool("--as", "bo", "undo")
    assert csctool.ticket(key)["assignee"] is None


def test_what_somebody_else_did_is_undone_by_who_may_overrule(csctool, staff):
    key = csctool.open("Printer jams", "--queue", "apps")
    csctool("--as", "dee", "start", key)
    csctool("note", key, "by ana")
    csctool("--as", "dee", "undo")
    csctool("--as", "dee", "start", key)
    said = csctool.refused("--as", "dee", "undo", op(csctool, key, 2), status=5)
    assert "undo of what somebody else did is for coordinator, manager" in said
    csctool("--as", "cy", "undo", op(csctool, key, 2))
    csctool("--as", "cy", "undo", op(csctool, key, -2))
    assert csctool.ticket(key)["status"] == "queued"


# -- naming one ------------------------------------------------------------------------------------------------


def test_an_operation_is_named_by_what_history_shows(csctool):
    key = csctool.open()
    csctool("start", key)
    csctool("note", key, "x")
    line = csctool("history", key).lines[-2]
    shown = re.match(r" +3  ([0-9a-f]{8})  2026-11-02 09:00:00Z", line)
    assert shown
    assert op(csctool, key).endswith(shown[1])
    csctool("undo", shown[1])
    assert csctool.events(key)[-1]["changes"]["undid"] == [None, op(csctool, key, 2)]


def test_a_few_characters_are_enough_where_they_mean_one(csctool):
    key = csctool.open()
    csctool("start", key)
    whole = op(csctool, key)
    csctool("undo", whole.rpartition("-")[2][:6])
    assert csctool.ticket(key)["status"] == "queued"


def test_a_word_that_means_several_is_told_with_what_it_may_mean(csctool):
    key = csctool.open()
    csctool("start", key)
    said = csctool.refused("undo", op(csctool, key)[:4], status=2)
    assert "may mean 2 operations" in said
    assert op(csctool, key) in said


@pytest.mark.parametrize("word", ["20261102T090000Z-00000000", "deadbeef", "abcd", "x", "20261102T", "ünï"])
def test_what_is_no_operation_is_not_found(csctool, word):
    csctool.open()
    assert "no such operation" in csctool.refused("undo", word, status=3)


def test_a_key_is_no_operation(csctool):
    key = csctool.open()
    assert "csctool history" in csctool.refused("undo", key, status=2)


def test_twice_is_refused_with_the_way_back(csctool):
    key = csctool.open()
    csctool("start", key)
    deed = op(csctool, key)
    csctool("undo", deed)
    said = csctool.refused("undo", deed)
    assert "is undone already" in said
    assert f"csctool undo {op(csctool, key)}" in said


# -- what stands in the way ------------------------------------------------------------------------------------


def test_a_later_change_of_the_same_is_named(csctool, me):
    key = csctool.open()
    csctool("assign", key, "--queue", "apps")
    deed = op(csctool, key)
    csctool("assign", key, "--queue", "process")
    before = csctool.files()
    said = csctool.refused("undo", deed)
    assert f"{op(csctool, key)} (assign by {me}) changed queue of {key} since" in said
    assert f"csctool undo {op(csctool, key)}" in said
    assert csctool.files() == before
    csctool("undo")
    csctool("undo", deed)
    assert csctool.ticket(key)["queue"] == "service-desk"


def test_what_others_said_since_does_not_stand_in_the_way(csctool):
    key = csctool.open()
    csctool("escalate", key, "--reason", "beyond us")
    deed = op(csctool, key)
    csctool("note", key, "looked at it", "--minutes", "5")
    csctool("diagnose", key, "--cause", "cable")
    csctool("undo", deed)
    ticket = csctool.ticket(key)
    assert (ticket["queue"], ticket["cause"], ticket["minutes"], ticket["handovers"]) == ("service-desk", "cable", 5, 0)
    assert "looked at it" in csctool("show", key).out


def test_what_the_lifecycle_would_not_have_allowed_stands_in_the_way(csctool):
    key = csctool.open()
    csctool("resolve", key, "--resolution", "works")
    csctool("reopen", key, "--reason", "does not")
    deed = op(csctool, key)
    csctool("diagnose", key, "--cause", "cable")
    assert "(diagnose by " in csctool.refused("undo", deed)


def test_a_ticket_on_which_somebody_worked_is_not_unopened(csctool):
    key = csctool.open()
    deed = op(csctool, key)
    csctool("note", key, "called back")
    said = csctool.refused("undo", deed)
    assert f"worked on {key} since" in said


def test_of_many_tickets_one_that_was_changed_since_keeps_all(csctool):
    keys = [csctool.open(f"Trouble {n}") for n in range(5)]
    csctool("assign", *keys, "--queue", "apps")
    deed = op(csctool, keys[0])
    csctool("assign", keys[3], "--queue", "process")
    before = csctool.files()
    assert f"of {keys[3]} since" in csctool.refused("undo", deed)
    assert csctool.files() == before


def test_a_plugin_may_object(csctool):
    place = csctool.desk / "agencies" / "DHS"
    (place / "agency.toml").write_text('name = "DHS"\nplugins = ["plugins/no.py"]\n')
    (place / "plugins").mkdir(exist_ok=True)
    (place / "plugins" / "no.py").write_text(
        "from csctool.plugins import hookimpl\n\n\n@hookimpl\ndef validate(change, ticket):\n"
        "    return ['not on a Monday'] if change.verb == 'undo' else []\n"
    )
    key = csctool.open()
    csctool("start", key)
    assert "not on a Monday" in csctool.refused("undo")
    assert csctool.ticket(key)["status"] == "in-progress"


def test_what_made_it_complete_can_be_undone(csctool):
    (csctool.desk / "agencies" / "DHS" / "agency.toml").write_text(
        'name = "DHS"\nplugins = []\nrequired = { incident = ["service"] }\n'
    )
    key = csctool.open("Printer jams", "--kind", "incident")
    assert csctool.ticket(key)["flags"] == ["incomplete"]
    csctool("triage", key, "--service", "printing")
    assert csctool.ticket(key)["flags"] == []
    csctool("undo")
    assert csctool.ticket(key)["flags"] == ["incomplete"]


# -- openings --------------------------------------------------------------------------------------------------


def test_an_opening_is_cancelled_hidden_and_keeps_its_number(csctool):
    key = csctool.open("Printer jams", "--once", "nagios-7")
    csctool("undo", "--reason", "a false alarm of the monitoring")
    ticket = csctool.ticket(key)
    assert (ticket["status"], ticket["flags"]) == ("cancelled", ["undone"])
    assert csctool.events(key)[-1]["note"] == "a false alarm of the monitoring"
    assert csctool("list", "--all", "--format", "keys").out == ""
    assert csctool("list", "--flag", "undone", "--format", "keys").out.split() == [key]
    assert csctool("report", "summary", "--format", "json").json["rows"][0]["value"] == 0
    assert csctool.open("Printer jams", "--once", "nagios-7") == "DHS-2"
    assert sound(csctool)


def test_nothing_that_somebody_would_work_on_comes_back_on_an_undone_ticket(csctool):
    key = csctool.open()
    csctool("assign", key, "--to", "bo")
    csctool("undo")
    undone = op(csctool, key)
    csctool("undo")
    assert f"changed status of {key} since" in csctool.refused("undo", undone)
    ticket = csctool.ticket(key)
    assert (ticket["status"], ticket["assignee"], ticket["flags"]) == ("cancelled", None, ["undone"])
    csctool("undo", op(csctool, key))
    csctool("undo", undone)
    assert csctool.ticket(key)["assignee"] == "bo"


def test_what_came_in_its_place_keeps_it_away(csctool):
    key = csctool.open("Printer jams", "--once", "nagios-7")
    csctool("undo")
    csctool.open("Printer jams", "--once", "nagios-7")
    assert "DHS-2 was opened with --once nagios-7 since" in csctool.refused("undo", op(csctool, key))


def test_opened_and_closed_in_one_breath_is_undone_in_one(csctool):
    key = csctool.open("Forgot the password", "--resolution", "reset", "--close")
    csctool("archive")
    csctool("undo")
    assert csctool.ticket(key)["flags"] == ["undone"]
    csctool("archive")
    csctool("undo", op(csctool, key))
    assert csctool.ticket(key)["status"] == "closed"
    csctool("archive")
    assert csctool("list", "--all", "--format", "keys").lines == [key]
    assert sound(csctool)


def test_ties_of_an_undone_opening_are_loosed_at_the_other_end(csctool):
    incident = csctool.open("Printer jams", "--kind", "incident")
    csctool.open("Fix the driver", "--kind", "change", "--fixes", incident, agency="DOT")
    csctool("undo")
    assert csctool.ticket(incident)["links"] == []
    assert csctool.ticket("DOT-1")["flags"] == ["undone"]
    assert sound(csctool)


# -- operations over many tickets ------------------------------------------------------------------------------


def test_five_hundred_tickets_go_back_as_one(csctool, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"subject": f"Trouble {n}", "kind": "incident"}) + "\n" for n in range(500)))
    csctool("import", str(rows), "--agency", "DHS")
    keys = [f"DHS-{number}" for number in range(1, 501)]
    csctool("resolve", "-", "--resolution", "power is back", stdin="\n".join(keys))
    csctool("close", "-", stdin="\n".join(keys))
    csctool("archive")
    deed = op(csctool, "DHS-7")
    assert csctool("list", "--format", "keys").out == ""
    undone = csctool("undo", "--format", "json").tickets
    assert [ticket["key"] for ticket in undone] == keys
    assert {ticket["status"] for ticket in undone} == {"resolved"}
    assert len(csctool("list", "--format", "keys").lines) == 500
    assert {event["op"] for key in keys[:3] for event in csctool.events(key)[-1:]} == {op(csctool, "DHS-500")}
    assert op(csctool, "DHS-500") != deed
    assert sound(csctool)


def test_an_import_is_undone_and_the_same_file_comes_in_again(csctool, tmp_path):
    rows = tmp_path / "rows.jsonl"
    told = [{"subject": f"Trouble {n}", "agency": agency, "status": "closed" if n % 2 else "queued",
             "opened_at": "2025-03-01T09:00:00Z"} for n in range(6) for agency in ("DHS", "DOT")]  # fmt: skip
    rows.write_text("".join(json.dumps(row) + "\n" for row in told))
    mine = csctool.open("Mine")
    csctool("import", str(rows))
    csctool("archive")
    undone = csctool("undo", "--format", "json").tickets
    assert len(undone) == 12
    assert csctool("list", "--all", "--format", "keys").lines == [mine]
    again = csctool("import", str(rows), "--format", "json").json
    assert (again["added"], again["known"]) == (12, 0)
    assert len(csctool("list", "--all", "--format", "keys").lines) == 13
    assert csctool("import", str(rows), "--format", "json").json["known"] == 12
    assert csctool.ticket("DOT-12")["subject"] == "Trouble 5"
    assert sound(csctool)


def test_rows_with_keys_of_their_own_bring_their_tickets_back(csctool, tmp_path):
    rows = tmp_path / "rows.jsonl"
    row = {"key": "DHS-1", "subject": "From elsewhere", "kind": "incident"}
    rows.write_text(json.dumps(row) + "\n")
    csctool("import", str(rows))
    csctool("undo")
    rows.write_text(json.dumps(row | {"subject": "Something else"}) + "\n")
    assert "was undone with other content" in csctool("import", str(rows), status=4).err
    rows.write_text(json.dumps(row) + "\n")
    assert csctool("import", str(rows), "--format", "json").json["added"] == 1
    assert csctool("import", str(rows), "--format", "json").json["known"] == 1
    assert csctool.ticket("DHS-1")["flags"] == []
    assert csctool.open() == "DHS-2"
    csctool("undo")
    csctool("undo")
    assert csctool.ticket("DHS-1")["flags"] == ["undone"]
    assert sound(csctool)


def test_a_merge_gives_requesters_notes_and_links_back(csctool):
    one = csctool.open("Printer jams", "--requester", "Ann <ann@x.gov>", "--cc", "boss@x.gov")
    two = csctool.open("Printer is stuck", "--requester", "Ben <ben@x.gov>")
    three = csctool.open("Paper everywhere", "--requester", "Cy <cy@x.gov>", agency="DOT")
    csctool("note", three, "third floor", "--minutes", "5")
    csctool("start", two)
    was = {key: stands(csctool, key) for key in (one, two, three)}
    csctool("merge", two, three, "--into", one)
    assert len(csctool.ticket(one)["cc"]) == 3
    csctool(
        "triage", one, "--cc", "boss@x.gov", "--cc", "Ben <ben@x.gov>", "--cc", "Cy <cy@x.gov>", "--cc", "new@x.gov"
    )
    csctool("undo", op(csctool, two))
    was[one]["cc"].append("new@x.gov")
    assert {key: stands(csctool, key) for key in (one, two, three)} == was
    assert sound(csctool)


def test_a_transfer_brings_the_old_one_back_and_the_new_key_is_undone(csctool):
    key = csctool.open("Printer jams", "--kind", "incident")
    csctool("hold", key, "--for", "requester")
    was = stands(csctool, key)
    assert csctool("transfer", key, "--agency", "DOT").out == "DOT-1\n"
    csctool("undo")
    assert stands(csctool, key) == was
    assert csctool.ticket("DOT-1")["flags"] == ["undone"]
    assert csctool("list", "--all", "--format", "keys").lines == [key]
    csctool("resume", key)
    assert csctool.ticket(key)["status"] == "queued"


def test_work_on_the_new_key_keeps_a_transfer(csctool):
    key = csctool.open("Printer jams")
    csctool("transfer", key, "--agency", "DOT")
    deed = op(csctool, key)
    csctool("start", "DOT-1")
    assert "worked on DOT-1 since" in csctool.refused("undo", deed)


def test_links_over_three_agencies(csctool):
    csctool("agency", "add", "EPA")
    keys = [csctool.open("Trouble", agency=agency) for agency in ("DHS", "DOT", "EPA")]
    csctool("link", *keys[:2], "--caused-by", keys[2])
    assert len(csctool.ticket(keys[2])["links"]) == 2
    csctool("undo")
    assert [csctool.ticket(key)["links"] for key in keys] == [[], [], []]


def test_a_sweep_is_undone_and_the_next_one_does_it_again(promising):
    csctool = promising
    key = csctool.open("Printer jams", "--kind", "incident", "-c", "phone")
    csctool("hold", key, "--for", "vendor", "--until", "2026-11-03T09:00:00Z")
    done = csctool.open("Voice mail")
    csctool("resolve", done, "--resolution", "rebuilt")
    csctool.clock = "2026-11-16T18:00:00Z"
    was = {k: stands(csctool, k) for k in (key, done)}
    first = csctool("sweep").lines
    assert {line.split()[0] for line in first} == {"resume", "breach", "close", "archive"}
    deed = op(csctool, key)
    csctool("undo", deed)
    for k in (key, done):
        assert stands(csctool, k) == was[k]
    assert sound(csctool)
    assert [line for line in csctool("sweep").lines if "archive" not in line] == [
        line for line in first if "archive" not in line and "close" not in line
    ]


# -- looking first, and what is told ---------------------------------------------------------------------------


def test_a_dry_run_shows_every_ticket_and_field_and_writes_nothing(csctool, me):
    key = csctool.open()
    csctool("start", key)
    before = csctool.files()
    said = csctool("undo", "--dry-run")
    short = op(csctool, key).rpartition("-")[2]
    assert said.lines == [
        f"would undo {short}: start by {me}, 2026-11-02 09:00:00Z; 1 ticket",
        f"  {key}  status in-progress → queued, assignee {me} → none, responded_at 2026-11-02T09:00:00Z → none",
    ]
    assert csctool("undo", "--dry-run", "--format", "json").tickets[0]["status"] == "queued"
    assert csctool("undo", "--dry-run", "--format", "keys").out == f"{key}\n"
    assert csctool.files() == before


def test_nothing_is_said_in_a_pipe(csctool):
    csctool.open()
    said = csctool("undo")
    assert (said.out, said.err) == ("", "")


def test_reports_and_explanations_know_nothing_of_what_was_undone(csctool):
    key = csctool.open("Printer jams", "--kind", "incident")
    csctool("escalate", key, "--reason", "beyond us")
    csctool("note", key, "typed into the wrong window")
    before = csctool("report", "flow", "--format", "json").json["rows"]
    assert [row["queue"] for row in before] == ["service-desk", "apps"]
    csctool("undo")
    csctool("undo")
    after = csctool("report", "flow", "--format", "json").json["rows"]
    assert [(row["queue"], row["functional"], row["handovers"]) for row in after] == [("service-desk", 0, 0)]
    assert "escalate" not in csctool("explain", key).out
    assert "wrong window" not in csctool("show", key).out
    assert "wrong window" in csctool("history", key).out


def test_what_waits_in_the_outbox_is_recalled(csctool):
    (csctool.desk / "rules.toml").write_text(
        '[[notify]]\non = ["opened", "assigned"]\nto = ["noc@example.gov"]\ntransport = "file"\n'
    )
    key = csctool.open()
    csctool("assign", key, "--queue", "apps")
    waiting = csctool("notify", "list", "--format", "json").json
    assert len(next(value for value in waiting.values() if isinstance(value, list))) == 2
    assert "1 message recalled" in csctool("undo", "--dry-run").out
    csctool("undo")
    waiting = csctool("notify", "list", "--format", "json").json
    left = next(value for value in waiting.values() if isinstance(value, list))
    assert [notice["event"] for notice in left] == ["opened"]


# -- files -----------------------------------------------------------------------------------------------------


def test_an_archived_ticket_is_found_by_what_was_done_to_it(csctool):
    key = csctool.open()
    csctool("resolve", key, "--resolution", "works")
    csctool("close", key)
    csctool("archive")
    deed = op(csctool, key)
    csctool("undo", deed.rpartition("-")[2])
    assert csctool.ticket(key)["status"] == "resolved"
    csctool("close", key)
    csctool("archive")
    assert csctool("list", "--all", "--format", "keys").lines == [key]
    assert sound(csctool)


def test_an_agency_that_cannot_be_read_keeps_the_other_half(csctool):
    one, two = csctool.open(), csctool.open(agency="DOT")
    csctool("link", one, "--caused-by", two)
    path = csctool.desk / "agencies" / "DOT" / "open.json"
    path.write_bytes(path.read_bytes()[:-9])
    before = csctool.files()
    assert csctool("undo", op(csctool, one), status=7).out == ""
    assert csctool.files() == before


def test_a_real_process_says_the_same(process, tmp_path: Path):
    key = process.open()
    process("assign", key, "--queue", "apps")
    shutil.copytree(process.desk, tmp_path / "kept")
    assert process("undo").out == ""
    assert process.ticket(key)["queue"] == "service-desk"
    assert process("undo", op(process, key), "--format", "keys").out == f"{key}\n"
