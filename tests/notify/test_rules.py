"""`[[notify]]` of rules.toml: an agency and the desk say who hears of what."""

import pytest

ANN = "Ann Lee <ann@dhs.example.gov>"


def to(people, *words):
    return [mailbox for _, _, mailbox in people.told(*words)]


@pytest.fixture
def quiet_desk(people):
    """The same desk without default rules."""
    people.settings('transport = "file"\ndefaults = false')
    return people


def test_a_rule_needs_no_transport_where_the_desk_names_one(quiet_desk):
    quiet_desk.rules('[[notify]]\non = ["opened"]\nto = ["noc@example.gov"]\n')
    quiet_desk.open("No dial tone")
    assert [(n["to"], n["transport"]) for n in quiet_desk.notices()] == [("noc@example.gov", "file")]


def test_a_rule_without_a_transport_is_refused_on_a_desk_that_names_none(csctool):
    (csctool.desk / "agencies" / "DHS" / "rules.toml").write_text('[[notify]]\non = ["opened"]\nto = ["requester"]\n')
    assert "names no transport; write e.g. transport" in csctool.refused("open", "x", "-a", "DHS", status=2)


@pytest.mark.parametrize(("word", "who"), [
    ("requester", ["ann@dhs.example.gov"]), ("assignee", ["bo@csc.example.gov"]), ("queue", ["dee@csc.example.gov"]),
    ("desk", ["bo@csc.example.gov", "cy@csc.example.gov"]), ("coordinator", ["kim@csc.example.gov"]),
    ("manager", ["cy@csc.example.gov"]), ("dee", ["dee@csc.example.gov"]), ("noc@example.gov", ["noc@example.gov"]),
    ("owner", []), ("lead", []), ("pat", []), ("contacts", ["it@dhs.example.gov"]),
])  # fmt: skip
def test_whom_each_word_means(quiet_desk, word, who):
    quiet_desk.agency('contacts = ["it@dhs.example.gov"]\n')
    quiet_desk.rules(f'[[notify]]\non = ["opened"]\nto = ["{word}"]\n')
    quiet_desk.open("No dial tone", "-r", ANN, "--queue", "apps", "--to", "bo")
    assert to(quiet_desk) == who


@pytest.mark.parametrize(("wrong", "said"), [
    ('to = ["requestor"]', "to: there is nobody called 'requestor'; did you mean `requester`?"),
    ('to = ["kym"]', "to: there is nobody called 'kym'; did you mean `kim`?"),
    ('to = ["a@b, c@d"]', "to: 'a@b, c@d' is not exactly one address"),
    ('to = ["kim"]\non = ["stats"]', "on: no such event: 'stats'; did you mean `status`?"),
    ('to = []', "to: tells nobody; name somebody, or say only = true"),
    ('to = ["kim"]\nquiet = "22-7"', "quiet: neither hours nor a calendar of this desk: '22-7'"),
    ('to = ["kim"]\ndigest = "1 hour"', "digest: '1 hour', which is no time from a minute to a day"),
    ('to = ["kim"]\ndelay = "8d"', "delay: '8d', which is no time of at most a week"),
    ('to = ["kim"]\nurgent = "yes"', "urgent: must be true or false"),
    ('to = ["kim"]\nurgent = true\nquiet = "22:00-07:00"', "urgent and quiet exclude each other"),
    ('to = ["kim"]\nonly = true\ncontinue = true', "only and continue exclude each other"),
    ('to = ["kim"]\ntransprot = "smtp"', "unknown key `transprot`; did you mean `transport`?"),
])  # fmt: skip
def test_what_a_rule_cant_say_is_refused_by_name(people, wrong, said):
    people.rules(f"[[notify]]\n{wrong}\n" + ("" if "on =" in wrong.replace("only", "") else 'on = ["opened"]\n'))
    assert said in people.refused("open", "x", "-a", "DHS", status=2)
    assert said in people("config", "check", status=2).err


def test_a_chat_has_places_that_only_it_knows_but_a_slip_of_the_pen_is_none(people):
    people.rules('[[notify]]\non = ["opened"]\nto = ["war-room"]\ntransport = "chat"\n')
    people.open("No dial tone", "--queue", "vendors")
    assert to(people) == ["war-room"]
    people.rules('[[notify]]\non = ["opened"]\nto = ["requestor"]\ntransport = "chat"\n')
    assert "did you mean `requester`?" in people.refused("open", "x", "-a", "DHS", status=2)


FIRST = '[[notify]]\non = ["status"]\nto = ["one@example.gov"]\n'
SECOND = '[[notify]]\non = ["opened"]\nto = ["two@example.gov"]\n'


