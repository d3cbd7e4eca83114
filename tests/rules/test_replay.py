"""Trying changed rules on the past: what would differ, would it have been right, and nothing is written."""

import json

import pytest

from csctool.domain.rehearsal import Outcome, lived_on

APPS = '[[route]]\nwhen = { text = "payroll" }\nqueue = "apps"\n'


@pytest.fixture
def lived(csctool, voice):
    """Three tickets: one right at once, one that the service desk had to hand on to apps, one still open."""
    right = csctool.open("No dial tone")
    csctool("resolve", right, "--resolution", "plugged in")
    wrong = csctool.open("Payroll shows an error", "--kind", "incident")
    csctool("escalate", wrong, "--reason", "not ours")
    csctool("return", wrong, "--reason", "looks like the network")
    csctool("escalate", wrong, "--reason", "it is payroll after all")
    csctool("resolve", wrong, "--resolution", "restarted")
    csctool("close", wrong)
    return right, wrong, csctool.open("Badge reader beeps")


def replayed(csctool, *words, status=0):
    return csctool("plugin", "replay", *words, "--format", "json", status=status).json


def test_the_rules_in_force_answer_as_they_did(csctool, lived):
    found = replayed(csctool)
    assert (found["schema"], found["tickets"], found["differ"]) == ("csctool.replay/1", 3, 0)


def test_a_changed_rule_shows_what_changes_from_what_to_what_with_examples(csctool, lived, voice, write):
    new = write(voice + APPS, name="new.toml")
    found = replayed(csctool, "--rules", str(new), status=10)
    assert found["changes"] == [
        {"decision": "queue", "from": "service-desk", "to": "apps", "tickets": 1, "examples": [lived[1]]}
    ]
    assert found["decisions"] == {"category": 0, "kind": 0, "service": 0, "priority": 0, "queue": 1, "messages": 0}
    assert csctool("plugin", "replay", "--rules", str(new), "--format", "keys", status=10).lines == [lived[1]]


def test_the_queue_that_resolved_a_ticket_says_whether_the_new_first_queue_is_right(csctool, lived, voice, write):
    found = replayed(csctool, "--rules", str(write(voice + APPS, name="new.toml")), status=10)["first_queue"]
    assert found["before"] == {"resolved": 2, "hits": 1, "hit_rate": 50.0, "handovers": 3, "bounces": 2}
    assert found["after"] == {"resolved": 2, "hits": 2, "hit_rate": 100.0, "handovers": 0, "bounces": 0}


def test_a_ticket_that_comes_to_a_wrong_queue_is_handed_over_at_least_once(csctool, lived, write):
    found = replayed(csctool, "--rules", str(write('[[route]]\nqueue = "process"\n', name="n.toml")), status=10)
    assert found["first_queue"]["after"] == {"resolved": 2, "hits": 0, "hit_rate": 0.0, "handovers": 4, "bounces": 2}


def test_a_replay_writes_nothing(csctool, lived, voice, write):
    before = csctool.files()
    csctool("plugin", "replay", "--rules", str(write(voice + APPS, name="new.toml")), status=10)
    assert csctool.files() == before


def test_what_a_person_said_stays_said_unless_it_is_asked_anew(csctool, voice, write):
    csctool.open("No dial tone", "--category", "telecom/fax", "--priority", "P2", "--queue", "process", "-c", "phone")
    new = str(
        write('[[categorize]]\ncategory = "x"\n[[prioritize]]\npriority = "P1"\n[[route]]\nqueue = "apps"\n', name="n")
    )
    assert replayed(csctool, "--rules", new)["differ"] == 0
    found = replayed(csctool, "--rules", new, "--ask", "category", "--ask", "priority", "--ask", "queue", status=10)
    assert [(c["decision"], c["from"], c["to"]) for c in found["changes"]] == [
        ("category", "telecom/fax", "x"), ("priority", "P2", "P1"), ("queue", "process", "apps"),
    ]  # fmt: skip


def test_a_ticket_is_replayed_as_it_was_at_opening_not_as_it_is_now(csctool, voice):
    key = csctool.open("No dial tone")
    csctool("triage", key, "--category", "printing", "--impact", "1", "--kind", "request", "--subject", "Printer")
    assert replayed(csctool)["differ"] == 0


