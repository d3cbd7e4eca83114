"""The life of a ticket at the keyboard: every verb of the domain's table, from where to where, and what it leaves."""

import re

import pytest

MADE = {
    "queued": (),
    "assigned": (("assign", "--to", "bo"),),
    "in-progress": (("start",),),
    "on-hold": (("start",), ("hold", "--for", "vendor")),
    "resolved": (("resolve", "--resolution", "Toner changed"),),
    "closed": (("resolve", "--resolution", "Toner changed"), ("close",)),
    "cancelled": (("cancel", "--reason", "never mind"),),
}
OPEN = ("queued", "assigned", "in-progress", "on-hold")
LIVE = (*OPEN, "resolved")
ANY = tuple(MADE)
SAME = None

#: verb with its options -> the statuses it starts from, and the status that it leads to (SAME: it stays).
TABLE = {
    ("triage", "--impact", "1"): (LIVE, SAME),
    ("assign", "--to", "cy"): (OPEN, {"on-hold": "on-hold", "": "assigned"}),
    ("assign", "--queue", "apps"): (OPEN, {"on-hold": "on-hold", "": "queued"}),
    ("start",): (("queued", "assigned"), "in-progress"),
    ("hold", "--for", "requester"): (OPEN, "on-hold"),
    ("resume",): (("on-hold",), "in-progress"),
    ("escalate", "--reason", "beyond us"): (OPEN, "queued"),
    ("escalate", "--reason", "too slow", "--hierarchic"): (OPEN, SAME),
    ("diagnose", "--cause", "worn roller"): (OPEN, SAME),
    ("resolve", "--resolution", "Works"): (OPEN, "resolved"),
    ("close",): (("resolved",), "closed"),
    ("reopen", "--reason", "jams again"): (("resolved", "closed"), "queued"),
    ("cancel", "--reason", "withdrawn"): (OPEN, "cancelled"),
    ("merge", "--into", "DHS-1"): (LIVE, "cancelled"),
    ("link", "--relates-to", "DHS-1"): (ANY, SAME),
    ("callback", "--no-answer"): (ANY, SAME),
}


@pytest.mark.parametrize("status", MADE)
def test_each_verb_starts_from_the_statuses_of_the_table_and_from_no_other(csctool, status):
    csctool.open("The one that others are merged into and linked to")
    for (verb, *options), (starts, leads_to) in TABLE.items():
        key = csctool.open(f"{status}, then {verb}")
        for step, *more in MADE[status]:
            csctool(step, key, *more)
        assert csctool.ticket(key)["status"] == status
        if status in starts:
            goal = leads_to.get(status, leads_to[""]) if isinstance(leads_to, dict) else leads_to or status
            ticket = csctool.after(verb, key, *options)
            assert (verb, ticket["status"]) == (verb, goal)
            assert ticket["history"][-1]["verb"] == verb
        else:
            before = csctool.files()
            said = csctool.refused(verb, key, *options)
            assert key in said
            assert status in said
            assert csctool.files() == before


@pytest.mark.parametrize("status", OPEN)
def test_return_sends_an_open_ticket_to_the_desk_that_owns_it(csctool, status):
    key = csctool.open("Not an application")
    csctool("escalate", key, "--reason", "looks like one")
    for step, *more in MADE[status]:
        csctool(step, key, *more)
    ticket = csctool.after("return", key, "--reason", "not ours")
    assert (ticket["status"], ticket["queue"], ticket["tier"], ticket["assignee"]) == (
        "queued",
        "service-desk",
        "1",
        None,
    )
    assert ticket["history"][-1]["note"] == "not ours"
    assert "already" in csctool.refused("return", key, "--reason", "again")


# -- opening ---------------------------------------------------------------------------------------------------


def test_open_prints_the_key_alone_on_a_line_and_counts_per_agency(csctool):
    assert csctool("open", "No dial tone", "-a", "DHS").out == "DHS-1\n"
    assert csctool("open", "No dial tone", "--agency", "dot").out == "DOT-1\n"
    assert csctool("open", "No dial tone", "-a", "DHS").out == "DHS-2\n"