def test_the_first_rule_that_speaks_of_the_event_wins_in_each_file(quiet_desk):
    quiet_desk.rules(FIRST + SECOND)
    quiet_desk.rules('[[notify]]\non = ["opened"]\nto = ["desk@example.gov"]\n', None)
    quiet_desk.open("No dial tone")
    assert to(quiet_desk) == ["one@example.gov", "desk@example.gov"]


def test_continue_asks_the_next_rule_too(quiet_desk):
    quiet_desk.rules(FIRST + "continue = true\n" + SECOND + '[[notify]]\non = ["opened"]\nto = ["three@example.gov"]\n')
    quiet_desk.open("No dial tone")
    assert to(quiet_desk) == ["one@example.gov", "two@example.gov"]


BY_CHAT = '[[notify]]\non = ["opened"]\nto = ["requester"]\ntransport = "chat"\n'


def ways(people):
    return [(n["to"].rpartition("<")[2].rstrip(">"), n["transport"]) for n in people.notices()]


def test_whom_a_rule_tells_by_another_way_the_default_rules_do_not_tell_again(people):
    people.rules(BY_CHAT)
    said = people("open", "No dial tone", "-a", "DHS", "-r", ANN, "--dry-run").err
    people.open("No dial tone", "-r", ANN)
    assert ways(people) == [
        ("ann@dhs.example.gov", "chat"), ("bo@csc.example.gov", "file"), ("cy@csc.example.gov", "file"),
    ]  # fmt: skip
    assert said.count("ann@dhs.example.gov") == 1
    assert "by chat" in said


def test_nor_does_a_rule_of_the_desk_that_names_no_way(quiet_desk):
    quiet_desk.rules(BY_CHAT)
    quiet_desk.rules('[[notify]]\non = ["opened"]\nto = ["requester", "noc@example.gov"]\n', None)
    key = quiet_desk.open("No dial tone", "-r", ANN)
    assert ways(quiet_desk) == [("ann@dhs.example.gov", "chat"), ("noc@example.gov", "file")]
    assert "is told as requester by chat" in quiet_desk("notify", "preview", key, "opened").out


def test_who_is_to_be_told_by_two_ways_is_told_by_both_where_rules_name_both(people):
    people.rules(BY_CHAT + "continue = true\n" + BY_CHAT.replace("chat", "webhook"))
    people.open("No dial tone", "-r", ANN, "--queue", "vendors")
    assert ways(people) == [("ann@dhs.example.gov", "chat"), ("ann@dhs.example.gov", "webhook")]


def test_only_ends_the_asking_before_the_desks_rules_and_the_default_ones(people):
    people.rules('[[notify]]\nwhen = { kind = "request" }\non = ["opened"]\nto = ["one@example.gov"]\nonly = true\n')
    people.rules('[[notify]]\non = ["opened"]\nto = ["desk@example.gov"]\n', None)
    people.open("A phone", "--kind", "request", "-r", ANN)
    assert to(people) == ["one@example.gov"]
    people.open("No dial tone", "-r", ANN)
    assert to(people, "--ticket", "DHS-2") == [
        "desk@example.gov", "ann@dhs.example.gov", "bo@csc.example.gov", "cy@csc.example.gov",
    ]  # fmt: skip


def test_an_agency_may_say_that_nobody_hears_of_something(people):
    people.rules('[[notify]]\non = ["assigned"]\nto = []\nonly = true\n')
    key = people.open("No dial tone", "-r", ANN)
    assert people.latest("assign", key, "--to", "bo") == []
    assert people.latest("start", key) != []


def test_a_rule_tests_the_ticket_like_any_other(quiet_desk):
    quiet_desk.rules(
        '[[notify]]\nwhen = { priority = "P1", text = "outage" }\non = ["opened"]\nto = ["noc@example.gov"]\n'
    )
    quiet_desk.open("Outage of mail", "--priority", "P1", "-c", "phone")
    quiet_desk.open("Outage of mail", "--priority", "P2", "-c", "phone")
    quiet_desk.open("Mail", "--priority", "P1", "-c", "phone")
    assert [n["ticket"] for n in quiet_desk.notices()] == ["DHS-1"]


