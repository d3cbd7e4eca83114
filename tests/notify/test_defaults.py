"""Who hears of a ticket on a desk that names a transport and says nothing else."""

import json

import pytest

ANN = "Ann Lee <ann@dhs.example.gov>"


def test_a_fresh_desk_tells_nobody(csctool):
    key = csctool.open("No dial tone", "-r", ANN)
    csctool("resolve", key, "--resolution", "Rebooted")
    assert csctool("notify", "list", "--format", "json").json["notices"] == []
    assert csctool("sweep").out == ""


def test_the_client_hears_at_every_change_of_status_from_registration_to_closing(people):
    key = people.open(
        "No dial tone", "-r", ANN, "--affected", "bob@dhs.example.gov", "--cc", "Eve <eve@dhs.example.gov>"
    )
    clients = ["ann@dhs.example.gov", "bob@dhs.example.gov", "eve@dhs.example.gov"]
    assert [(e, to) for e, role, to in people.told() if role in ("requester", "affected", "cc")] == [
        ("opened", to) for to in clients
    ]
    for event, *words in (
        ("started", "start", key), ("held", "hold", key, "--for", "vendor"), ("resumed", "resume", key),
        ("resolved", "resolve", key, "--resolution", "New cable"), ("reopened", "reopen", key, "--reason", "again"),
        ("resolved", "resolve", key, "--resolution", "New port"), ("closed", "close", key),
    ):  # fmt: skip
        assert [to for e, _, to in people.latest(*words) if e == event] == clients


def test_the_client_hears_of_another_line_and_of_what_is_written_for_clients_but_of_no_internal_note(people):
    key = people.open("No dial tone", "-r", ANN)
    assert ("escalated", "requester", "ann@dhs.example.gov") in people.latest(
        "escalate", key, "--reason", "second line"
    )
    assert people.latest("note", key, "the switch is old") == []
    assert people.latest("note", key, "--public", "We replace the switch") == [
        ("noted", "requester", "ann@dhs.example.gov")
    ]
    assert people.latest("diagnose", key, "--cause", "the switch") == []
    assert people.latest("triage", key, "--category", "telecom") == []


def test_the_client_hears_when_the_promised_time_moves(people):
    people.settings('transport = "file"', '[sla.standard.incident.default]\nresolve = "8h"\n')
    people.agency('sla = "standard"\n')
    key = people.open("No dial tone", "-r", ANN, "--kind", "incident")
    assert people.latest("triage", key, "--due", "2026-11-20", "--reason", "agreed") == [
        ("promised", "requester", "ann@dhs.example.gov")
    ]


def test_who_is_assigned_hears_of_it_and_so_does_the_queue_into_which_something_comes(people):
    key = people.open("No dial tone")
    assert people.told() == [
        ("opened", "queue", "bo@csc.example.gov"), ("opened", "lead", "cy@csc.example.gov"),
    ]  # fmt: skip
    assert people.latest("assign", key, "--to", "bo") == [("assigned", "assignee", "bo@csc.example.gov")]
    assert people.latest("assign", key, "--queue", "apps") == [("assigned", "queue", "dee@csc.example.gov")]


def test_the_assignee_hears_what_the_requester_answers(people):
    key = people.open("No dial tone", "-r", ANN, "--to", "bo")
    assert people.latest("note", key, "It is room 12", "--from", "requester") == [
        ("noted", "assignee", "bo@csc.example.gov")
    ]


def test_the_coordinator_hears_of_escalations_of_ping_pong_and_of_call_backs(people):
    key = people.open("No dial tone")
    assert ("escalated", "coordinator", "kim@csc.example.gov") in people.latest("escalate", key, "--reason", "apps?")
    assert "coordinator" not in [role for _, role, _ in people.latest("return", key, "--reason", "not ours")]
    people.latest("assign", key, "--queue", "apps")
    limit = people.latest("return", key, "--reason", "not ours")
    assert ("returned", "coordinator", "kim@csc.example.gov") in limit
    other = people.open("Fire", "--kind", "incident", "-c", "email", "--impact", "1", "--urgency", "1")
    assert ("opened", "coordinator", "kim@csc.example.gov") in people.told("--ticket", other)