def test_what_nobody_classified_is_a_contact_and_waits_at_the_single_point_of_contact(csctool):
    ticket = csctool.ticket(csctool.open())
    assert (ticket["kind"], ticket["status"], ticket["queue"]) == ("contact", "queued", "service-desk")
    assert (ticket["tier"], ticket["desk"], ticket["priority"]) == ("1", "service-desk", "P5")
    assert (ticket["impact"], ticket["urgency"]) == (3, 3)


def test_everything_said_at_opening_stands_in_the_ticket(csctool):
    csctool.open("the incident")
    key = csctool.open(
        "VPN drops", "--kind", "change", "--requester", "Ann <ann@dhs.example.gov>", "--phone", "217 555 0100",
        "--affected", "Ben", "--cc", "a@x.gov", "--cc", "b@x.gov", "--channel", "email", "--service", "vpn",
        "--category", "network/vpn", "--impact", "2", "--urgency", "1", "--description", "Since Monday\nevery hour",
        "--field", "site=Springfield", "--field", "room=3=B", "--queue", "apps", "--to", "dee", "--fixes", "dhs-1",
    )  # fmt: skip
    ticket = csctool.ticket(key)
    said = {
        "kind": "change", "requester": "Ann <ann@dhs.example.gov>", "phone": "217 555 0100", "affected": "Ben",
        "cc": ["a@x.gov", "b@x.gov"], "channel": "email", "service": "vpn", "category": "network/vpn", "impact": 2,
        "urgency": 1, "priority": "P2", "description": "Since Monday\nevery hour",
        "fields": {"site": "Springfield", "room": "3=B"}, "queue": "apps", "tier": "2", "desk": "service-desk",
        "assignee": "dee", "status": "assigned", "links": [{"type": "fixes", "key": "DHS-1"}],
    }  # fmt: skip
    assert {name: ticket[name] for name in said} == said
    assert csctool.ticket("DHS-1")["links"] == [{"type": "fixed-by", "key": key}]


def test_the_agency_follows_from_the_requesters_domain(csctool, desk):
    with (desk / "agencies/DHS/agency.toml").open("a") as file:
        file.write('domains = ["dhs.example.gov"]\n')
    assert csctool("open", "x", "-r", "Ann Lee <ann@DHS.example.gov>").out == "DHS-1\n"
    said = csctool.refused("open", "x", "-r", "ann@elsewhere.example", status=2)
    assert "DHS" in said
    assert "DOT" in said


def test_the_commonest_call_is_registered_answered_and_closed_in_one_command(csctool):
    key = csctool.open("Password reset", "--kind", "request", "-c", "phone", "--resolution", "Reset and tested",
                       "--minutes", "5", "--training", "needed:passwords", "--close")  # fmt: skip
    ticket = csctool.ticket(key)
    assert [event["verb"] for event in ticket["history"]] == ["open", "resolve", "close"]
    assert len({event["op"] for event in ticket["history"]}) == 1
    assert (ticket["status"], ticket["resolution"], ticket["code"]) == ("closed", "Reset and tested", "solved")
    assert (ticket["minutes"], ticket["training"]) == (5, "needed:passwords")
    assert ticket["opened_at"] == ticket["responded_at"] == ticket["resolved_at"] == ticket["closed_at"]
    key = csctool.open("Password reset", "--resolution", "Reset", "--code", "workaround")
    assert (csctool.ticket(key)["status"], csctool.ticket(key)["code"]) == ("resolved", "workaround")


def test_the_minutes_of_a_call_count_also_when_nothing_was_resolved_on_it(csctool):
    csctool.open("x", "-c", "phone", "--minutes", "7")
    assert csctool.events("DHS-1")[0]["changes"]["minutes"] == [0, 7]
    assert csctool.after("resolve", "DHS-1", "--resolution", "done", "--minutes", "5")["minutes"] == 12
    for words in (("--code", "solved"), ("--training", "none"), ("--close",)):
        assert f"{words[0]} goes with --resolution" in csctool.refused("open", "x", "-a", "DHS", *words, status=2)