def test_filters_choose_the_tickets_and_closed_ones_count(csctool, lived):
    assert replayed(csctool, "--status", "open")["tickets"] == 1
    assert replayed(csctool, "--agency", "DOT")["tickets"] == 0
    assert replayed(csctool, "--queue", "apps")["tickets"] == 1


def test_against_the_rules_in_force_only_the_edit_itself_differs(csctool, lived, voice, write):
    write(APPS)  # the rules moved on since the tickets were opened
    edit = str(write(APPS + '[[route]]\nwhen = { text = "badge" }\nqueue = "process"\n', name="edit.toml"))
    assert replayed(csctool, "--rules", edit, status=10)["differ"] == 3
    found = replayed(csctool, "--rules", edit, "--against", "current", status=10)
    assert [(c["to"], c["examples"]) for c in found["changes"]] == [("process", [lived[2]])]


def test_an_imported_ticket_is_routed_by_the_rules_and_held_against_the_queue_that_resolved_it(csctool, desk, write):
    rows = [
        {"subject": "Payroll error", "agency": "DHS", "queue": "Application Support", "status": "closed",
         "opened_at": "2026-10-01T09:00:00Z", "closed_at": "2026-10-02T09:00:00Z", "category": "hr"},
        {"subject": "Badge", "agency": "DHS", "queue": "service-desk", "status": "closed",
         "opened_at": "2026-10-01T09:00:00Z", "closed_at": "2026-10-02T09:00:00Z"},
    ]  # fmt: skip
    file = desk.parent / "past.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    csctool("import", str(file))
    new = str(write('[[route]]\nwhen = { category = "hr" }\nqueue = "apps"\n', name="n.toml"))
    found = replayed(csctool, "--rules", new)
    assert (found["tickets"], found["differ"]) == (2, 0)
    assert found["first_queue"]["after"]["hits"] == 2
    assert replayed(csctool, status=10)["changes"][0]["from"] == "apps"  # an imported queue by its title


@pytest.mark.parametrize(
    ("first", "resolver", "happened", "queue", "would"),
    [
        ("desk", "apps", (3, 1), "apps", (0, 0)),  # at once where it belongs
        ("desk", "apps", (3, 1), "desk", (3, 1)),  # the same start, the same life
        ("desk", "desk", (2, 1), "desk", (2, 1)),  # … even one that went round and came home
        ("desk", "apps", (3, 1), "process", (3, 1)),  # another wrong one
        ("desk", "desk", (0, 0), "process", (1, 0)),  # wrong where it had been right
    ],
)
def test_how_often_a_ticket_would_have_been_handed_over(first, resolver, happened, queue, would):
    lived = Outcome(None, "incident", None, "P5", first, resolver, *happened)
    assert lived_on(lived, (first, resolver), queue) == would


@pytest.mark.parametrize("word", ["--rules", "--desk-rules"])
def test_a_file_that_is_not_there_or_is_no_rules_file_is_refused(csctool, write, word):
    assert "does not exist" in csctool.refused("plugin", "replay", word, "nowhere.toml", status=2)
    csctool.open()
    bad = str(write('[[route]]\nqueue = "aps"\n', name="bad.toml"))
    assert "did you mean apps?" in csctool.refused("plugin", "replay", word, bad, status=2)


def test_desk_rules_are_tried_in_the_place_of_the_desks(csctool, lived, write):
    new = str(write('[[route]]\nqueue = "apps"\n', name="n.toml"))
    found = replayed(csctool, "--desk-rules", new, status=10)
    assert found["decisions"]["queue"] == 2  # the agency's own rule keeps the telephone ticket


def test_a_changed_plugin_is_tried_in_its_own_process(csctool, lived, desk):
    plugin = desk.parent / "new.py"
    plugin.write_text(
        "from csctool.plugins import hookimpl\n\n@hookimpl\ndef route(ticket):\n"
        "    if 'Payroll' in ticket.subject:\n        return 'apps'\n"
    )
    plugin.chmod(0o600)
    found = replayed(csctool, "--plugin", str(plugin), status=10)
    assert [(c["from"], c["to"], c["examples"]) for c in found["changes"]] == [("service-desk", "apps", [lived[1]])]