def test_the_coordinator_hears_when_a_promise_is_at_risk_and_when_it_is_broken(people):
    people.settings('transport = "file"', '[sla.standard.incident.default]\nresolve = "8h"\n')
    people.agency('sla = "standard"\n')
    people.open("No dial tone", "-r", ANN, "--kind", "incident")
    people.sweep()
    assert people.sweep("2026-11-02T22:00:00Z") == [("warned", "kim@csc.example.gov")]
    assert people.sweep("2026-11-04T22:00:00Z") == [("breached", "kim@csc.example.gov")]


def test_whom_a_hierarchic_escalation_names_is_told(people):
    key = people.open("No dial tone")
    said = people.latest("escalate", key, "--hierarchic", "--reason", "the governor waits")
    assert ("escalated", "told", "cy@csc.example.gov") in said


def test_a_p1_that_nobody_spoke_of_by_phone_is_told_to_its_desk(people):
    key = people.open("Fire", "--queue", "apps", "--kind", "incident", "-c", "email", "--impact", "1", "--urgency", "1")
    assert [to for _, role, to in people.told("--ticket", key) if role == "desk"] == [
        "bo@csc.example.gov", "cy@csc.example.gov",
    ]  # fmt: skip


def test_an_agencys_contacts_hear_of_outages(people):
    people.agency('contacts = ["noc@dot.example.gov"]\n', "DOT")
    people("outage", "open", "Voice mail", "--agencies", "DOT", "--text", "No voice mail")
    assert people.told("-a", "DOT") == [("outage-opened", "contacts", "noc@dot.example.gov")]
    assert people.told("-a", "DHS") == []


def test_what_is_settled_on_the_call_is_one_message_to_the_client_and_none_to_the_queue(people):
    key = people.open("Forgot the password", "-r", ANN, "--resolution", "Reset", "--close")
    assert people.told() == [("closed", "requester", "ann@dhs.example.gov")]
    waiting = people("notify", "list", "--format", "json").json["notices"]
    assert waiting[0]["also"] == [1, 2]
    assert people("notify", "preview", key, "closed").out.count("Reset") == 1


def test_nobody_is_told_what_he_just_did(people):
    key = people.open("My own phone", "-r", "ANA@csc.example.gov")
    assert "ana@csc.example.gov" not in str(people.told()).lower()
    assert people.latest("assign", key, "--me") == []
    assert people.latest("--as", "bo", "assign", key, "--to", "bo") == []
    other = people.open("My other phone")
    assert people.latest("assign", other, "--to", "bo") == [("assigned", "assignee", "bo@csc.example.gov")]


def test_the_requester_who_writes_is_not_told_what_he_wrote(people):
    key = people.open("No dial tone", "-r", ANN)
    people("hold", key, "--for", "requester")
    said = people.latest("note", key, "It works again", "--from", "requester")
    assert "ann@dhs.example.gov" not in [to for _, _, to in said]


def test_the_sweep_is_nobody_whoever_runs_it(people):
    key = people.open("No dial tone", "-r", "ana@csc.example.gov", "--queue", "vendors")
    people("resolve", key, "--resolution", "Fixed")
    assert people.sweep("2026-11-20T09:00:00Z") == [("closed", "ana@csc.example.gov")]


def test_one_mailbox_is_told_once_however_it_is_written_and_whoever_it_is(people):
    people.open("No dial tone", "-r", ANN, "--cc", "ANN@dhs.example.gov", "--cc", "bo@csc.example.gov")
    assert [to for _, _, to in people.told()] == ["ann@dhs.example.gov", "bo@csc.example.gov", "cy@csc.example.gov"]


def test_who_has_no_address_is_left_out_and_the_preview_says_so(people):
    key = people.open("No dial tone", "-r", "Ann Lee, room 12", "--queue", "apps")
    assert people.told() == [("opened", "queue", "dee@csc.example.gov")]
    preview = people("notify", "preview", key, "opened").out
    assert "not told: nobody (requester), has no address; default requester\n" in preview
    assert "not told: pat (queue), has no address; default queue\n" in preview
    found = people("notify", "preview", key, "opened", "--format", "json").json["untold"]
    assert [(one["role"], one["person"], one["why"]) for one in found] == [
        ("requester", None, "has no address"), ("queue", "pat", "has no address"),
    ]  # fmt: skip