def test_a_monitoring_script_may_ask_again_and_again(csctool):
    first = csctool.open("Disk full on db1", "-c", "monitoring", "--once", "nagios-db1")
    assert csctool.open("Disk full on db1", "-c", "monitoring", "--once", "nagios-db1") == first
    assert csctool.open("Disk full on db1", "--once", "nagios-db1", agency="DOT") == "DOT-1"
    assert csctool.open("Disk full on db2", "--once", "nagios-db2") == "DHS-2"
    assert len(csctool.events(first)) == 1
    csctool("resolve", first, "--resolution", "cleaned")
    assert csctool.open("Disk full on db1", "--once", "nagios-db1") == first, "a resolved ticket is live"
    csctool("close", first)
    assert csctool.open("Disk full on db1", "--once", "nagios-db1") == "DHS-3"


# -- capture, priority, call-backs -----------------------------------------------------------------------------


@pytest.fixture
def demanding(desk):
    """An agency that wants a service with everything."""
    kinds = ("contact", "incident", "request", "information", "new-service", "complaint", "change", "problem")
    with (desk / "agencies/DHS/agency.toml").open("a") as file:
        file.write("required = { " + ", ".join(f'{kind} = ["service", "site"]' for kind in kinds) + " }\n")


@pytest.mark.usefixtures("demanding")
def test_everything_reported_is_captured_and_resolved_only_when_complete(csctool):
    for kind in ("incident", "complaint", "contact"):
        key = csctool.open(kind, "--kind", kind)
        assert csctool.ticket(key)["flags"] == ["incomplete"]
        assert "service is required" in str(csctool.events(key)[0]["changes"]["objections"])
        said = csctool.refused("resolve", key, "--resolution", "done")
        assert "service" in said
        assert "site" in said
        csctool("note", key, "asked for it")
        csctool("start", key)
        csctool("triage", key, "--service", "mail")
        assert csctool.ticket(key)["flags"] == ["incomplete"]
        csctool("triage", key, "--field", "site=Springfield")
        assert csctool.ticket(key)["flags"] == []
        csctool("resolve", key, "--resolution", "done")


@pytest.mark.usefixtures("demanding")
def test_other_kinds_are_refused_with_every_objection_and_take_no_number(csctool):
    for kind in ("request", "information", "new-service", "change", "problem"):
        said = csctool.refused("open", kind, "-a", "DHS", "--kind", kind)
        assert "service" in said
        assert "site" in said
    assert csctool.open("x", "--kind", "request", "--service", "mail", "--field", "site=S") == "DHS-1"


@pytest.mark.usefixtures("demanding")
def test_one_that_cannot_be_resolved_on_the_call_stays_registered(csctool):
    said = csctool("open", "x", "-a", "DHS", "--kind", "incident", "--resolution", "done", "--close", status=4)
    assert said.out == "DHS-1\n"
    assert "DHS-1" in said.err
    assert (csctool.ticket("DHS-1")["status"], csctool.ticket("DHS-1")["flags"]) == ("queued", ["incomplete"])


@pytest.mark.parametrize(("impact", "row"), [(1, "P1 P2 P3"), (2, "P2 P3 P4"), (3, "P3 P4 P5")])
def test_impact_and_urgency_give_the_priority(csctool, impact, row):
    for urgency, priority in enumerate(row.split(), 1):
        key = csctool.open("x", "--impact", str(impact), "--urgency", str(urgency))
        assert csctool.ticket(key)["priority"] == priority
        assert (
            csctool.after("triage", csctool.open("y"), "--impact", str(impact), "--urgency", str(urgency))["priority"]
            == priority
        )


FLAGGED = ["callback-required"]