# -- who would be told --------------------------------------------------------------------------------------

NOC = '[[notify]]\non = ["opened"]\nto = ["noc@example.gov"]\ntransport = "file"\n'
CLIENT = '[[notify]]\non = ["resolved", "opened"]\nto = ["requester"]\ntransport = "smtp"\n'


def messages(found):
    return [(c["from"], c["to"], c["tickets"]) for c in found["changes"] if c["decision"] == "messages"]


@pytest.fixture
def told(csctool, write):
    """A desk that tells its network centre of new tickets, and two tickets, of which one is resolved."""
    write(NOC)
    first = csctool.open("No dial tone", "--requester", "ann@dhs.example.gov")
    csctool("resolve", first, "--resolution", "plugged in")
    return first, csctool.open("Badge reader beeps")


def test_who_was_told_is_held_against_who_would_be(csctool, told, write):
    assert replayed(csctool)["differ"] == 0
    found = replayed(csctool, "--rules", str(write(CLIENT, name="new.toml")), status=10)
    assert messages(found) == [
        ("opened: noc@example.gov by file", None, 2),
        (None, "opened: requester by smtp", 1),
        (None, "resolved: requester by smtp", 1),
    ]
    assert found["decisions"]["messages"] == 4
    assert (found["differ"], found["decisions"]["queue"]) == (2, 0)


def test_what_was_delivered_counts_as_what_waits_does_however_late(csctool, told):
    csctool.clock = "2026-11-03T09:00:00Z"
    csctool("notify", "send")
    assert csctool("notify", "list", "--format", "json").json["notices"] == []
    assert replayed(csctool)["differ"] == 0


def test_whoever_is_told_because_of_a_new_queue_is_shown(csctool, told, write):
    rules = (
        NOC + '[[notify]]\non = ["opened"]\nwhen = { queue = "apps" }\nto = ["apps@example.gov"]\ntransport = "file"\n'
    )
    found = replayed(csctool, "--rules", str(write(rules + APPS.replace("payroll", "badge"), name="n.toml")), status=10)
    assert messages(found) == []  # the first rule that fits wins
    rules = rules.replace(NOC, "") + NOC
    found = replayed(csctool, "--rules", str(write(rules + APPS.replace("payroll", "badge"), name="n.toml")), status=10)
    assert messages(found) == [
        ("opened: noc@example.gov by file", None, 1), (None, "opened: apps@example.gov by file", 1),
    ]  # fmt: skip


def test_before_anybody_was_told_anything_there_is_nothing_to_hold_against(csctool, write):
    csctool.open("No dial tone", "--requester", "ann@dhs.example.gov")
    new = str(write(CLIENT, name="new.toml"))
    assert replayed(csctool, "--rules", new)["differ"] == 0
    found = replayed(csctool, "--rules", new, "--against", "current", status=10)
    assert messages(found) == [(None, "opened: requester by smtp", 1)]


def test_an_import_tells_nobody_and_would_not(csctool, told, write, desk):
    file = desk.parent / "past.jsonl"
    file.write_text('{"subject":"Old","agency":"DHS","status":"closed","opened_at":"2026-12-01T09:00:00Z"}\n')
    csctool.clock = "2026-12-02T09:00:00Z"
    csctool("import", str(file))
    assert replayed(csctool)["differ"] == 0


def test_a_plugin_that_is_not_in_order_is_not_tried(csctool, told, tmp_path):
    """Else its silence would be taken for agreement."""
    draft = tmp_path / "draft.py"
    draft.write_text("def route(ticket) return 1\n")
    said = csctool.refused("plugin", "replay", "--agency", "DHS", "--plugin", str(draft), status=2)
    assert "draft.py can't be tried: it can't be loaded: SyntaxError" in said
    assert "there is no package csctool_nope" in csctool.refused(
        "plugin", "replay", "--desk-plugin", "csctool_nope", status=2
    )
    assert "there is no file" in csctool.refused("plugin", "replay", "--plugin", str(tmp_path / "no.py"), status=2)