def test_a_preview_says_who_did_it_himself(people):
    key = people.open("My own phone", "-r", "ana@csc.example.gov")
    assert (
        "not told: ana@csc.example.gov (requester), did it; default requester\n"
        in people("notify", "preview", key, "opened").out
    )


def test_a_preview_takes_the_names_that_rules_take(people):
    key = people.open("No dial tone", "-r", ANN)
    assert "event:   opened\n" in people("notify", "preview", key, "status").out
    assert "has happened to" in people.refused("notify", "preview", key, "bounced", status=2)
    assert "did you mean bounced?" in people.refused("notify", "preview", key, "bonced", status=2)
    assert "event:   promised, which has not happened\n" in people("notify", "preview", key, "due").out


@pytest.mark.parametrize(("said", "roles"), [
    ('transport = "file"\ndefaults = false', set()),
    ('transport = "file"\ndefaults = ["requester"]', {"requester"}),
    ('transport = "file"\ndefaults = ["queue"]', {"queue", "lead"}),
])  # fmt: skip
def test_the_default_rules_can_be_turned_off_and_down(people, said, roles):
    people.settings(said)
    people.open("No dial tone", "-r", ANN)
    assert {role for _, role, _ in people.told()} == roles


def test_an_agency_says_otherwise_than_the_desk(people):
    people.agency("[notify]\ndefaults = false\n")
    people.open("No dial tone", "-r", ANN)
    people.open("No dial tone", "-r", ANN, agency="DOT")
    assert people.told("-a", "DHS") == []
    assert len(people.told("-a", "DOT")) == 3


def test_an_agency_has_a_transport_of_its_own_on_a_desk_that_has_none(people):
    people.settings("")
    people.agency('[notify]\ntransport = "file"\n')
    people.open("No dial tone", "-r", ANN, "--queue", "vendors")
    people.open("No dial tone", "-r", ANN, "--queue", "vendors", agency="DOT")
    assert people.told() == [("opened", "requester", "ann@dhs.example.gov")]


@pytest.mark.parametrize(("said", "wrong"), [
    ('transport = "smpt"', "notify.transport: there is no 'smpt'; did you mean `smtp`?"),
    ('defaults = ["requestor"]', "notify.defaults: there is no 'requestor'; did you mean `requester`?"),
    ('quiet = "22-07"', "notify.quiet: neither hours nor a calendar: '22-07'"),
    ('quiet = "00:00-24:00"', "notify.quiet: neither hours nor a calendar"),
    ('delay = "2 min"', "notify.delay: '2 min', which is no time of at most a week"),
    ('merge = "3wd"', "notify.merge: no time of at most a day"),
    ("letters_per_hour = 0", "notify.letters_per_hour: 0 is below 1"),
])  # fmt: skip
def test_what_cant_be_in_notify_is_refused(people, said, wrong):
    people.settings(said)
    assert wrong in people.refused("list", status=2)


def test_a_dry_run_says_who_would_be_told_what_through_which_rule(people):
    said = people("open", "No dial tone", "-a", "DHS", "-r", ANN, "--dry-run")
    assert said.err.splitlines() == [
        f"csctool: would tell {ANN} (requester) of DHS-1 opened by file: default requester",
        "csctool: would tell bo@csc.example.gov (queue), cy@csc.example.gov (lead) of DHS-1 opened by file: default "
        "queue",
    ]
    assert people.told() == []
    key = people.open("No dial tone", "-r", ANN)
    said = people("assign", key, "--to", "bo", "--dry-run", "--format", "json")
    notices = [json.loads(line)["notice"] for line in said.err.splitlines()]
    assert [(n["event"], n["role"], n["to"], n["transport"], n["rule"]) for n in notices] == [
        ("assigned", "requester", ANN, "file", "default requester"),
        ("assigned", "assignee", "bo@csc.example.gov", "file", "default assignee"),
    ]
    assert said.ticket["assignee"] == "bo"
    assert len(people.told()) == 3