def test_p1_and_p2_without_a_live_channel_ask_for_a_call_back(csctool):
    for channel, flags in {"email": FLAGGED, "fax": FLAGGED, "portal": FLAGGED,
                           "phone": [], "walk-in": [], "chat": [], "monitoring": []}.items():  # fmt: skip
        for priority, expected in (("P1", flags), ("P2", flags), ("P3", [])):
            assert csctool.ticket(csctool.open("x", "-c", channel, "-p", priority))["flags"] == expected, channel
    assert csctool.ticket(csctool.open("x", "-p", "P1"))["flags"] == ["callback-required"]
    key = csctool.open("x", "-c", "email")
    assert csctool.after("triage", key, "--priority", "P2")["flags"] == ["callback-required"]
    assert csctool.after("triage", key, "--priority", "P4")["flags"] == []


def test_reaching_the_requester_clears_the_flag_and_no_answer_counts_the_try(csctool):
    key = csctool.open("x", "-c", "email", "-p", "P1")
    csctool("callback", key, "--no-answer")
    ticket = csctool.after("callback", key, "--no-answer")
    assert (ticket["flags"], ticket["responded_at"]) == (["callback-required"], None)
    assert ticket["history"][-1]["changes"]["callback"] == [None, {"reached": False, "try": 2}]
    csctool.clock = "2026-11-02T09:10:00Z"
    ticket = csctool.after("callback", key, "--reached")
    assert (ticket["flags"], ticket["responded_at"]) == ([], "2026-11-02T09:10:00Z")
    assert "--reached" in csctool.refused("callback", key, status=2)


# -- response --------------------------------------------------------------------------------------------------


def test_the_response_is_the_first_live_contact_start_public_note_call_back_or_resolution(csctool):
    for channel in ("phone", "walk-in", "chat"):
        ticket = csctool.ticket(csctool.open("x", "-c", channel))
        assert ticket["responded_at"] == ticket["opened_at"]
    for verb, *options in (("start",), ("note", "we are on it", "--public"), ("resolve", "--resolution", "done")):
        csctool.clock = "2026-11-02T09:00:00Z"
        key = csctool.open("x", "-c", "email")
        assert csctool.ticket(key)["responded_at"] is None
        csctool("note", key, "internal")
        csctool("note", key, "still broken?", "--from", "requester", "--public")
        csctool("assign", key, "--to", "bo")
        assert csctool.ticket(key)["responded_at"] is None
        csctool.clock = "2026-11-02T09:05:00Z"
        csctool(verb, key, *options)
        assert csctool.ticket(key)["responded_at"] == "2026-11-02T09:05:00Z"
        csctool.clock = "2026-11-02T09:07:00Z"
        csctool("note", key, "more", "--public")
        assert csctool.ticket(key)["responded_at"] == "2026-11-02T09:05:00Z", "only the first counts"


# -- work ------------------------------------------------------------------------------------------------------


def test_starting_from_the_queue_takes_the_ticket_and_an_assigned_one_stays_whose_it_is(csctool, me):
    key = csctool.open()
    assert csctool.after("start", key)["assignee"] == me
    key = csctool.open()
    csctool("assign", key, "--to", "bo")
    assert csctool.after("start", key)["assignee"] == "bo"
    key = csctool.open()
    assert csctool.after("assign", key, "--me")["assignee"] == me


def test_a_hold_ends_in_the_status_before_it(csctool):
    for status in ("queued", "assigned", "in-progress"):
        key = csctool.open()
        for step, *more in MADE[status]:
            csctool(step, key, *more)
        for cause in ("requester", "vendor", "change", "approval", "other"):
            csctool("hold", key, "--for", cause, "--until", "3d", "--note", "waiting")
            assert csctool.events(key)[-1]["changes"]["hold"][1] == {"for": cause, "until": "2026-11-05T09:00:00Z"}
        assert csctool.after("resume", key)["status"] == status
    csctool("hold", key, "--for", "vendor")
    csctool("hold", key, "--for", "requester")
    assert csctool.after("resume", key)["status"] == "in-progress", "one wait after another"
    assert "over already" in csctool.refused("hold", key, "--for", "vendor", "--until", "yesterday")


