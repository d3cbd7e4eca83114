"""Expectations: made from real tickets, kept in TOML, run against the rules."""

import tomllib

import pytest


def test_an_expectation_made_from_a_ticket_is_met_by_the_rules_that_decided_it(csctool, voice, desk):
    first = csctool.open("No dial tone: outage", "-c", "phone", "-r", 'Ann "A" <ann@x.gov>', "--field", "the floor=3")
    second = csctool.open("Printer jams", "--kind", "incident", "--description", "line one\nline \\two\t\x7f")
    file = desk.parent / "expect.toml"
    file.write_text(csctool("rules", "capture", first).out)
    with file.open("a") as more:
        more.write(csctool("rules", "capture", second).out)
    one, two = tomllib.loads(file.read_text())["expect"]
    assert one["name"] == f"{first}: No dial tone: outage"
    assert (one["category"], one["priority"], one["queue"]) == ("telecom/voice/voicemail", "P3", "network-telecom")
    assert one["ticket"] == {
        "subject": "No dial tone: outage", "channel": "phone", "requester": 'Ann "A" <ann@x.gov>',
        "fields": {"the floor": "3"},
    }  # fmt: skip
    assert two["ticket"]["description"] == "line one\nline \\two\t\x7f"
    assert "kind" not in two  # a person said it
    assert csctool("rules", "test", str(file)).out == "2 of 2 expectations met\n"


def test_a_missed_expectation_names_what_was_expected_what_came_and_who_said_so(csctool, voice, write):
    file = write(
        '# the voice team\'s\n[[expect]]\nname = "fax"\nagency = "DHS"\nqueue = "apps"\npriority = "P5"\n'
        'ticket = { subject = "No dial tone on the fax" }\n', name="e.toml",
    )  # fmt: skip
    said = csctool("rules", "test", str(file), status=10)
    assert f"{file}:2: expect[1] fax\n" in said.out
    assert "queue: expected apps, got network-telecom (by agency-rules route[1] line 10)" in said.out
    assert said.out.endswith("0 of 1 expectations met\n")
    document = csctool("rules", "test", str(file), "--format", "json", status=10).json
    assert document["schema"] == "csctool.rules.test/1"
    assert (document["expectations"], document["met"]) == (1, 0)
    assert document["missed"][0]["misses"][0]["expected"] == "apps"


def test_changed_rules_are_tested_before_they_go_live(csctool, voice, write):
    file = write('[[expect]]\nqueue = "apps"\nticket = { subject = "payroll" }\n', name="e.toml")
    csctool("rules", "test", str(file), "-a", "DHS", status=10)
    new = write('[[route]]\nwhen = { text = "payroll" }\nqueue = "apps"\n', name="new.toml")
    csctool("rules", "test", str(file), "-a", "DHS", "--rules", str(new))


def test_what_proved_right_can_be_expected_instead_of_what_was_decided(csctool, voice):
    key = csctool.open("Payroll shows an error", "--kind", "incident")
    csctool("escalate", key, "--reason", "theirs")
    csctool("triage", key, "--category", "hr/payroll")
    csctool("resolve", key, "--resolution", "done")
    then = csctool("rules", "capture", key).out
    assert 'queue = "service-desk"    # by now apps\n' in then
    assert "category" not in then
    final = tomllib.loads(csctool("rules", "capture", key, "--final").out)["expect"][0]
    assert (final["queue"], final["category"]) == ("apps", "hr/payroll")


def test_a_hostile_subject_is_captured_whole_and_runs_nothing(csctool, voice):
    subject = "]]\n[[expect]] # \x1b[31m \u202e end"
    said = csctool("rules", "capture", csctool.open(subject)).out
    assert "\x1b" not in said
    assert "\u202e" not in said
    (one,) = tomllib.loads(said)["expect"]
    assert one["ticket"]["subject"] == subject


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[expect]]\nqueue = "apps"\n', "expect[1]: needs a ticket"),
        ('[[expect]]\nticket = { subject = "x" }\n', "expects nothing"),
        ('[[expect]]\nqeue = "apps"\nticket = { subject = "x" }\n', "did you mean `queue`?"),
        ('[[expect]]\nqueue = "apps"\nticket = { subjet = "x" }\n', "did you mean `subject`?"),
        ('[[expect]]\nqueue = "apps"\nticket = { subject = "x", impact = 7 }\n', "must be one of 1, 2, 3"),
        ('[[expect]]\nqueue = "apps"\nat = "now"\nticket = { subject = "x" }\n', "must be a time with its zone"),
        ("[[expects]]\n", "every expectation begins with [[expect]]"),
        ("x = [\n", "not TOML"),
    ],
)
def test_a_wrong_expectation_says_what_would_be_right(csctool, write, text, says):
    assert says in csctool.refused("rules", "test", str(write(text, name="e.toml")), "-a", "DHS", status=2)


def test_an_agency_that_is_not_there_and_a_ticket_that_is_not_there(csctool, write):
    file = str(write('[[expect]]\nqueue = "apps"\nticket = { subject = "x" }\n', name="e.toml"))
    csctool.refused("rules", "test", file, "-a", "DHX", status=3)
    assert "of which agency?" in csctool.refused("rules", "test", file, status=2)
    csctool.refused("rules", "capture", "DHS-99", status=3)