@pytest.mark.parametrize(("name", "words"), [
    ("tier", "escalate KEY --reason x"), ("status", "start KEY"), ("queue", "assign KEY --queue process"),
    ("assignee", "assign KEY --to dee"), ("owner", "triage KEY --owner dee"), ("priority", "triage KEY --priority P3"),
    ("callback-required", "triage KEY --priority P1"), ("public-note", "note KEY x --public"),
    ("answered", "note KEY x --from requester"), ("hierarchic", "escalate KEY --hierarchic --reason x"),
    ("functional", "escalate KEY --reason x"), ("noted", "note KEY x"), ("triaged", "triage KEY --priority P3"),
])  # fmt: skip
def test_a_rule_may_speak_of_what_matters_instead_of_every_verb(quiet_desk, name, words):
    key = quiet_desk.open("No dial tone", "-c", "email", "--kind", "incident")
    quiet_desk.rules(f'[[notify]]\non = ["{name}"]\nto = ["noc@example.gov"]\n')
    quiet_desk(*words.replace("KEY", key).split())
    assert to(quiet_desk) == ["noc@example.gov"]
    quiet_desk("link", key, "--relates-to", "DHS-9", status=3)
    quiet_desk("diagnose", key, "--cause", "the switch")
    assert len(to(quiet_desk)) == 1


def test_a_ticket_that_comes_back_has_bounced_and_then_reached_the_limit(quiet_desk):
    key = quiet_desk.open("No dial tone")
    quiet_desk.rules(
        '[[notify]]\non = ["bounce-limit"]\nto = ["noc@example.gov"]\n[[notify]]\non = ["bounced"]\nto = ["cy"]\n'
    )
    assert quiet_desk.latest("escalate", key, "--reason", "apps?", "--to", "apps") == []
    assert quiet_desk.latest("return", key, "--reason", "not ours") == [("returned", "cy", "cy@csc.example.gov")]
    said = quiet_desk.latest("escalate", key, "--reason", "yes, apps", "--to", "apps")
    assert said == [("escalated", "noc@example.gov", "noc@example.gov")]


def test_a_literal_address_of_who_did_it_is_not_told_either(quiet_desk):
    quiet_desk.rules('[[notify]]\non = ["opened"]\nto = ["ana@csc.example.gov", "bo@csc.example.gov"]\n')
    quiet_desk.open("No dial tone")
    assert to(quiet_desk) == ["bo@csc.example.gov"]


def test_words_of_a_rule_go_out_as_they_are(quiet_desk):
    quiet_desk.rules('[[notify]]\non = ["opened"]\nto = ["requester"]\nsubject = "Hello"\ntext = "We are on it."\n')
    key = quiet_desk.open("No dial tone", "-r", ANN)
    said = quiet_desk("notify", "preview", key, "opened").out
    assert f"subject: [{key}] Hello\n" in said
    assert "We are on it." in said


def test_an_event_with_words_of_its_own_is_not_folded_into_a_later_one(quiet_desk):
    quiet_desk.rules(
        '[[notify]]\non = ["opened"]\nto = ["requester"]\ntext = "Your number is in the subject."\n'
        '[[notify]]\non = ["resolved", "closed"]\nto = ["requester"]\n'
    )
    quiet_desk.open("Password", "-r", ANN, "--resolution", "Reset", "--close")
    assert [event for event, _, _ in quiet_desk.told()] == ["opened", "closed"]


PLUGIN = """
from csctool.plugins import Message, hookimpl

@hookimpl
def notify(event, ticket):
    if event.verb == "open":
        return [Message("", "coordinator"), Message("pager", "room-7", text="Wake up", {more})]
"""


def plugin(people, more=""):
    place = people.desk / "agencies" / "DHS" / "plugins"
    place.mkdir(exist_ok=True)
    (place / "dhs.py").write_text(PLUGIN.replace("{more}", more))
    path = people.desk / "agencies" / "DHS" / "agency.toml"
    path.write_text(path.read_text().replace("plugins = []", 'plugins = ["plugins/dhs.py"]'))


def test_a_plugin_names_people_as_rules_do_and_any_place_and_is_shown_like_a_rule(quiet_desk):
    plugin(quiet_desk, "urgent=True")
    said = quiet_desk("open", "No dial tone", "-a", "DHS", "--dry-run").err
    assert "would tell kim@csc.example.gov (coordinator) of DHS-1 opened by file: plugins/dhs.py" in said
    assert "would tell room-7 of DHS-1 opened by pager: plugins/dhs.py" in said


def test_a_plugin_that_says_nonsense_is_named_and_loses_no_ticket(quiet_desk):
    plugin(quiet_desk, 'digest="now and then"')
    said = quiet_desk("open", "No dial tone", "-a", "DHS")
    assert said.out == "DHS-1\n"
    assert "plugin plugins/dhs.py of DHS was passed over: notify answered digest 'now and then'" in said.err
    assert to(quiet_desk) == []


def test_a_plugin_without_a_transport_on_a_desk_that_names_none_is_named(csctool):
    class Desk:
        desk = csctool.desk

    plugin(Desk)
    said = csctool("open", "No dial tone", "-a", "DHS")
    assert "notify named no transport, and csctool.toml names none in [notify]" in said.err