def test_an_answer_of_the_requester_ends_the_wait_for_them_and_no_other(csctool):
    key = csctool.open()
    csctool("start", key)
    csctool("hold", key, "--for", "requester")
    csctool("note", key, "ours")
    assert csctool.ticket(key)["status"] == "on-hold"
    ticket = csctool.after("note", key, "It is the blue one", "--from", "requester", "--channel", "email")
    assert ticket["status"] == "in-progress"
    csctool("hold", key, "--for", "vendor")
    assert csctool.after("note", key, "Any news?", "--from", "requester")["status"] == "on-hold"


def test_a_held_ticket_stays_held_while_it_is_given_to_somebody(csctool):
    key = csctool.open()
    csctool("hold", key, "--for", "vendor")
    ticket = csctool.after("assign", key, "--to", "bo", "--queue", "apps")
    assert (ticket["status"], ticket["assignee"], ticket["queue"]) == ("on-hold", "bo", "apps")
    assert csctool.after("resume", key)["status"] == "assigned"


def test_minutes_add_up_and_notes_keep_their_words(csctool):
    key = csctool.open("x", "--minutes", "2", "--resolution", "done")
    csctool("note", key, "looked into it", "--minutes", "7")
    csctool("reopen", key, "--reason", "no")
    csctool("resolve", key, "--resolution", "done", "--minutes", "11", "--internal", "psst")
    assert csctool.ticket(key)["minutes"] == 20
    assert [event["note"] for event in csctool.events(key) if event["note"]] == ["looked into it", "no", "psst"]
    assert "psst" not in csctool.ticket(key)["resolution"]


def test_triage_corrects_every_description(csctool):
    key = csctool.open()
    ticket = csctool.after(
        "triage", key, "--subject", "Better", "--kind", "incident", "--requester", "Ann", "--phone", "1", "--affected",
        "Ben", "--cc", "c@x", "--channel", "fax", "--service", "mail", "--category", "a/b", "--description", "more",
        "--field", "site=S", "--owner", "cy", "--desk", "network-telecom", "--due", "2026-11-05T17:00:00Z",
        "--reason", "agreed")  # fmt: skip
    expected = {
        "subject": "Better", "kind": "incident", "requester": "Ann", "phone": "1", "affected": "Ben", "cc": ["c@x"],
        "channel": "fax", "service": "mail", "category": "a/b", "description": "more", "fields": {"site": "S"},
        "owner": "cy", "desk": "network-telecom", "due": {"response": None, "resolution": "2026-11-05T17:00:00Z"},
        "queue": "service-desk",
    }  # fmt: skip
    assert {name: ticket[name] for name in expected} == expected
    event = ticket["history"][-1]
    assert event["note"] == "agreed"
    assert event["changes"]["subject"] == ["Printer jams", "Better"]
    assert csctool.after("triage", key, "--field", "site=")["fields"] == {}
    for words in (("--desk", "network-telecom"), ("--due", "3d"), ("--desk", "apps", "--reason", "x"), ()):
        csctool.refused("triage", key, *words, status=2)


def test_rerouting_asks_again_where_the_ticket_belongs(csctool, desk):
    key = csctool.open("No dial tone")
    (desk / "rules.toml").write_text('[[route]]\nwhen = { text = "dial tone" }\nqueue = "network-telecom"\n')
    assert csctool.after("triage", key, "--category", "telecom")["queue"] == "service-desk"
    ticket = csctool.after("triage", key, "--reroute")
    assert (ticket["queue"], ticket["handovers"]) == ("network-telecom", 1)
    assert ticket["history"][-1]["decisions"][-1]["plugin"] == "desk-rules"


def test_diagnosis_is_the_cause(csctool):
    key = csctool.open()
    assert csctool.after("diagnose", key, "--cause", "worn roller")["cause"] == "worn roller"


# -- handing on ------------------------------------------------------------------------------------------------


def test_incidents_climb_the_tiers_to_technical_teams_and_requests_to_process_teams(csctool):
    for kind, second in (("incident", "apps"), ("change", "apps"), ("request", "process"), ("complaint", "process")):
        key = csctool.open("x", "--kind", kind)
        ticket = csctool.after("escalate", key, "--reason", "beyond us")
        assert (ticket["queue"], ticket["tier"], ticket["handovers"], ticket["desk"]) == (
            second,
            "2",
            1,
            "service-desk",
        )
        assert ticket["history"][-1]["decisions"][0]["hook"] == "escalate"
        ticket = csctool.after("escalate", key, "--reason", "vendor's")
        assert (ticket["queue"], ticket["tier"], ticket["handovers"], ticket["bounces"]) == ("vendors", "3", 2, 0)
        assert "--to" in csctool.refused("escalate", key, "--reason", "who else?")


def test_an_escalation_may_name_its_queue_and_who_asked(csctool):
    key = csctool.open("x", "--kind", "incident", "--to", "bo")
    ticket = csctool.after("escalate", key, "--to", "vendors", "--reason", "known bug", "--by", "requester")
    assert (ticket["queue"], ticket["status"], ticket["assignee"]) == ("vendors", "queued", None)
    changes = ticket["history"][-1]["changes"]
    assert (changes["escalation"], changes["asked_by"]) == ([None, "functional"], [None, "requester"])
    assert "already" in csctool.refused("escalate", key, "--to", "vendors", "--reason", "again")


@pytest.mark.usefixtures("staff")
def test_a_hierarchic_escalation_tells_the_lead_and_leaves_the_queue_alone(csctool):
    key = csctool.open("x", "--kind", "complaint", "--to", "bo")
    ticket = csctool.after("escalate", key, "--hierarchic", "--reason", "third call today")
    assert (ticket["queue"], ticket["status"], ticket["assignee"], ticket["handovers"]) == (
        "service-desk",
        "assigned",
        "bo",
        0,
    )
    changes = ticket["history"][-1]["changes"]
    assert (changes["escalation"], changes["told"]) == ([None, "hierarchic"], [None, "cy"])


def test_ping_pong_is_braked_beyond_the_limit_and_the_way_home_never_is(csctool):
    key = csctool.open("whose is it?", "--kind", "incident")
    for bounces in (0, 2):
        assert csctool.after("escalate", key, "--reason", "yours")["bounces"] == bounces
        assert csctool.after("return", key, "--reason", "not ours")["bounces"] == bounces + 1
    for words in (("escalate", key, "--reason", "yours!"), ("escalate", key, "--to", "apps", "--reason", "yours!"),
                  ("assign", key, "--queue", "apps")):  # fmt: skip
        assert "--force" in csctool.refused(*words)
    assert "reason" in csctool.refused("assign", key, "--queue", "apps", "--force")
    csctool("escalate", key, "--to", "process", "--reason", "somebody else may try")
    csctool("return", key, "--reason", "nor ours")
    ticket = csctool.after("escalate", key, "--to", "apps", "--force", "--reason", "agreed on the phone")
    assert (ticket["queue"], ticket["handovers"], ticket["history"][-1]["changes"]["forced"]) == (
        "apps",
        7,
        [None, True],
    )
    csctool("return", key, "--reason", "home again")


# -- finishing -------------------------------------------------------------------------------------------------


def test_a_resolution_has_a_code_of_the_settings_and_says_what_to_train(csctool):
    key = csctool.open()
    said = csctool.refused("resolve", key, "--resolution", "x", "--code", "magic", status=2)
    assert "workaround" in said
    csctool.refused("resolve", key, "--resolution", "x", "--training", "perhaps", status=2)
    csctool.refused("resolve", key, "--resolution", "x", "--training", "needed:", status=2)
    assert csctool.ticket(key)["training"] is None, "undetermined"
    ticket = csctool.after("resolve", key, "--resolution", "Toner", "--code", "no-fault-found", "--training", "none")
    assert (ticket["code"], ticket["training"], ticket["resolution"]) == ("no-fault-found", "none", "Toner")


def test_a_closed_ticket_is_reopened_within_the_window_and_followed_after_it(csctool):
    key = csctool.open("x", "--to", "bo")
    csctool("start", key)
    csctool("resolve", key, "--resolution", "done")
    csctool("close", key)
    csctool.clock = "2026-11-16T09:00:00Z"
    ticket = csctool.after("reopen", key, "--reason", "again")
    assert (ticket["status"], ticket["assignee"]) == ("in-progress", "bo")
    assert (ticket["resolved_at"], ticket["closed_at"], ticket["resolution"]) == (None, None, None)
    csctool("resolve", key, "--resolution", "done")
    csctool("close", key)
    csctool.clock = "2026-12-01T09:00:00Z"
    assert f"open --follows {key}" in csctool.refused("reopen", key, "--reason", "and again")
    follower = csctool.open("again", "--follows", key)
    assert csctool.ticket(follower)["links"] == [{"type": "follows", "key": key}]
    assert csctool.ticket(key)["links"] == [{"type": "followed-by", "key": follower}]


def test_what_is_not_supported_is_cancelled_with_a_referral(csctool):
    key = csctool.open("My own phone")
    ticket = csctool.after("cancel", key, "--reason", "private", "--code", "not-supported", "--refer-to", "the shop")
    assert (ticket["status"], ticket["code"]) == ("cancelled", "not-supported")
    assert ticket["history"][-1]["changes"]["referred_to"] == [None, "the shop"]
    assert "withdrawn" in csctool.refused("cancel", csctool.open(), "--reason", "x", "--code", "bored", status=2)


def test_merging_takes_requesters_and_notes_over_and_both_sides_link(csctool):
    one = csctool.open("Mail is down", "-r", "Ann <ann@x.gov>", "--minutes", "1")
    other = csctool.open(
        "No mail", "-r", "Ben <ben@x.gov>", "--cc", "boss@x.gov", "--affected", "Cleo", "-d", "since 9"
    )
    third = csctool.open("Mail!", "-r", "Ann <ann@x.gov>", agency="DOT")
    csctool("note", other, "rebooted, no help", "--minutes", "4")
    csctool("merge", other, third, "--into", one.lower())
    ticket = csctool.ticket(one)
    assert ticket["requester"] == "Ann <ann@x.gov>"
    assert ticket["cc"] == ["Ben <ben@x.gov>", "Cleo", "boss@x.gov"]
    assert ticket["minutes"] == 5
    assert ticket["links"] == [{"type": "duplicated-by", "key": other}, {"type": "duplicated-by", "key": third}]
    notes = "\n".join(event["note"] for event in ticket["history"] if event["note"])
    assert "rebooted, no help" in notes
    assert "since 9" in notes
    for key in (other, third):
        ended = csctool.ticket(key)
        assert (ended["status"], ended["code"]) == ("cancelled", "duplicate")
        assert ended["links"] == [{"type": "duplicate-of", "key": one}]
    assert "itself" in csctool.refused("merge", one, "--into", one)
    assert other in csctool.refused("merge", one, "--into", other)


def test_a_transferred_ticket_goes_on_under_a_new_key_and_the_old_one_forwards(csctool):
    key = csctool.open("Traffic lights", "-r", "Ann", "-c", "phone", "--field", "road=US-66", "--impact", "1")
    csctool.clock = "2026-11-02T10:00:00Z"
    assert csctool("transfer", key, "--agency", "DOT", "--reason", "theirs").out == "DOT-1\n"
    new, old = csctool.ticket("DOT-1"), csctool.ticket(key)
    for field in ("subject", "requester", "channel", "fields", "impact", "opened_at", "responded_at"):
        assert new[field] == old[field], field
    assert (new["agency"], new["number"], new["status"]) == ("DOT", 1, "queued")
    assert new["links"] == [{"type": "transferred-from", "key": key}]
    assert old["links"] == [{"type": "transferred-to", "key": "DOT-1"}]
    assert old["status"] == "cancelled"
    assert new["history"][0]["op"] == old["history"][-1]["op"]
    assert "DOT-1" in csctool.refused("start", key)
    assert "go on with DOT-1" in csctool("show", key).out
    csctool.refused("transfer", "DOT-1", "--agency", "DOT")
    csctool.refused("transfer", "DOT-1", "--agency", "NOPE", status=3)


@pytest.mark.parametrize(("tie", "back"), [
    ("child-of", "parent-of"), ("caused-by", "causes"), ("duplicate-of", "duplicated-by"), ("fixes", "fixed-by"),
    ("follows", "followed-by"), ("relates-to", "relates-to"),
])  # fmt: skip
def test_a_link_shows_on_both_sides(csctool, tie, back):
    one, other = csctool.open("one"), csctool.open("other", agency="DOT")
    csctool("link", one, f"--{tie}", other)
    assert csctool.ticket(one)["links"] == [{"type": tie, "key": other}]
    assert csctool.ticket(other)["links"] == [{"type": back, "key": one}]
    assert "already" in csctool.refused("link", one, f"--{tie}", other)
    assert "itself" in csctool.refused("link", one, f"--{tie}", one)
    csctool.refused("link", one, f"--{tie}", "DOT-99", status=3)
    csctool.refused("link", one, status=2)
    csctool.refused("link", one, "--fixes", other, "--follows", other, status=2)


# -- who, when, in which operation -----------------------------------------------------------------------------


def test_history_tells_who_acted_for_whom_and_when(csctool, me):
    key = csctool.open()
    csctool("--as", "bo", "start", key)
    csctool.clock = None
    csctool("--now", "2026-11-02T11:30:00Z", "note", key, "late entry", "--at", "2026-11-02T10:15:00Z")
    opened, started, noted = csctool.events(key)
    assert (opened["actor"], opened["via"], opened["at"]) == (me, me, "2026-11-02T09:00:00Z")
    assert (started["actor"], started["via"]) == ("bo", me)
    assert noted["at"] == "2026-11-02T10:15:00Z"
    assert [event["seq"] for event in (opened, started, noted)] == [1, 2, 3]
    assert len({event["op"] for event in (opened, started, noted)}) == 3
    assert all(not event["op"].startswith("20261102T09") for event in (opened, started, noted)), "the real clock's time"
    assert all(re.match(r"\d{8}T\d{6}Z-", event["op"]) for event in (opened, started, noted))
    said = csctool.refused("--now", "2026-11-02T12:00:00Z", "note", key, "x", "--at", "2026-11-02T09:00:00Z")
    assert "later --at" in said
    csctool.refused("--now", "2026-11-02T12:00:00Z", "note", key, "x", "--at", "2026-11-03", status=2)


def test_environment_variables_say_the_same_as_options(csctool, me):
    csctool.clock = None
    key = csctool("open", "x", "-a", "DHS", CSCTOOL_AS="bo", CSCTOOL_NOW="2026-10-05T09:00:00Z").out.strip()
    event = csctool.events(key)[0]
    assert (event["actor"], event["via"], event["at"]) == ("bo", me, "2026-10-05T09:00:00Z")


def test_one_invocation_over_many_keys_is_one_operation(csctool):
    keys = [csctool.open() for _ in range(3)]
    csctool("assign", *keys, "--to", "bo")
    assert len({csctool.events(key)[-1]["op"] for key in keys}) == 1


@pytest.mark.usefixtures("staff")
def test_with_people_configured_me_is_the_person_and_names_are_checked(csctool):
    key = csctool.open()
    ticket = csctool.after("assign", key, "--me")
    assert (ticket["assignee"], ticket["history"][-1]["actor"]) == ("ana", "ana")
    assert "did you mean" in csctool.refused("assign", key, "--to", "deee", status=3)
    csctool.refused("--as", "zoe", "start", key, status=3)
    csctool.refused("triage", key, "--owner", "zoe", status=3)
    csctool.refused("open", "x", "-a", "DHS", "--to", "zoe", status=3)
    csctool.refused("assign", key, "--queue", "nowhere", status=3)
    assert csctool("list", "--mine", "--format", "keys").out == f"{key}\n"
    assert csctool("list", "--my-queues", "--format", "keys").out == f"{key}\n"
